// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "bulwark/consensus/core/ids.hpp"

namespace bulwark::consensus {

/// Some of the members of a group, by their index in `voters`.
class voter_set {
 public:
  static constexpr std::size_t capacity = 64;

  void add(std::size_t index) { bits_ |= std::uint64_t{1} << index; }
  void clear() { bits_ = 0; }
  [[nodiscard]] bool has(std::size_t index) const { return (bits_ >> index & 1) != 0; }
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(std::popcount(bits_)); }

 private:
  std::uint64_t bits_ = 0;
};

/// The members of a group, in the order of their ids, and what counts as a majority of them.
class voters {
 public:
  explicit voters(std::vector<node_id> members, node_id self) : members_{std::move(members)} {
    std::sort(members_.begin(), members_.end());
    self_ = *index_of(self);
  }

  [[nodiscard]] std::size_t size() const { return members_.size(); }
  [[nodiscard]] std::size_t self() const { return self_; }
  [[nodiscard]] node_id at(std::size_t index) const { return members_[index]; }
  [[nodiscard]] std::size_t majority() const { return members_.size() / 2 + 1; }
  [[nodiscard]] bool is_majority(const voter_set& some) const { return some.size() >= majority(); }

  [[nodiscard]] std::optional<std::size_t> index_of(node_id node) const {
    const auto found = std::lower_bound(members_.begin(), members_.end(), node);
    if (found == members_.end() || *found != node) return std::nullopt;
    return static_cast<std::size_t>(found - members_.begin());
  }

 private:
  std::vector<node_id> members_;
  std::size_t self_ = 0;
};

}  // namespace bulwark::consensus
