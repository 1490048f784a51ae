// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bulwark/consensus/core/wire.hpp"
#include "bulwark/kv/core/commands.hpp"

namespace bulwark::kv {

/// Bounds that the state machine enforces. They travel with each batch, so that all replicas decide alike
/// even while their configurations differ.
struct batch_limits {
  std::uint64_t memory_bytes_max = 0;        ///< of keys, values and their overhead; 0 means no bound
  std::uint32_t value_bytes_max = 1u << 20;  ///< of one value
  std::uint32_t reply_bytes_stop =
      1u << 20;  ///< no further command of the batch is executed behind so many bytes of replies
  std::uint32_t reply_bytes_max = 8u << 20;  ///< of one reply; larger ones are errors

  friend bool operator==(const batch_limits&, const batch_limits&) = default;
};

/// Collects commands of one connection into the payload of one request to the replicated state machine.
class batch_writer {
 public:
  explicit batch_writer(const batch_limits& limits);

  /// `arguments` are those behind the command's name.
  void add(command_id id, std::span<const std::string_view> arguments);

  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::size_t bytes() const { return payload_.size(); }
  std::string take() && { return std::move(payload_); }

 private:
  std::string payload_;
  std::size_t count_ = 0;
};

/// Reads what batch_writer wrote. The views point into the payload.
class batch_reader {
 public:
  explicit batch_reader(std::string_view payload);

  [[nodiscard]] const batch_limits& limits() const { return limits_; }

  /// The next command, or false at the end or where the payload is malformed; then `complete()` tells which.
  bool next(command_id& id, std::vector<std::string_view>& arguments);

  [[nodiscard]] bool complete() const { return in_.complete(); }

 private:
  consensus::wire_reader in_;
  batch_limits limits_;
};

/// The payload without its first `done` commands; empty if there are no more.
std::string without_first(std::string_view payload, std::size_t done);

/// The start of the state machine's answer to a batch: how many of its commands, from the first on, were
/// executed. Their replies follow (see reply.hpp). It is at least one unless the payload was malformed.
bool read_executed(std::string_view& answer, std::size_t& executed);

}  // namespace bulwark::kv
