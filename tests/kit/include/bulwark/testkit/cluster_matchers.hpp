// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gmock/gmock.h>
#include <concepts>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "bulwark/testkit/expected_events.hpp"
#include "bulwark/testkit/witness.hpp"

/// Matchers for what nodes think of each other, and what their group decided:
///
///     EXPECT_THAT(seen, EventuallySees(InOrder(Suspected(2, SeenBy(1)), NodeDown(2), NameFree("ledger"))));
///     EXPECT_THAT(seen, SameViews());
///     EXPECT_THAT(node, View({{1, member_state::up}, {2, member_state::down}}));
namespace bulwark::testkit {

using witnessed_matcher = testing::Matcher<const witnessed_event&>;

// -- details --------------------------------------------------------------------------------------

/// This node told it.
[[nodiscard]] witnessed_matcher SeenBy(std::uint32_t node);

/// So long after the witness began, or forgot.
[[nodiscard]] witnessed_matcher At(duration time);
[[nodiscard]] witnessed_matcher At(const testing::Matcher<duration>& time);

/// What the peer was for the detector before, or the member for the group.
[[nodiscard]] witnessed_matcher From(peer_state state);
[[nodiscard]] witnessed_matcher From(member_state state);

/// Of a verdict: the peer was not heard for so long.
[[nodiscard]] witnessed_matcher Silence(duration length);
[[nodiscard]] witnessed_matcher Silence(const testing::Matcher<duration>& length);

/// Of a member or the owner of a name: the incarnation of that life.
[[nodiscard]] witnessed_matcher Incarnation(const testing::Matcher<std::uint64_t>& number);

/// Of a member that is down: why.
[[nodiscard]] witnessed_matcher Cause(down_cause cause);

/// Of a member that is suspect, or down by accusation: those whose word stands, ascending.
[[nodiscard]] witnessed_matcher AccusedBy(const testing::Matcher<const std::vector<std::uint32_t>&>& nodes);

/// Of a member: the number of the view to which this led.
[[nodiscard]] witnessed_matcher InView(const testing::Matcher<std::uint64_t>& number);

/// Of a name: the token under which it is owned.
[[nodiscard]] witnessed_matcher Token(const testing::Matcher<std::uint64_t>& number);

// -- events ---------------------------------------------------------------------------------------

[[nodiscard]] witnessed_matcher VerdictEvent(peer_state to, std::uint32_t peer,
                                             std::vector<witnessed_matcher> details);
[[nodiscard]] witnessed_matcher MemberEvent(member_state to, std::uint32_t node,
                                            std::vector<witnessed_matcher> details);
/// `owner` 0: nobody.
[[nodiscard]] witnessed_matcher NameEvent(std::string_view name, std::uint32_t owner,
                                          std::vector<witnessed_matcher> details);

#define BULWARK_NODE_MATCHER(Name, Event, state)                                        \
  template <class... Details>                                                           \
  [[nodiscard]] witnessed_matcher Name(std::uint32_t node, const Details&... details) { \
    return Event(state, node, {witnessed_matcher{details}...});                         \
  }

// A detector's verdict on a peer. It is evidence and no more: the group decides.
BULWARK_NODE_MATCHER(Heard, VerdictEvent, peer_state::up)
BULWARK_NODE_MATCHER(Suspected, VerdictEvent, peer_state::suspect)
BULWARK_NODE_MATCHER(Lost, VerdictEvent, peer_state::down)

// A new view of the group, in which a node has this state.
BULWARK_NODE_MATCHER(NodeJoined, MemberEvent, member_state::joining)
BULWARK_NODE_MATCHER(NodeUp, MemberEvent, member_state::up)
BULWARK_NODE_MATCHER(NodeSuspect, MemberEvent, member_state::suspect)
BULWARK_NODE_MATCHER(NodeDraining, MemberEvent, member_state::draining)
BULWARK_NODE_MATCHER(NodeDown, MemberEvent, member_state::down)
BULWARK_NODE_MATCHER(NodeRemoved, MemberEvent, member_state::removed)

#undef BULWARK_NODE_MATCHER

/// The name belongs to this node from now on, or to a later start of its service there.
template <class... Details>
[[nodiscard]] witnessed_matcher NameOwned(std::string_view name, std::uint32_t owner,
                                          const Details&... details) {
  return NameEvent(name, owner, {witnessed_matcher{details}...});
}

/// The name belongs to nobody from now on.
template <class... Details>
[[nodiscard]] witnessed_matcher NameFree(std::string_view name, const Details&... details) {
  return NameEvent(name, 0, {witnessed_matcher{details}...});
}

// -- what happened, all in all --------------------------------------------------------------------

/// No detector changed its mind about this node, and neither did the group.
[[nodiscard]] expected_events<witnessed_event> NoEventsFor(std::uint32_t node);

/// What nodes told of their views fits together: a view is the same for all, so that the views of one are
/// the beginning of those of another.
[[nodiscard]] expected_events<witnessed_event> SameViews();

/// No name passed from one owner to another without being free in between, its tokens grew, and nobody saw
/// another owner under the same token.
[[nodiscard]] expected_events<witnessed_event> NeverTwoOwners();

// -- the group as it is now -----------------------------------------------------------------------

/// What is expected of the group as nodes see it now: of a cluster_node, of anything else that has a member
/// function group(), of such a group itself, or of a witness. Of a witness it is expected of all nodes that
/// told of their group, or of those that are named.
class expected_group {
 public:
  using is_gtest_matcher = void;
  using group_ptr = std::shared_ptr<const membership_group>;
  using check = std::function<std::string(const membership_group& group)>;  ///< what is wrong; empty: nothing
  using node_list = std::vector<std::uint32_t>;

  expected_group(std::string intent, check find_problem, node_list seen_by)
      : intent_{std::move(intent)}, find_problem_{std::move(find_problem)}, seen_by_{std::move(seen_by)} {}

  template <class Source>
  bool MatchAndExplain(const Source& source, std::ostream* out) const {
    if constexpr (std::same_as<Source, witness>)
      return judge(source, out);
    else if constexpr (std::convertible_to<const Source&, group_ptr>)
      return judge(group_ptr{source}, out);
    else
      return judge(group_ptr{source.group()}, out);
  }
  void DescribeTo(std::ostream* out) const;
  void DescribeNegationTo(std::ostream* out) const;

 private:
  bool judge(const group_ptr& group, std::ostream* out) const;
  bool judge(const witness& seen, std::ostream* out) const;
  [[nodiscard]] std::string problem_of(const group_ptr& group) const;

  std::string intent_;
  check find_problem_;
  node_list seen_by_;
};

/// These are the members, with their states. Those that were removed are none.
[[nodiscard]] expected_group View(std::map<std::uint32_t, member_state> members,
                                  std::vector<std::uint32_t> seen_by = {});

/// This node owns the name.
[[nodiscard]] expected_group Owner(std::string_view name, std::uint32_t node,
                                   std::vector<std::uint32_t> seen_by = {});

/// Nobody owns the name.
[[nodiscard]] expected_group NoOwner(std::string_view name, std::vector<std::uint32_t> seen_by = {});

}  // namespace bulwark::testkit
