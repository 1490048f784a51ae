// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/fwd.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "bulwark/actors/core/time.hpp"

namespace bulwark::testkit {

/// An actor system in which nothing happens by itself: the test runs the actors, in the order they became
/// ready, and moves the clock. The same test gives the same run, every time, and seconds of supervision pass
/// in microseconds. Detached actors escape it. Single-threaded: use it from the thread of the test only. Its
/// end kills no actor; stop what you spawned.
class deterministic_system {
 public:
  using configuration = std::function<void(caf::actor_system_config&)>;

  /// The messages of the actors and supervision libraries are registered; `configure` adds more.
  explicit deterministic_system(const configuration& configure = {});
  ~deterministic_system();
  deterministic_system(const deterministic_system&) = delete;
  deterministic_system& operator=(const deterministic_system&) = delete;

  [[nodiscard]] caf::actor_system& system() noexcept;
  [[nodiscard]] instant now() const;

  /// Runs actors until none has anything to do; the time stands still. Returns how many turns that took.
  /// Throws std::runtime_error after `limit` turns: the actors under test would go on for ever.
  std::size_t drain(std::size_t limit = 1'000'000);

  /// From now on the actor whose turn it is is chosen by the seed, also in drain() and advance().
  void shuffle(std::uint64_t seed);

  /// As drain(), but the actor whose turn it is is chosen by the seed.
  std::size_t drain_shuffled(std::uint64_t seed, std::size_t limit = 1'000'000);

  /// Lets time pass, timer by timer, and drains at each.
  void advance(duration length);

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace bulwark::testkit
