// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/observer_ring.hpp"

#include <algorithm>

#include "bulwark/actors/core/invariant.hpp"
#include "bulwark/actors/core/random.hpp"

namespace bulwark {

observer_ring::observer_ring(std::size_t observers) : rings_(observers) {
  BULWARK_INVARIANT(observers >= 1 && observers <= 64);
}

observer_ring::place observer_ring::place_of(std::uint32_t node, std::size_t ring) {
  return {random_stream::at(std::uint64_t{ring} << 32 | node), node};
}

void observer_ring::insert(std::uint32_t node) {
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    auto& ring = rings_[i];
    const auto here = place_of(node, i);
    const auto at = std::lower_bound(ring.begin(), ring.end(), here);
    if (at != ring.end() && *at == here) return;
    ring.insert(at, here);
  }
}

void observer_ring::erase(std::uint32_t node) {
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    auto& ring = rings_[i];
    const auto here = place_of(node, i);
    const auto at = std::lower_bound(ring.begin(), ring.end(), here);
    if (at == ring.end() || *at != here) return;
    ring.erase(at);
  }
}

bool observer_ring::contains(std::uint32_t node) const {
  return std::binary_search(rings_.front().begin(), rings_.front().end(), place_of(node, 0));
}

std::vector<std::uint32_t> observer_ring::observers_of(std::uint32_t node) const {
  std::vector<std::uint32_t> chosen;
  if (!contains(node)) return chosen;
  const auto wanted = std::min(rings_.size(), size() - 1);
  chosen.reserve(wanted);
  const auto is_new = [&](std::uint32_t candidate) {
    return candidate != node && std::find(chosen.begin(), chosen.end(), candidate) == chosen.end();
  };
  for (std::size_t i = 0; i < rings_.size() && chosen.size() < wanted; ++i) {
    const auto& ring = rings_[i];
    auto next = std::upper_bound(ring.begin(), ring.end(), place_of(node, i));
    for (;; ++next) {
      if (next == ring.end()) next = ring.begin();
      if (is_new(next->node)) break;
    }
    chosen.push_back(next->node);
  }
  return chosen;
}

std::vector<std::uint32_t> observer_ring::subjects_of(std::uint32_t node) const {
  std::vector<std::uint32_t> watched;
  for (const auto& other : rings_.front()) {
    const auto observers = observers_of(other.node);
    if (std::find(observers.begin(), observers.end(), node) != observers.end()) watched.push_back(other.node);
  }
  std::sort(watched.begin(), watched.end());
  return watched;
}

}  // namespace bulwark
