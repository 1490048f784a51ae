// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "bulwark/actors/core/time.hpp"

namespace bulwark {

/// For people: "1500 ms".
inline std::string in_milliseconds(duration length) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(length).count()) + " ms";
}

}  // namespace bulwark
