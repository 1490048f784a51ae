// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bulwark/consensus/core/ids.hpp"
#include "bulwark/consensus/core/messages.hpp"

namespace bulwark::consensus {

/// A node of a group: it votes, or it learns what the others agreed on.
struct group_node {
  node_id id = node_id::none;
  bool votes = false;
  std::string address;  ///< where the others reach it; empty: as their settings say

  friend bool operator==(const group_node&, const group_node&) = default;
};

/// Who belongs to a group, as agreed on in the log itself. It governs the slots behind its own, up to and
/// including that of the next: a quorum of its voters chooses there.
///
/// Source: Lamport, "Paxos Made Simple" (2001), section 3 (the servers as part of the state). Differs: there,
/// a
///         configuration governs the slots from i + alpha on, so that alpha may be in flight; here nothing is
///         proposed behind one before it is chosen, so that alpha is 1 and any change is safe, in one step.
struct configuration {
  slot at{};                        ///< where it was chosen; none: that of the settings
  slot base{};                      ///< of the one before
  std::vector<group_node> nodes;    ///< ascending by id
  std::uint32_t accept_quorum = 0;  ///< how many voters choose a value, see accept_votes(); 0: a majority

  [[nodiscard]] const group_node* find(node_id which) const;
  [[nodiscard]] bool is_voter(node_id which) const;
  [[nodiscard]] std::size_t voters() const;
  /// So many of the voters choose a value, and confirm a read. Any of them and any prepare_votes() of them
  /// have one in common: all that Paxos needs (Howard, Malkhi, Spiegelman, "Flexible Paxos", 2016).
  [[nodiscard]] std::size_t accept_votes() const {
    return accept_quorum == 0 ? voters() / 2 + 1 : accept_quorum;
  }
  /// So many of the voters must promise a leader its ballot.
  [[nodiscard]] std::size_t prepare_votes() const {
    return accept_quorum == 0 ? voters() / 2 + 1 : voters() + 1 - accept_quorum;
  }

  friend bool operator==(const configuration&, const configuration&) = default;
};

/// At most so many nodes in a group.
inline constexpr std::size_t group_nodes_max = 32;
/// At most so many bytes in an address.
inline constexpr std::size_t address_bytes_max = 255;

/// "n1 n2 n3, learners n4".
std::string to_string(const configuration& what);

/// Appends `base` and `nodes`; `at` is where it stands.
void encode(const configuration& what, std::string& out);
/// None if the bytes are no configuration: anything may be in them.
[[nodiscard]] std::optional<configuration> decode_configuration(std::string_view encoded);

/// As a value of the log: one command whose origin is no node. Clients' commands all have one.
[[nodiscard]] value to_value(const configuration& what);
/// Whether such a value it is. State machines never get it: to them its slot holds a no-op.
[[nodiscard]] bool is_configuration(const value& what);
/// The configuration that was chosen in this slot. @pre is_configuration(what); none if its bytes are broken
[[nodiscard]] std::optional<configuration> configuration_in(const value& what, slot at);

/// A snapshot holds the configuration as well as the state of the state machine.
[[nodiscard]] bytes to_snapshot(const configuration& what, bytes state);
/// The two parts; none if the bytes are broken. Snapshots of before there were configurations, and those of
/// groups that never changed, are the state alone: the configuration then has no nodes.
[[nodiscard]] std::optional<std::pair<configuration, std::string_view>> from_snapshot(std::string_view saved);

// -- changes --------------------------------------------------------------------------------------------

enum class change_kind : std::uint8_t {
  add = 1,      ///< as a learner
  promote = 2,  ///< a learner becomes a voter
  remove = 3,
  replace = 4,  ///< a voter goes and a learner takes its place, in one step
};

/// Somebody wants the group to change. Answered by exactly one `members_changed` effect with the same number.
struct change_members {
  std::uint64_t number = 0;
  change_kind kind = change_kind::add;
  node_id node = node_id::none;
  node_id by = node_id::none;  ///< replace: the learner
  std::string address;         ///< add: see group_node
};

enum class change_outcome : std::uint8_t {
  changed = 1,       ///< in force: a majority of the new voters has it on disk
  not_leader = 2,    ///< this replica does not lead: ask the one that does
  no_such_node = 3,  ///< the node is not in the group, or not what the change expects it to be
  already_so = 4,    ///< nothing to change
  leads = 5,         ///< the leader does not remove itself: move the leadership first
  unsafe = 6,        ///< too few of the new voters are reached
  behind = 7,        ///< the learner does not know enough of the log yet: try again
  busy = 8,          ///< another change, or a transfer of leadership, is under way
  too_many = 9,      ///< the group is as large as it can be
  lost = 10,         ///< leadership went elsewhere meanwhile: it may come into force or not
};

/// "not the leader".
const char* to_string(change_outcome what);

/// The nodes after the change; at and base are the caller's. @pre the result is `changed`
struct planned_change {
  change_outcome result = change_outcome::changed;
  std::vector<group_node> nodes;
};
[[nodiscard]] planned_change plan(const configuration& now, const change_members& what);

}  // namespace bulwark::consensus
