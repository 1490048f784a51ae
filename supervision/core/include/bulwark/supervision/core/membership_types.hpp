// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <compare>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace bulwark {

/// One life of a node: its number, and the incarnation of its process. Later lives have higher incarnations.
struct node_life {
  std::uint32_t node = 0;         ///< 1 or more; 0 is no node
  std::uint64_t incarnation = 0;  ///< 1 or more

  friend constexpr auto operator<=>(const node_life&, const node_life&) = default;
};

enum class member_state : std::uint8_t {
  joining,   ///< known to the group, not ready yet
  up,        ///< serves
  suspect,   ///< too few observers accuse it to call it down
  draining,  ///< serves what it has, takes nothing new
  down,      ///< ended, or found dead: this life is fenced for ever
  removed,   ///< no member: not yet, or no longer
};

/// Why a life ended.
enum class down_cause : std::uint8_t {
  none,      ///< it did not
  accused,   ///< enough observers could not hear it
  left,      ///< it said so, or whoever saw its process end
  replaced,  ///< a later life of the same node joined
};

enum class membership_error : std::uint8_t {
  none,
  malformed,              ///< the bytes are no command of a known version
  bad_argument,           ///< a number, an address or a role is out of bounds
  unknown_node,           ///< this life has to join first
  fenced,                 ///< this life is over: the node must come back with a higher incarnation
  subject_gone,           ///< the accused life is over already
  not_observer,           ///< this node does not watch that one in the present view
  stale_round,            ///< the evidence is older than the latest refutation
  not_suspect,            ///< there is nothing to refute
  refutations_exhausted,  ///< it refuted too often while none of its accusers heard it again
  still_live,             ///< only a node that is down can be removed
  full,                   ///< there are members_max members
};

/// How the group judges; the same for all, since it is part of what is replicated.
struct membership_rules {
  std::uint32_t observers = 5;  ///< who watch each node: 1 to 64
  std::uint32_t threshold = 3;  ///< accusers that make it down; a majority of its observers if that is less
  std::uint32_t refutations_max = 3;  ///< in a row, without an accuser that hears it again
  std::uint32_t members_max = 4096;   ///< those that are down or removed included

  friend bool operator==(const membership_rules&, const membership_rules&) = default;

  /// Empty if the rules can work, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;
};

/// A member as the group knows it.
struct member {
  node_life life;
  member_state state = member_state::joining;
  down_cause cause = down_cause::none;  ///< of the end of this life
  bool ready = false;                   ///< has said that it serves
  bool draining = false;
  std::string address;             ///< "host:port"
  std::vector<std::string> roles;  ///< ascending, each once
  std::uint64_t since = 0;         ///< the view in which it got this state
  std::uint32_t round = 0;         ///< counts its refutations; evidence must name the present one
  std::uint32_t refutations = 0;   ///< in a row, see membership_rules
  std::map<std::uint32_t, std::uint32_t> accusers;  ///< observer -> the round of what it said last

  [[nodiscard]] bool is_live() const { return state != member_state::down && state != member_state::removed; }

  friend bool operator==(const member&, const member&) = default;
};

/// The one thing in which a view differs from the one before.
struct membership_change {
  std::uint64_t view = 0;  ///< that it led to
  node_life life;
  member_state from = member_state::removed;
  member_state to = member_state::removed;
  down_cause cause = down_cause::none;  ///< meaningful if `to` is down
  std::vector<std::uint32_t> accusers;  ///< whose word stands, ascending; meaningful if suspect or accused

  friend bool operator==(const membership_change&, const membership_change&) = default;
};

/// The group's answer to a command.
struct membership_result {
  membership_error error = membership_error::none;
  std::uint64_t view = 0;         ///< after it
  std::uint64_t incarnation = 0;  ///< of the latest known life of the node in question; 0 if there is none

  friend bool operator==(const membership_result&, const membership_result&) = default;
};

/// What may be said to the group. Each is safe to say twice.
namespace members {

/// This life wants to be a member; an earlier one of the same node ends by it.
struct join {
  node_life life;
  std::string address{};             ///< at most 255 bytes
  std::vector<std::string> roles{};  ///< at most 16, each of 1 to 64 bytes
  friend bool operator==(const join&, const join&) = default;
};

/// It serves.
struct ready {
  node_life life;
  friend bool operator==(const ready&, const ready&) = default;
};

/// The observer cannot hear the subject.
struct accuse {
  node_life observer;
  node_life subject;
  std::uint32_t round = 0;  ///< of the subject, as the observer knows it
  friend bool operator==(const accuse&, const accuse&) = default;
};

/// The observer hears the subject again.
struct withdraw {
  node_life observer;
  node_life subject;
  friend bool operator==(const withdraw&, const withdraw&) = default;
};

/// "I live": whatever was said of this life up to now does not count.
struct refute {
  node_life life;
  std::uint32_t round = 0;  ///< its own, as it knows it
  friend bool operator==(const refute&, const refute&) = default;
};

/// It is to take nothing new.
struct drain {
  node_life life;
  friend bool operator==(const drain&, const drain&) = default;
};

/// This life ends, or its process was seen to end.
struct leave {
  node_life life;
  friend bool operator==(const leave&, const leave&) = default;
};

/// A node that is down is not expected back.
struct remove {
  std::uint32_t node = 0;
  friend bool operator==(const remove&, const remove&) = default;
};

/// From now on these rules hold.
struct set_rules {
  membership_rules rules;
  friend bool operator==(const set_rules&, const set_rules&) = default;
};

using command = std::variant<join, ready, accuse, withdraw, refute, drain, leave, remove, set_rules>;

}  // namespace members

[[nodiscard]] const char* to_string(member_state state) noexcept;
[[nodiscard]] const char* to_string(down_cause cause) noexcept;
/// For people: says what was expected.
[[nodiscard]] const char* to_string(membership_error error) noexcept;
/// "n3/17": node and incarnation.
[[nodiscard]] std::string to_string(const node_life& life);
/// "view 12: n3/17 suspect -> down, accused by n1 n4 n9".
[[nodiscard]] std::string to_string(const membership_change& change);
std::ostream& operator<<(std::ostream& out, member_state state);
std::ostream& operator<<(std::ostream& out, membership_error error);
std::ostream& operator<<(std::ostream& out, const node_life& life);
std::ostream& operator<<(std::ostream& out, const membership_change& change);

}  // namespace bulwark
