// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bulwark {

/// How a router spreads messages, by name. Load is what worker_view::load says; cost is (load + 1) / weight.
enum class routing_kind : std::uint8_t {
  round_robin,           ///< one after the other, whatever their loads and weights
  random,                ///< any
  weighted,              ///< at random, with weight W_i = w_i / (L_i + 1)^alpha and P_i = W_i / sum W
  least_connections,     ///< the least load; among equals the next in turn; weights do not count
  p2c,                   ///< the cheaper one of two random ones
  least_loaded,          ///< the least cost; among equals the next in turn
  p2c_ewma,              ///< of two random ones, the one of the least latency times cost
  weighted_round_robin,  ///< smooth: in turn, as often as the weight says
  consistent_hash,       ///< by key, the same worker as long as it is not far above the mean load
  broadcast,             ///< all; a request is answered when all have answered, by an error if one failed
  scatter_gather_first,  ///< all; the first good answer counts, an error only if all failed
};

/// A policy as configuration: what a router is made with, and what text can say.
struct routing_policy {
  routing_kind kind = routing_kind::p2c;
  double alpha = 1.0;   ///< for weighted; at least 0. 0 is random, a large one nearly least_loaded
  double bound = 1.25;  ///< for consistent_hash: no worker carries more than this times the mean; above 1

  friend bool operator==(const routing_policy&, const routing_policy&) = default;
};

/// True if each message goes to all workers.
[[nodiscard]] constexpr bool is_fan_out(routing_kind kind) noexcept {
  return kind == routing_kind::broadcast || kind == routing_kind::scatter_gather_first;
}

/// Reads the name of a kind; for weighted an alpha and for consistent_hash a bound may follow:
/// "weighted:2.5", "consistent_hash:1.5". Nothing if it is none of them or the number is out of range.
[[nodiscard]] std::optional<routing_policy> parse_policy(std::string_view text);

/// What parse_policy reads.
[[nodiscard]] std::string to_string(const routing_policy& policy);

}  // namespace bulwark
