// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bulwark::kv {

/// A decimal number of milliseconds, at most consensus::age_limit_max.
[[nodiscard]] std::optional<std::chrono::milliseconds> to_age(std::string_view text);

/// What is wrong with the words of `STALE milliseconds command ...`; empty if nothing.
/// @pre there are at least three
[[nodiscard]] std::string fault_of_stale(std::span<const std::string_view> words);

}  // namespace bulwark::kv
