// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/core/choosers.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bulwark/actors/core/invariant.hpp"

namespace bulwark {

namespace {

double attraction(const worker_view& workers, std::size_t place, double alpha) {
  const auto base = static_cast<double>(std::max<std::int64_t>(0, workers.load(place)) + 1);
  return workers.weight(place) * (alpha == 1.0 ? 1.0 / base : std::pow(base, -alpha));
}

}  // namespace

std::size_t choose_any::choose(const worker_view& workers, const routing_call& call) const noexcept {
  return random_stream{random_stream::at(call.ticket)}.below(workers.count());
}

std::size_t choose_by_weight::choose(const worker_view& workers, const routing_call& call) const {
  const auto count = workers.count();
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += attraction(workers, i, alpha);
  double point = random_stream{random_stream::at(call.ticket)}.next01() * sum;
  for (std::size_t i = 0; i + 1 < count; ++i)
    if ((point -= attraction(workers, i, alpha)) < 0) return i;
  return count - 1;
}

std::size_t choose_least::choose(const worker_view& workers, const routing_call& call) const noexcept {
  const auto count = workers.count();
  const auto price = [&](std::size_t i) {
    return by_cost ? workers.cost(i) : static_cast<double>(workers.load(i));
  };
  std::size_t best = call.ticket % count;
  auto least = price(best);
  for (std::size_t step = 1; step < count; ++step) {
    const auto candidate = (call.ticket + step) % count;
    if (const auto here = price(candidate); here < least) {
      best = candidate;
      least = here;
    }
  }
  return best;
}

std::size_t choose_of_two::choose(const worker_view& workers, const routing_call& call) const noexcept {
  if (workers.count() == 1) return 0;
  const auto [one, other] = two_places(workers.count(), call.ticket);
  return workers.cost(other) < workers.cost(one) ? other : one;
}

std::size_t choose_of_two_by_latency::choose(const worker_view& workers,
                                             const routing_call& call) const noexcept {
  if (workers.count() == 1) return 0;
  const auto [one, other] = two_places(workers.count(), call.ticket);
  auto price_one = workers.cost(one), price_other = workers.cost(other);
  const auto late_one = workers.latency(one), late_other = workers.latency(other);
  if (late_one > 0 && late_other > 0) {
    price_one *= late_one;
    price_other *= late_other;
  }
  return price_other < price_one ? other : one;
}

std::size_t choose_in_weighted_turn::choose(const worker_view& workers, const routing_call&) {
  const auto count = workers.count();
  if (!built_ || version_ != workers.version()) {
    std::vector<double> credit(count, 0.0);
    std::vector<std::uint64_t> identities(count);
    for (std::size_t i = 0; i < count; ++i) {
      identities[i] = workers.identity(i);
      const auto old = std::ranges::find(identities_, identities[i]);
      if (old != identities_.end()) credit[i] = credit_[static_cast<std::size_t>(old - identities_.begin())];
    }
    credit_.swap(credit);
    identities_.swap(identities);
    version_ = workers.version();
    built_ = true;
  }
  double sum = 0;
  std::size_t best = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto weight = workers.weight(i);
    sum += weight;
    credit_[i] += weight;
    if (credit_[i] > credit_[best]) best = i;
  }
  credit_[best] -= sum;
  return best;
}

void choose_by_key::build(const worker_view& workers) {
  ring_.clear();
  for (std::size_t i = 0; i < workers.count(); ++i) {
    random_stream points{random_stream::at(workers.identity(i))};
    for (std::size_t p = 0; p < points_each_; ++p)
      ring_.emplace_back(points(), static_cast<std::uint32_t>(i));
  }
  std::ranges::sort(ring_);
  version_ = workers.version();
  built_ = true;
}

std::size_t choose_by_key::choose(const worker_view& workers, const routing_call& call) {
  if (!built_ || version_ != workers.version()) build(workers);
  std::int64_t total = 1;  // the message at hand
  for (std::size_t i = 0; i < workers.count(); ++i) total += workers.load(i);
  const auto mean = static_cast<double>(total) / static_cast<double>(workers.count());
  const auto most = std::ceil(bound_ * mean);
  auto at = std::ranges::lower_bound(ring_, std::pair{random_stream::at(call.key), std::uint32_t{0}});
  for (std::size_t step = 0; step < ring_.size(); ++step, ++at) {
    if (at == ring_.end()) at = ring_.begin();
    if (static_cast<double>(workers.load(at->second) + 1) <= most) return at->second;
  }
  return choose_of_two{}.choose(workers, call);  // loads changed while it looked
}

any_chooser make_chooser(const routing_policy& policy) {
  switch (policy.kind) {
    case routing_kind::round_robin: return any_chooser{choose_in_turn{}};
    case routing_kind::random: return any_chooser{choose_any{}};
    case routing_kind::weighted: return any_chooser{choose_by_weight{policy.alpha}};
    case routing_kind::least_connections: return any_chooser{choose_least{.by_cost = false}};
    case routing_kind::least_loaded: return any_chooser{choose_least{}};
    case routing_kind::p2c_ewma: return any_chooser{choose_of_two_by_latency{}};
    case routing_kind::weighted_round_robin: return any_chooser{choose_in_weighted_turn{}};
    case routing_kind::consistent_hash: return any_chooser{choose_by_key{policy.bound}};
    case routing_kind::p2c:
    case routing_kind::broadcast:
    case routing_kind::scatter_gather_first: break;
  }
  return any_chooser{choose_of_two{}};
}

}  // namespace bulwark
