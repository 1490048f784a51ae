// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

namespace bulwark::testkit {

/// A node in words: "n3".
[[nodiscard]] inline std::string node_text(std::uint32_t node) { return "n" + std::to_string(node); }

}  // namespace bulwark::testkit
