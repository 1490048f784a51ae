// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/core/messages.hpp"
#include "bulwark/consensus/core/replica.hpp"
#include "output.hpp"

namespace bulwark::consensus {

/// The requests of this node's own clients, from their arrival to their one answer.
///
/// A write is handed on a second time only if it was certainly not proposed the first time; a read as often
/// as it takes.
///
///   parked --leader here--> queued --in a slot--> proposed --applied--> answered
///     |  ^------not_done------'                       '--leadership lost--> unknown
///     '--leader elsewhere--> forwarded --reply--> answered
///        ^------not_done--------'     '--leader lost--> unknown (a read: parked)
/// A leader that is deposed but still heard of knows best what became of a write: its reply is awaited for
/// `no_leader_patience`.
class requests {
 public:
  /// Gives a command to the own leader. False if it has no room.
  using submit_own = std::function<bool(request_kind, command&&)>;
  /// Says whether a member is heard of.
  using reach = std::function<bool(node_id)>;

  requests(const replica_options& options, output& out, submit_own submit, reach is_reached)
      : options_{options}, out_{out}, submit_own_{std::move(submit)}, is_reached_{std::move(is_reached)} {}

  void add(client_request what, instant now);
  /// Who leads, as far as this replica can reach them; {} if nobody.
  void follow(ballot leader, instant now);
  void on_reply(node_id from, forward_reply what, instant now);
  void on_tick(instant now);
  /// Tries parked requests again.
  void on_interval(instant now) {
    give_up_doubts();
    dispatch_parked(now);
  }
  /// Writes that were forwarded to a former leader wait for its word only as long as it is heard of.
  void give_up_doubts();
  /// When on_tick() is due; forgets timers of what is answered.
  instant next_deadline();

  // What the own leader says of a command that it was given.

  /// It goes into a slot now. False if the request was answered meanwhile: then it must not.
  bool propose(const command& what);
  void finish(std::uint64_t request, outcome result, bytes reply);
  /// It was not proposed, and never will be.
  void take_back(command what, instant now);

  [[nodiscard]] std::size_t size() const { return open_.size(); }

 private:
  enum class stage : std::uint8_t { parked, queued, proposed, forwarded };

  struct open_request {
    request_kind kind;
    stage now_in = stage::parked;
    bytes payload;  ///< empty while queued or proposed
    std::size_t payload_bytes = 0;
    ballot under;                                 ///< forwarded: to whom
    std::uint64_t attempt = 0;                    ///< tells timers of earlier stages from those of this
    std::optional<instant> as_of = std::nullopt;  ///< of a stale_read: when it came
  };
  using entry = std::unordered_map<std::uint64_t, open_request>::iterator;

  struct timer {
    instant at;
    std::uint64_t request;
    std::uint64_t attempt;
  };

  void park(entry which, instant now);
  void dispatch(entry which, instant now);
  void dispatch_parked(instant now);
  void send_forward(entry which, instant now);
  void finish(entry which, outcome result, bytes reply);
  void expire(entry which);
  void prune(std::deque<timer>& timers, bool any_attempt);
  [[nodiscard]] command command_of(entry which, bytes payload) const;

  const replica_options& options_;
  output& out_;
  submit_own submit_own_;
  reach is_reached_;
  std::unordered_map<std::uint64_t, open_request> open_;
  std::size_t open_bytes_ = 0;
  ballot leader_;
  std::vector<std::uint64_t> doubtful_;  ///< may hold requests that were answered meanwhile
  std::deque<std::uint64_t> parked_;     ///< may hold requests that are not parked any more
  // Each has one length of time, so that its timers are in order.
  std::deque<timer> deadlines_;
  std::deque<timer> patience_;
  std::deque<timer> resends_;
};

}  // namespace bulwark::consensus
