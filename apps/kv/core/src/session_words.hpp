// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bulwark/kv/core/commands.hpp"

namespace bulwark::kv {

/// Longer names of sessions are refused.
inline constexpr std::size_t session_name_bytes_max = 64;

/// A decimal number from 1 to 2^63 - 1.
[[nodiscard]] std::optional<std::uint64_t> to_session_number(std::string_view text);

/// Why a command cannot run in a session; empty if it can. `spec` may be null.
[[nodiscard]] std::string fault_of_inner(const command_spec* spec, std::span<const std::string_view> words);

/// What is wrong with the client and number of `SESSION client number ...`; empty if nothing.
/// @pre there are at least three words
[[nodiscard]] std::string fault_of_numbering(std::span<const std::string_view> words);

/// What is wrong with the words of `SESSION client number command ...`; empty if nothing.
/// @pre there are at least four
[[nodiscard]] std::string fault_of_session(std::span<const std::string_view> words);

}  // namespace bulwark::kv
