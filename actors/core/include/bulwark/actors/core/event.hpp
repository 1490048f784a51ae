// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

#include "bulwark/actors/core/exit_status.hpp"
#include "bulwark/actors/core/time.hpp"

namespace bulwark {

/// What happened to a child.
enum class event_kind : std::uint8_t {
  started,       ///< a start was issued
  ready,         ///< it serves
  exited,        ///< it ended without being asked to
  restarted,     ///< it serves again after an exit; carries the three times
  start_failed,  ///< a start came to nothing; `reason` says why
  gave_up,      ///< its supervisor ends: too many restarts, or a first start that failed; `reason` says which
  abandoned,    ///< it did not end even when killed; bulwark no longer waits for it nor listens to it
  stopped,      ///< it ended as asked to
  resumed,      ///< it failed on a message and went on without it, as its rules say
  hung,         ///< it did not finish a message within its limit; it is abandoned and replaced
  parked,       ///< too many restarts: it is tried again after a pause
  given_up,     ///< too many restarts: it stays down
  shut_down,    ///< its supervisor ends, since significant children have ended
  quarantined,  ///< a message crashed it too often and is a dead letter now; `reason` tells how it crashed
  restored,     ///< it begins with a recovery point, whose number is `generation`
  point_given_up,  ///< a recovery point is not used any more; `reason` tells why
  point_lost,      ///< a recovery point could not be written; `reason` tells why
  crash_storm,     ///< it ended so often that its events are left out; `reason` is the last. See storm_filter
  resized,         ///< a pool is given more workers, or fewer; `reason` tells why
};

/// One fact of supervision, in the one schema that log, test kit, command line and dashboard share.
struct supervision_event {
  event_kind kind = event_kind::started;
  std::string path;    ///< of the child from the root, "clients/sessions/session2"; of the supervisor for
                       ///< `gave_up` and `shut_down`, empty at the root
  exit_status reason;  ///< not meaningful for started and ready; of restarted: why that was
  std::uint64_t generation = 0;  ///< counts the starts of this child, from 1
  std::uint64_t restarts = 0;    ///< of this child so far
  instant at{};                  ///< monotonic, comparable within one process only

  // Meaningful for `restarted` only.
  duration t_fail{};     ///< from the exit being seen to the start of the incarnation that serves now
  duration t_recover{};  ///< from that start to ready
  duration t_restart{};  ///< t_fail + t_recover

  // Meaningful for `crash_storm` only.
  std::uint64_t ends = 0;  ///< of incarnations, left out
  duration within{};       ///< the time in which they happened

  // Meaningful for `resized` only.
  std::uint64_t from = 0;  ///< workers that the pool had
  std::uint64_t to = 0;    ///< and is to have

  friend bool operator==(const supervision_event&, const supervision_event&) = default;
};

/// Takes events, from any thread. Must be quick and must not throw.
using event_sink = std::function<void(const supervision_event&)>;

[[nodiscard]] const char* to_string(event_kind kind) noexcept;

/// One line for people: "stopped clients/session2 (generation 3; shutdown)".
[[nodiscard]] std::string to_string(const supervision_event& event);

std::ostream& operator<<(std::ostream& out, event_kind kind);
std::ostream& operator<<(std::ostream& out, const supervision_event& event);

}  // namespace bulwark
