// SPDX-License-Identifier: BSD-3-Clause
#include "seen_requests.hpp"

#include <algorithm>

namespace bulwark::consensus {

seen_requests::life& seen_requests::life_of(const command& what) {
  for (auto& one : lives_)
    if (one.origin == what.origin && one.incarnation == what.incarnation) return one;
  if (lives_.size() == lives_max) lives_.pop_front();
  lives_.push_back({what.origin, what.incarnation, what.request, std::vector<std::uint64_t>(words_)});
  return lives_.back();
}

bool seen_requests::insert(const command& what) {
  auto& known = life_of(what);
  const std::uint64_t window = words_ * 64;
  if (what.request > known.highest) {
    const auto steps = std::min(what.request - known.highest, window);
    for (std::uint64_t i = 0; i < steps; ++i) {
      const auto position = (what.request - i) % window;
      known.bits[position / 64] &= ~(std::uint64_t{1} << position % 64);
    }
    known.highest = what.request;
  } else if (known.highest - what.request >= window) {
    return false;
  }
  const auto position = what.request % window;
  auto& word = known.bits[position / 64];
  const auto bit = std::uint64_t{1} << position % 64;
  if ((word & bit) != 0) return false;
  word |= bit;
  return true;
}

}  // namespace bulwark::consensus
