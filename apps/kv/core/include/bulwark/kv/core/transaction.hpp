// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bulwark/kv/core/server_view.hpp"

namespace bulwark::kv {

/// Bounds of one transaction.
struct transaction_limits {
  std::size_t commands_max = 1u << 14;
  std::size_t watched_keys_max = 1024;
  std::size_t watched_bytes_max = 256u << 10;  ///< of these keys
};

/// What a client watches, and the commands that it queues between MULTI and EXEC.
///
/// A key is watched from when the client asks for it; its revision is learned later, or never: then nobody
/// knows whether it changed, and nothing may run.
/// Owner:  one conversation; not thread-safe
/// Bounds: transaction_limits, and `bytes_max` for all that it holds; counts as what clients have in buffers
/// (server_view::take_bytes)
class transaction {
 public:
  /// `limits` and `server` must outlive it; `bytes_max` is that of one command.
  transaction(const transaction_limits& limits, std::size_t bytes_max, server_view& server)
      : limits_{limits}, bytes_max_{bytes_max}, server_{server} {}
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  ~transaction() { forget(); }

  void begin() { open_ = true; }
  /// Forgets commands and watched keys.
  void forget();
  /// Between MULTI and EXEC.
  [[nodiscard]] bool open() const { return open_; }

  /// What is wrong if the key cannot be watched; empty if nothing.
  [[nodiscard]] std::string watch(std::string_view key);
  /// The revision of a watched key; 0 if there is no such key.
  void learned(std::string_view key, std::uint64_t revision);
  /// Something was to be watched and is not.
  void watch_refused() { watch_refused_ = true; }

  /// Adds a command, its name first. What is wrong if it cannot; empty if nothing.
  [[nodiscard]] std::string queue(std::span<const std::string_view> words);
  /// A command could not be queued: the others will not run either.
  void spoil();

  /// Why it must not run; empty if it may.
  [[nodiscard]] std::string fault() const;
  /// Its arguments in the log. Valid until the next change.
  [[nodiscard]] std::vector<std::string_view> arguments();

 private:
  [[nodiscard]] bool take(std::size_t bytes);
  void give_back(std::size_t bytes);

  const transaction_limits& limits_;
  const std::size_t bytes_max_;
  server_view& server_;
  std::set<std::pair<std::string, std::uint64_t>> watched_;
  std::set<std::string, std::less<>> unknown_;  ///< watched, and the revision not learned
  std::size_t watched_bytes_ = 0;               ///< of both
  std::string queued_;                          ///< each word with its length in front
  std::size_t commands_ = 0;
  std::size_t taken_ = 0;            ///< bytes, of the server
  std::vector<std::string> digits_;  ///< to which arguments() points
  bool open_ = false;
  bool spoilt_ = false;
  bool watch_refused_ = false;
};

}  // namespace bulwark::kv
