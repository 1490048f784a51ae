// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "bulwark/consensus/core/configuration.hpp"
#include "bulwark/consensus/core/ids.hpp"

namespace bulwark::consensus {

/// Some of the nodes that a replica knows, by their index in `roster`.
class node_set {
 public:
  static constexpr std::size_t capacity = 64;

  void add(std::size_t index) { bits_ |= std::uint64_t{1} << index; }
  void remove(std::size_t index) { bits_ &= ~(std::uint64_t{1} << index); }
  void clear() { bits_ = 0; }
  [[nodiscard]] bool has(std::size_t index) const { return (bits_ >> index & 1) != 0; }
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(std::popcount(bits_)); }
  /// How many are in both.
  [[nodiscard]] std::size_t common(const node_set& other) const {
    return static_cast<std::size_t>(std::popcount(bits_ & other.bits_));
  }

 private:
  std::uint64_t bits_ = 0;
};

/// Every node that a replica knows, itself included: the voters and learners of its group, by the
/// configuration in force as far as it knows, and outsiders that spoke to it, which may know more of the
/// group than it does. Each has an index, which stays the same until forgotten.
class roster {
 public:
  /// By configurations older than `no_vote_up_to`, self has no vote: see lost_word.
  roster(configuration first, node_id self, slot no_vote_up_to = {});

  /// Of all that are known; indices are below it.
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] std::size_t self() const { return self_; }
  [[nodiscard]] node_id at(std::size_t index) const { return nodes_[index]; }
  [[nodiscard]] std::optional<std::size_t> index_of(node_id node) const;

  [[nodiscard]] const configuration& current() const { return current_; }
  [[nodiscard]] bool is_voter(std::size_t index) const { return voting_.has(index); }
  /// What it knows of the group may be from before self lost its word.
  [[nodiscard]] bool withholds_vote() const { return current_.at < no_vote_up_to_; }
  /// It votes or learns.
  [[nodiscard]] bool is_member(std::size_t index) const { return members_.has(index); }
  [[nodiscard]] bool is_peer(std::size_t index) const { return index != self_ && is_member(index); }
  [[nodiscard]] std::size_t voters() const { return voting_.size(); }
  /// Who accepted: they choose. Who confirmed: no election happened without them. Only voters count, as
  /// below.
  [[nodiscard]] bool may_choose(const node_set& some) const {
    return some.common(voting_) >= current_.accept_votes();
  }
  /// Who promised: a leader knows all that was chosen.
  [[nodiscard]] bool may_elect(const node_set& some) const {
    return some.common(voting_) >= current_.prepare_votes();
  }
  /// With these a group can go on, whatever is to be done.
  [[nodiscard]] bool is_quorum(const node_set& some) const { return may_choose(some) && may_elect(some); }

  /// Takes an outsider in. None if there is no room for one more.
  std::optional<std::size_t> admit(node_id node);
  /// Another configuration is in force. Where there is no room for all its nodes, outsiders are forgotten:
  /// what is known about those indices must be forgotten too, before they mean somebody else.
  std::vector<std::size_t> adopt(configuration next);

 private:
  [[nodiscard]] std::size_t make_room(std::vector<std::size_t>& forgotten, const configuration& next);
  void count_votes();

  configuration current_;
  std::vector<node_id> nodes_;  ///< by index
  std::size_t self_ = 0;
  slot no_vote_up_to_;
  node_set voting_;
  node_set members_;
};

}  // namespace bulwark::consensus
