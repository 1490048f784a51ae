// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cerrno>
#include <string>
#include <system_error>

namespace bulwark::cluster {

/// Throws std::system_error with what errno says now. `what` names the call and its object.
[[noreturn]] inline void throw_errno(const std::string& what) {
  throw std::system_error{errno, std::generic_category(), what};
}

}  // namespace bulwark::cluster
