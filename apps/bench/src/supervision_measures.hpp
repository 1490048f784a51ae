// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/fwd.hpp>
#include <cstddef>

namespace bulwark::bench {

/// How much of each measure is taken.
struct effort {
  std::size_t repetitions = 5;
  std::size_t crashes = 1000;  ///< of which each is timed
  std::size_t many = 100'000;  ///< children of the large trees
  std::size_t storm_max = 1'000'000;
};

// Each prints its lines as it goes; the names are those that a like program for Erlang/OTP uses.

/// From the order to crash until the next incarnation has begun, one crash every few milliseconds.
void measure_latency(caf::actor_system& system, const effort& how_much);

/// Restarts per second of a child that crashes as soon as it runs, and the memory that is left behind.
void measure_storm(caf::actor_system& system, const effort& how_much);

/// Start, memory, restart of one and stop of a thousand and of very many children.
void measure_children(caf::actor_system& system, const effort& how_much);

/// Restart of all children of a group.
void measure_groups(caf::actor_system& system, const effort& how_much);

/// A call through a stable reference against a direct one.
void measure_reference(caf::actor_system& system, const effort& how_much);

}  // namespace bulwark::bench
