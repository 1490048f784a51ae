// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bulwark/kv/core/commands.hpp"

namespace bulwark::kv {

/// What a transaction is called within a SESSION of the log.
inline constexpr std::string_view transaction_name = "transaction";

/// One command of a transaction. The words begin with its name.
struct queued_command {
  const command_spec* spec;
  std::span<const std::string_view> words;
};

/// A key that must not have changed since its revision was read; 0 is that of no key.
struct watched_key {
  std::string_view key;
  std::uint64_t revision;
};

/// The arguments of a transaction in the log: the number of watched keys, each with its revision; then each
/// command, with the number of its words in front. Numbers are decimal text.
struct transaction_words {
  std::vector<watched_key> watched;
  std::vector<queued_command> commands;  ///< their words lie in the arguments
};

/// Why a command cannot run in a transaction; empty if it can. `spec` may be null.
[[nodiscard]] std::string fault_of_queued(const command_spec* spec, std::span<const std::string_view> words);

/// Reads the arguments of a transaction. What is wrong with them, or with any of its commands; empty if
/// nothing.
[[nodiscard]] std::string read_transaction(std::span<const std::string_view> arguments,
                                           transaction_words& into);

/// A decimal number from 0 to 2^63 - 1, false if it is none.
[[nodiscard]] bool to_revision(std::string_view text, std::uint64_t& revision);

}  // namespace bulwark::kv
