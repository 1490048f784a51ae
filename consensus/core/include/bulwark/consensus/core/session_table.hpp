// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace bulwark::consensus {

/// Bounds of a session_table. They are part of the replicated state machine: all replicas must have the same.
struct session_limits {
  std::size_t sessions_max = 65'536;
  std::size_t replies_bytes_max = 64u << 20;  ///< of all kept replies
  std::size_t reply_bytes_max = 64u << 10;    ///< of one kept reply; of a larger one only its size is kept
  std::uint64_t idle_ms_max = 3'600'000;      ///< in log time
  std::uint64_t step_ms_max = 60'000;         ///< how far one command may move log time
};

/// Makes retries of commands safe: a client numbers its commands, and one that comes twice is executed once
/// and answered twice. Part of a replicated state machine, so that it holds over leader changes, forwarding,
/// snapshots and restarts (Ongaro: "Consensus: Bridging Theory and Practice", 2014, section 6.3).
///
/// A client has one command under way at a time, numbers them 1, 2, 3 ..., and may leave numbers out. The
/// reply to its latest is kept. Its first number must be 1, since nothing tells a client that is new from one
/// that was forgotten: it is forgotten when it was idle for too long, or when there are too many, the one
/// that was idle longest first.
///
/// Time is that of the log: each command brings the clock of who submitted it. It never goes back, and one
/// command moves it by `step_ms_max` at most, so that one wrong clock does not end all sessions.
///
/// Owner:         one state machine; not thread-safe
/// Deterministic: depends on the calls alone
/// Cost:          O(1) for each call but save, restore and hash
class session_table {
 public:
  explicit session_table(const session_limits& limits = {}) : limits_{limits} {}
  session_table(session_table&&) = default;
  session_table& operator=(session_table&&) = default;

  enum class verdict {
    fresh,     ///< execute it, then call finish()
    repeated,  ///< it was executed: reply_of() is its reply
    stale,     ///< the client had a later one executed since
    unknown,   ///< the client is not known, and this is not its first command
    too_large  ///< it was executed, but its reply was too large to be kept
  };

  /// What a command is. Moves log time.
  verdict begin(std::string_view client, std::uint64_t number, std::uint64_t now_ms);

  /// The reply to the latest command of a client. @pre begin() has just said `repeated`
  [[nodiscard]] const std::string& reply_of(std::string_view client) const;

  /// The number of its latest command; 0 if the client is not known.
  [[nodiscard]] std::uint64_t latest_of(std::string_view client) const;

  /// A command was executed. @pre begin() has just said `fresh`
  void finish(std::string_view client, std::uint64_t number, std::string reply);

  [[nodiscard]] std::size_t size() const { return by_client_.size(); }
  [[nodiscard]] std::size_t reply_bytes() const { return reply_bytes_; }

  /// Appends everything to `out`; equal tables append equal bytes.
  void save(std::string& out) const;
  /// Becomes what was saved. False, and no change, if these bytes are not what save() writes.
  [[nodiscard]] bool restore(std::string_view saved);

 private:
  struct session {
    std::string client;
    std::uint64_t latest = 0;
    std::uint64_t used_ms = 0;  ///< in log time
    bool kept = true;           ///< false: the reply was too large
    std::string reply;
  };
  using sessions = std::list<session>;

  void forget_oldest();
  void make_room();

  session_limits limits_;
  sessions in_order_;  ///< the one that was idle longest first
  std::unordered_map<std::string_view, sessions::iterator> by_client_;  ///< keys point into in_order_
  std::size_t reply_bytes_ = 0;
  std::uint64_t now_ms_ = 0;
};

}  // namespace bulwark::consensus
