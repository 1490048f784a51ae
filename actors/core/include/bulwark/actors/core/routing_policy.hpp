// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bulwark/actors/core/invariant.hpp"
#include "bulwark/actors/core/random.hpp"

namespace bulwark {

enum class routing_kind : std::uint8_t {
  round_robin,        ///< one after the other
  random,             ///< any
  weighted,           ///< at random with weight W_i = 1 / (L_i + 1)^alpha, L_i being the load of worker i
  least_connections,  ///< the least loaded; among equals the next in turn
  p2c,                ///< the less loaded one of two random ones
};

/// How a router chooses. P_i = W_i / sum W for `weighted`; alpha 0 is `random`, a large alpha nearly the
/// least loaded.
struct routing_policy {
  routing_kind kind = routing_kind::p2c;
  double alpha = 1.0;  ///< for weighted; at least 0

  friend bool operator==(const routing_policy&, const routing_policy&) = default;
};

/// Reads "round_robin", "random", "weighted", "weighted:2.5", "least_connections" or "p2c"; nothing if it is
/// none of them.
[[nodiscard]] std::optional<routing_policy> parse_policy(std::string_view text);

/// What parse_policy reads.
[[nodiscard]] std::string to_string(const routing_policy& policy);

/// The weight of a worker with this load.
[[nodiscard]] inline double routing_weight(std::int64_t load, double alpha) {
  const auto base = static_cast<double>(load < 0 ? 0 : load) + 1.0;
  return alpha == 1.0 ? 1.0 / base : std::pow(base, -alpha);
}

/// Chooses one of `count` workers, `count` above 0. `load_of(i)` is asked only for the workers that matter:
/// none for round_robin and random, two for p2c, all for the others (`weighted` asks twice and copes with
/// loads that changed in between). Pure: `ticket` counts the choices so far and drives the randomness, so the
/// same tickets and loads give the same choices.
template <class LoadOf>
[[nodiscard]] std::size_t choose_worker(const routing_policy& policy, std::size_t count, std::uint64_t ticket,
                                        LoadOf&& load_of) {
  BULWARK_INVARIANT(count > 0);
  random_stream random{random_stream::at(ticket)};
  switch (policy.kind) {
    case routing_kind::round_robin: return ticket % count;
    case routing_kind::random: return random.below(count);
    case routing_kind::weighted: {
      double sum = 0;
      for (std::size_t i = 0; i < count; ++i) sum += routing_weight(load_of(i), policy.alpha);
      double point = random.next01() * sum;
      for (std::size_t i = 0; i + 1 < count; ++i)
        if ((point -= routing_weight(load_of(i), policy.alpha)) < 0) return i;
      return count - 1;
    }
    case routing_kind::least_connections: {
      std::size_t best = ticket % count;
      auto least = load_of(best);
      for (std::size_t step = 1; step < count; ++step) {
        const auto candidate = (ticket + step) % count;
        if (const auto load = load_of(candidate); load < least) {
          best = candidate;
          least = load;
        }
      }
      return best;
    }
    case routing_kind::p2c: {
      if (count == 1) return 0;
      const auto one = random.below(count);
      auto other = random.below(count - 1);
      if (other >= one) ++other;  // two different ones
      return load_of(other) < load_of(one) ? other : one;
    }
  }
  return 0;
}

}  // namespace bulwark
