// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bulwark/actors/core/random.hpp"
#include "bulwark/actors/core/worker_chooser.hpp"

namespace bulwark {

/// Two different ones of `count` places, which are at least two; the same for the same ticket.
[[nodiscard]] inline std::pair<std::size_t, std::size_t> two_places(std::size_t count,
                                                                    std::uint64_t ticket) noexcept {
  const auto random = random_stream::at(ticket);  // half of it for each; counts are far below 2^32
  const auto one = ((random >> 32) * count) >> 32;
  auto other = ((random & 0xffffffff) * (count - 1)) >> 32;
  if (other >= one) ++other;
  return {one, other};
}

/// One after the other.
struct choose_in_turn {
  std::uint64_t next = 0;
  std::size_t choose(const worker_view& workers, const routing_call&) noexcept {
    return next++ % workers.count();
  }
};

struct choose_any {
  std::size_t choose(const worker_view& workers, const routing_call& call) const noexcept;
};

/// At random by W_i = w_i / (L_i + 1)^alpha, the 1/L rule of weighted balancing made safe for idle workers.
/// Copes with loads that change while it looks.
struct choose_by_weight {
  double alpha = 1.0;
  std::size_t choose(const worker_view& workers, const routing_call& call) const;
};

/// The least load or, with `by_cost`, the least cost; among equals the next in turn. Looks at all workers.
/// For few and local workers only: with loads that are known late, all senders pick the same victim.
struct choose_least {
  bool by_cost = true;
  std::size_t choose(const worker_view& workers, const routing_call& call) const noexcept;
};

/// The cheaper one of two different random ones. Mitzenmacher, The Power of Two Choices in Randomized Load
/// Balancing, 2001.
struct choose_of_two {
  std::size_t choose(const worker_view& workers, const routing_call& call) const noexcept;
};

/// Of two random ones the one with the least latency times cost, as Finagle's peak EWMA balancer. While the
/// latency of one of them is not known, cost alone decides.
struct choose_of_two_by_latency {
  static constexpr bool wants_latency = true;
  std::size_t choose(const worker_view& workers, const routing_call& call) const noexcept;
};

/// In turn, each as often as its weight says, and not in bursts (nginx's smooth weighted round robin).
class choose_in_weighted_turn {
 public:
  std::size_t choose(const worker_view& workers, const routing_call& call);

 private:
  std::uint64_t version_ = 0;
  bool built_ = false;
  std::vector<double> credit_;
  std::vector<std::uint64_t> identities_;
};

/// By key on a ring of hashes; walks on while a worker carries more than `bound` times the mean load.
/// Mirrokni, Thorup, Zadimoghaddam, Consistent Hashing with Bounded Loads, 2016. A worker that comes or goes
/// moves only the keys next to its points on the ring.
class choose_by_key {
 public:
  explicit choose_by_key(double bound = 1.25, std::size_t points_each = 100)
      : bound_{bound}, points_each_{points_each} {}
  std::size_t choose(const worker_view& workers, const routing_call& call);

 private:
  void build(const worker_view& workers);

  double bound_;
  std::size_t points_each_;
  std::uint64_t version_ = 0;
  bool built_ = false;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> ring_;  ///< hash and place, by hash
};

}  // namespace bulwark
