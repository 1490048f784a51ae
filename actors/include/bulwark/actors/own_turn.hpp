// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/fwd.hpp>
#include <cstddef>
#include <vector>

#include "bulwark/actors/service_actor.hpp"

namespace bulwark {

/// What a thread that is none of the scheduler's sets in motion, it runs by itself. While an own_turn lives,
/// prompt_actors that get a message from this thread are put aside rather than handed to a thread that would
/// have to be woken, which takes longer than most of their turns; run(), and the end, run them and what they
/// set in motion in turn. An actor is run by one thread at a time, as ever.
///
/// Thread-safety: belongs to the thread that made it. Nested, the inner one has no effect.
/// Bounds:        runs `turns_max` turns at most; what is left goes to the scheduler.
class own_turn {
 public:
  static constexpr std::size_t default_turns_max = 64;

  explicit own_turn(caf::actor_system& system, std::size_t turns_max = default_turns_max) noexcept;
  ~own_turn();
  own_turn(const own_turn&) = delete;
  own_turn& operator=(const own_turn&) = delete;

  void run();

 private:
  friend class prompt_actor;
  struct host;

  caf::actor_system& system_;
  const std::size_t turns_max_;
  own_turn* const outer_;
  std::vector<caf::resumable*> waiting_;
};

/// An actor whose turns take microseconds and never wait for another thread, so that any thread may run it:
/// it takes part in own_turn.
class prompt_actor : public service_actor {
 public:
  /// `prompt`: false for an actor of such a class that is not that quick after all.
  explicit prompt_actor(caf::actor_config& config, bool prompt = true)
      : service_actor{config}, prompt_{prompt} {}

  using service_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override;

 private:
  const bool prompt_;
};

}  // namespace bulwark
