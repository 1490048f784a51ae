// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>

#include "bulwark/kv/core/keyspace.hpp"
#include "transaction_words.hpp"

namespace bulwark::kv {

/// How much memory and how large replies commands take at most, one after the other, whatever each of them
/// finds: so it can be known before the first of them runs. Deterministic.
class transaction_needs {
 public:
  /// `keys` must not change meanwhile, and the words of all commands must last as long as this.
  explicit transaction_needs(const keyspace& keys) : keys_{keys} {}

  void add(const queued_command& command);

  /// By which keyspace::bytes() may grow at some time in between.
  [[nodiscard]] std::uint64_t memory_bytes() const { return memory_; }
  /// Of all replies together in their neutral form.
  [[nodiscard]] std::uint64_t reply_bytes() const { return replies_; }

 private:
  void add_replies(const queued_command& command);
  void add_memory(const queued_command& command);
  [[nodiscard]] std::uint64_t& value_bytes(std::string_view key);

  const keyspace& keys_;
  std::unordered_map<std::string_view, std::uint64_t> values_;  ///< bytes that the values may have by then
  std::uint64_t memory_ = 0;
  std::uint64_t replies_ = 0;
};

}  // namespace bulwark::kv
