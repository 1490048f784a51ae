// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bulwark/supervision/core/membership.hpp"

namespace bulwark {

enum class placement_error : std::uint8_t {
  none,
  bad_argument,   ///< expected a name of 1 to 240 bytes, a role of at most 64, a load of at most 1000
  unknown_node,   ///< this life has to join first
  fenced,         ///< this life of the node is over
  unknown_child,  ///< nothing is placed under this name
  full,           ///< there are children_max children
};

/// A child that runs on one node of the cluster, whichever that is.
struct placed_child {
  std::string role;        ///< only on nodes that have it; empty: on any
  std::uint32_t node = 0;  ///< on this one whenever it is placed anew and can take it; 0: no preference
  node_life at;            ///< where it belongs; node 0: nowhere, for want of a node
  /// Lives of nodes that said they do not run it, by node.
  std::map<std::uint32_t, std::uint64_t> declined{};

  [[nodiscard]] bool is_declined_by(node_life life) const {
    const auto found = declined.find(life.node);
    return found != declined.end() && found->second == life.incarnation;
  }
  friend bool operator==(const placed_child&, const placed_child&) = default;
};

/// A child belongs elsewhere now.
struct placement_change {
  std::uint64_t revision = 0;  ///< numbered without gaps
  std::string child;
  node_life from;  ///< node 0: nowhere
  node_life to;    ///< node 0: nowhere

  friend bool operator==(const placement_change&, const placement_change&) = default;
};

/// What may be said of placement. Each is safe to say twice.
namespace placing {

/// The child is to run somewhere. Said again with another role or node, it moves if it has to.
struct place {
  std::string child;
  std::string role{};
  std::uint32_t node = 0;
  friend bool operator==(const place&, const place&) = default;
};

/// The child is to run no more.
struct forget {
  std::string child;
  friend bool operator==(const forget&, const forget&) = default;
};

/// This life of a node does not run the child: nothing there would start it. Until it offers to, or ends.
struct decline {
  std::string child;
  node_life life;
  friend bool operator==(const decline&, const decline&) = default;
};

/// It runs the child again, if the child is placed there.
struct offer {
  std::string child;
  node_life life;
  friend bool operator==(const offer&, const offer&) = default;
};

/// How busy a node is. Decides on later placements; moves nothing by itself.
struct report_load {
  node_life life;
  std::uint32_t permille = 0;
  friend bool operator==(const report_load&, const report_load&) = default;
};

using command = std::variant<place, forget, report_load, decline, offer>;

}  // namespace placing

/// Decides on which node each distributed child belongs, as a deterministic machine beside a membership.
///
/// A child stays where it is while its node is up or merely suspect. When that node goes down or drains, or
/// loses what the child asks for, or declines it, the child moves at once: to the preferred node if that is
/// up, else to the one with the least load, where each child that is placed counts as a tenth of a node; ties
/// are broken by a hash, so that children spread. A draining node keeps what nobody else can take. Nodes that
/// come are given what has no node; nothing is moved to them to balance.
///
/// It says where a child belongs, not that it stopped elsewhere. That no two run at once is up to the
/// registry: a child runs only while it holds the name child_name() under a lease. So the new node's claim is
/// refused until the old one has stopped and released the name (a planned hand-over), or went down; then the
/// new one waits for the old one's lease, see name_lease.
///
/// Owner:      one replica or a simulation; not thread-safe
/// Invariants: (1) a child belongs to a live member or to nobody
///             (2) a child is nowhere only if no member that is up can take it
/// Bounds:     children_max children
/// Cost:       O(children + moved * nodes) for each change of the membership
class placement {
 public:
  static constexpr std::size_t children_max = 1024;

  /// Appends what changed to `changes`. `nodes` is the membership as it is at this place of the log.
  placement_error apply(const placing::command& what, const membership& nodes,
                        std::vector<placement_change>& changes);

  /// To be called after each change of the membership.
  void follow(const membership& nodes, std::vector<placement_change>& changes);

  [[nodiscard]] const std::map<std::string, placed_child>& all() const noexcept { return children_; }
  /// What this life of a node told of its load last, in thousandths; 0 if nothing.
  [[nodiscard]] std::uint32_t reported_load(const node_life& life) const;
  [[nodiscard]] std::uint64_t revision() const noexcept { return revision_; }

  /// Under which the child is registered while it runs.
  [[nodiscard]] static std::string child_name(const std::string& child) { return "child/" + child; }

  /// The whole state: equal states give equal bytes. The first byte is the version of the format.
  [[nodiscard]] std::string save() const;
  /// Becomes what was saved. False, and no change, if the bytes are none that save() gives.
  [[nodiscard]] bool restore(std::string_view saved);

 private:
  using change_list = std::vector<placement_change>;

  placement_error on(const placing::place& what, const membership& nodes, change_list& changes);
  placement_error on(const placing::forget& what, const membership& nodes, change_list& changes);
  placement_error on(const placing::report_load& what, const membership& nodes, change_list& changes);
  placement_error on(const placing::decline& what, const membership& nodes, change_list& changes);
  placement_error on(const placing::offer& what, const membership& nodes, change_list& changes);
  /// Whether this life of a node runs the child.
  placement_error note_word(const std::string& child, node_life life, bool declines, const membership& nodes,
                            change_list& changes);

  [[nodiscard]] std::map<std::uint32_t, std::uint64_t> loads() const;
  /// The best node for it; node 0 if there is none.
  [[nodiscard]] node_life choose(const std::string& name, const placed_child& child, const membership& nodes,
                                 const std::map<std::uint32_t, std::uint64_t>& loads) const;
  void move(const std::string& name, placed_child& child, node_life to, change_list& changes);

  std::uint64_t revision_ = 0;
  std::map<std::string, placed_child> children_;
  std::map<std::uint32_t, placing::report_load> reported_;  ///< by node; of live members
};

[[nodiscard]] const char* to_string(placement_error error) noexcept;
std::ostream& operator<<(std::ostream& out, placement_error error);
std::ostream& operator<<(std::ostream& out, const placement_change& change);

}  // namespace bulwark
