// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bulwark/supervision/core/membership_types.hpp"

/// Commands of a membership as bytes for a replicated log:
///
///     version u8 (1) | kind u8 (1 to 9) | fields, in their order
///
/// Integers are little-endian; a text has its length in front (u32), and so has a list.
namespace bulwark {

[[nodiscard]] std::string encode(const members::command& what);

/// Nothing if the bytes are no command of a known version. Takes any bytes; allocates no more than they hold.
[[nodiscard]] std::optional<members::command> decode_membership_command(std::string_view bytes);

}  // namespace bulwark
