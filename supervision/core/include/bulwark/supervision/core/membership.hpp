// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bulwark/supervision/core/membership_types.hpp"
#include "bulwark/supervision/core/observer_ring.hpp"

namespace bulwark {

/// The list of nodes, as a deterministic machine for a replicated log: whoever applies the same commands goes
/// through the same views, one change at a time.
///
///     join        ready       accuse           as many accusers as the rules ask for
///     ----> joining ----> up <------> suspect ----------> down --remove--> removed
///                         |  withdraw,  ^                  ^                  |
///                   drain |  refute     | (draining alike) | leave            | join, higher incarnation
///                         +--> draining-+------------------+                  +--> joining
///
/// Observers only bring evidence; the group decides, and what it decided stays: a life that is down never
/// comes back, even if it was alive all the time. What it says is answered with `fenced`, and its node has to
/// join with a higher incarnation.
///
/// One observer that cannot hear a node makes it suspect and no more, so that neither a broken cable between
/// two nodes nor one deaf observer ends a third. A live node refutes, which voids what was said so far; who
/// still does not hear it says so again, naming the new round. A node that refutes again and again while
/// nobody hears it runs out of refutations: it can send, but is of no use.
///
/// Source:     Rapid (2018), sections 4.1 and 4.2, for observers and thresholds; SWIM (2002), section 4.2,
///             for refutation. Differs from both: verdicts are entries of a Paxos log
/// Owner:      one replica or a simulation; not thread-safe
/// Time:       none: the order of commands alone decides
/// Invariants: (1) views are numbered without gaps, and a view differs from the one before in one member
///             (2) a life that is down or removed never gets another state
///             (3) the incarnation of a node never falls
/// Bounds:     members_max members, k accusers for each, history_max changes
class membership {
 public:
  /// Changes that history() remembers.
  static constexpr std::size_t history_max = 256;

  membership();

  /// Appends what changed to `changes`, oldest first.
  membership_result apply(const members::command& what, std::vector<membership_change>& changes);

  /// The number of the present view; 0 before the first member joined.
  [[nodiscard]] std::uint64_t view() const noexcept { return view_; }
  [[nodiscard]] const membership_rules& rules() const noexcept { return rules_; }
  /// By node, those that are down or removed included.
  [[nodiscard]] const std::map<std::uint32_t, member>& all() const noexcept { return members_; }
  /// Null if the node is unknown.
  [[nodiscard]] const member* find(std::uint32_t node) const;

  /// `none` if this life is a live member; else unknown_node or fenced. Whoever acts in the name of a node
  /// has to pass this.
  [[nodiscard]] membership_error check(const node_life& life) const;

  /// Those who watch a live member, and those whom it watches: empty for others.
  [[nodiscard]] std::vector<std::uint32_t> observers_of(std::uint32_t node) const;
  [[nodiscard]] std::vector<std::uint32_t> subjects_of(std::uint32_t node) const;

  /// Accusers that would make this member down now; 0 if it has no observers.
  [[nodiscard]] std::size_t accusers_needed(std::uint32_t node) const;

  /// The latest changes, oldest first: who was suspected by whom.
  [[nodiscard]] const std::deque<membership_change>& history() const noexcept { return history_; }

  /// The whole state: equal states give equal bytes. The first byte is the version of the format.
  [[nodiscard]] std::string save() const;
  /// Becomes what was saved. False, and no change, if the bytes are none that save() gives.
  [[nodiscard]] bool restore(std::string_view saved);

 private:
  using change_list = std::vector<membership_change>;

  membership_error on(const members::join& what, change_list& changes);
  membership_error on(const members::ready& what, change_list& changes);
  membership_error on(const members::accuse& what, change_list& changes);
  membership_error on(const members::withdraw& what, change_list& changes);
  membership_error on(const members::refute& what, change_list& changes);
  membership_error on(const members::drain& what, change_list& changes);
  membership_error on(const members::leave& what, change_list& changes);
  membership_error on(const members::remove& what, change_list& changes);
  membership_error on(const members::set_rules& what, change_list& changes);

  /// Makes room for one more member by forgetting the one that was removed first.
  bool make_room();
  [[nodiscard]] bool observes(std::uint32_t observer, std::uint32_t subject) const;
  void change_state(member& of, member_state to, change_list& changes);
  /// The state that follows from what is known of a live member; ends it if there are accusers enough.
  void settle(member& of, change_list& changes);
  void end_life(member& of, down_cause cause, change_list& changes);
  /// After the observers of some have changed: drops the words of those who watch no more.
  void reconsider(change_list& changes);

  membership_rules rules_;
  std::uint64_t view_ = 0;
  std::uint64_t forgotten_up_to_ = 0;  ///< no life up to this incarnation may join unless its node is known
  std::map<std::uint32_t, member> members_;
  observer_ring ring_;  ///< of the live ones; follows from members_ and rules_
  std::deque<membership_change> history_;
};

}  // namespace bulwark
