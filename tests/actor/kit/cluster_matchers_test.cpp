// SPDX-License-Identifier: BSD-3-Clause
// Goal: a witness hears what detectors and the group tell, once and in order, and the matchers say what was
// seen when a test expects something else. Method: machines of a group that the test gives commands, whose
// states nodes tell a witness, in virtual time.
#include "bulwark/testkit/cluster_matchers.hpp"

#include <gmock/gmock.h>

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using namespace testkit;
using enum member_state;
using testing::AllOf;
using testing::ElementsAre;
using testing::Gt;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// A group of which each of `tellers` tells the witness after each command.
struct told_machine {
  void say(const group_command& what) {
    group_changes changes;
    group.apply(what, changes);
    for (const auto& tell : tellers) tell(group);
  }
  void join(std::uint32_t node) {
    say(members::command{members::join{.life = life(node)}});
    say(members::command{members::ready{life(node)}});
  }
  void accuse(std::uint32_t observer, std::uint32_t subject) {
    say(members::command{members::accuse{life(observer), life(subject), 0}});
  }
  void claim(const std::string& name, std::uint32_t node, std::uint64_t start = 1) {
    say(names::command{names::claim{name, life(node), start}});
  }
  static node_life life(std::uint32_t node) { return {node, 10 + node}; }

  membership_group group;
  std::vector<std::function<void(const membership_group&)>> tellers;
};

class cluster_matchers_test : public testing::Test {
 protected:
  cluster_matchers_test() { machine.tellers = {seen.groups(1)}; }

  void join_all() {
    for (std::uint32_t node = 1; node <= 3; ++node) machine.join(node);
    seen.forget();
  }

  template <class Expected, class Source>
  static std::string complaint(const Expected& expected, const Source& source) {
    testing::StringMatchResultListener listener;
    EXPECT_FALSE(testing::ExplainMatchResult(expected, source, &listener));
    return listener.str();
  }

  deterministic_system world;
  witness seen{world};
  told_machine machine;
};

TEST_F(cluster_matchers_test, verdicts_are_seen_with_who_told_and_when) {
  const auto tell = seen.verdicts(1);
  tell({2, peer_state::down, peer_state::up, {}});
  world.advance(400ms);
  tell({2, peer_state::up, peer_state::suspect, 300ms});
  tell({2, peer_state::suspect, peer_state::down, 300ms});
  EXPECT_THAT(seen, Exactly(Heard(2, SeenBy(1), At(0ms)), Suspected(2, At(400ms), Silence(300ms)), Lost(2)));
  EXPECT_THAT(seen, InOrder(Lost(2, From(peer_state::suspect))));
  EXPECT_THAT(seen, Not(InOrder(Lost(2, From(peer_state::up)))));
  EXPECT_THAT(seen, Not(InOrder(Suspected(2, SeenBy(2)))));
  EXPECT_THAT(seen, Not(InOrder(Suspected(3))));
  EXPECT_THAT(seen, Not(InOrder(Suspected(2, At(Gt(duration{400ms}))))));
  EXPECT_THAT(seen, Not(InOrder(Suspected(2, Silence(Gt(duration{300ms}))))));
  EXPECT_THAT(seen, NoEventsFor(3));
  EXPECT_THAT(complaint(NoEventsFor(2), seen), HasSubstr("n1: n2 down -> up"));
  world.advance(1s);
  seen.forget();
  tell({3, peer_state::down, peer_state::up, {}});
  EXPECT_THAT(seen, Exactly(Heard(3, At(0ms))));
}

TEST_F(cluster_matchers_test, members_are_seen_as_they_come_and_go) {
  machine.join(1);
  machine.join(2);
  machine.join(3);
  EXPECT_THAT(seen, Exactly(NodeJoined(1, InView(1)), NodeUp(1), NodeJoined(2, Incarnation(12)), NodeUp(2),
                            NodeJoined(3), NodeUp(3)));
  seen.forget();
  machine.accuse(1, 2);
  machine.accuse(3, 2);
  machine.say(members::command{members::remove{2}});
  machine.say(members::command{members::drain{machine.life(3)}});
  machine.say(members::command{members::leave{machine.life(3)}});
  EXPECT_THAT(seen, Exactly(NodeSuspect(2, AccusedBy(ElementsAre(1))),
                            NodeDown(2, Cause(down_cause::accused), AccusedBy(ElementsAre(1, 3))),
                            NodeRemoved(2), NodeDraining(3, From(up)), NodeDown(3, Cause(down_cause::left))));
  for (const auto& wrong :
       {NodeDown(2, Cause(down_cause::left)), NodeDown(2, Incarnation(11)), NodeDown(2, InView(1)),
        NodeDown(2, From(up)), NodeDown(1), NodeDown(2, SeenBy(2))})
    EXPECT_THAT(seen, Not(InOrder(wrong)));
  EXPECT_THAT(seen, NoEventsFor(1));
}

TEST_F(cluster_matchers_test, names_are_seen_as_they_pass_from_owner_to_owner) {
  join_all();
  machine.claim("ledger", 2);
  machine.claim("ledger", 2, 2);
  machine.claim("index", 1);
  machine.claim("ledger", 3);  // is taken
  machine.say(members::command{members::leave{machine.life(2)}});
  machine.claim("ledger", 3);
  EXPECT_THAT(
      seen, Exactly(NameOwned("ledger", 2, Token(1)), NameOwned("ledger", 2, Token(2)), NameOwned("index", 1),
                    NodeDown(2), NameFree("ledger"), NameOwned("ledger", 3, Token(4), Incarnation(13))));
  EXPECT_THAT(seen, Not(InOrder(NameOwned("ledger", 1))));
  EXPECT_THAT(seen, Not(InOrder(NameOwned("ledger", 3, Token(3)))));
  EXPECT_THAT(seen, NeverTwoOwners());
}

TEST_F(cluster_matchers_test, what_a_node_tells_again_is_no_event_again) {
  told_machine again;
  again.tellers = {seen.groups(1)};
  for (auto* one : {&machine, &again}) {
    one->join(1);
    one->claim("ledger", 1);
  }
  again.claim("index", 1);
  EXPECT_THAT(seen, Exactly(NodeJoined(1), NodeUp(1), NameOwned("ledger", 1), NameOwned("index", 1)));
}

TEST_F(cluster_matchers_test, the_group_as_it_is_is_expected_of_all_who_tell_or_of_some) {
  join_all();
  machine.claim("ledger", 3);
  const auto older = seen.groups(2);
  older(machine.group);
  machine.accuse(1, 2);
  EXPECT_THAT(seen, Not(View({{1, up}, {2, suspect}, {3, up}})));
  EXPECT_THAT(seen, View({{1, up}, {2, suspect}, {3, up}}, {1}));
  EXPECT_THAT(seen, View({{1, up}, {2, up}, {3, up}}, {2}));
  EXPECT_THAT(seen, AllOf(Owner("ledger", 3), NoOwner("index")));
  EXPECT_THAT(seen.group(1), Owner("ledger", 3));
  EXPECT_EQ(complaint(View({{1, up}, {2, suspect}, {3, up}}), seen), "n2: view 6: n1 up, n2 up, n3 up");
  EXPECT_EQ(complaint(View({{1, up}}, {3}), seen), "n3: no group is known");
  EXPECT_EQ(complaint(View({}), witness{world}), "no node told of its group");
  EXPECT_EQ(complaint(Owner("ledger", 1), seen), "n1: \"ledger\" belongs to n3/13, token 1");
  EXPECT_EQ(complaint(Owner("index", 1), seen.group(1)), "\"index\" belongs to nobody");
  EXPECT_EQ(complaint(NoOwner("ledger", {2}), seen), "n2: \"ledger\" belongs to n3/13, token 1");
  older(machine.group);
  EXPECT_THAT(seen, View({{1, up}, {2, suspect}, {3, up}}));
}

TEST_F(cluster_matchers_test, a_member_that_was_removed_is_none_of_a_view) {
  join_all();
  machine.say(members::command{members::leave{machine.life(3)}});
  EXPECT_THAT(seen, View({{1, up}, {2, up}, {3, down}}));
  machine.say(members::command{members::remove{3}});
  EXPECT_THAT(seen, AllOf(View({{1, up}, {2, up}}), View({{1, up}, {2, up}, {3, removed}})));
}

TEST_F(cluster_matchers_test, a_view_that_two_tell_differently_is_found) {
  told_machine other;
  other.tellers = {seen.groups(2)};
  for (auto* one : {&machine, &other}) one->join(1);
  EXPECT_THAT(seen, SameViews());
  machine.join(2);
  EXPECT_THAT(seen, SameViews()) << "one is ahead";
  other.join(3);
  EXPECT_THAT(complaint(SameViews(), seen),
              AllOf(HasSubstr("n1: view 3: n2/12"), HasSubstr("n2: view 3: n3/13")));
}

TEST_F(cluster_matchers_test, one_token_of_two_owners_is_found) {
  told_machine other;
  other.tellers = {seen.groups(2)};
  for (auto* one : {&machine, &other})
    for (const std::uint32_t node : {1, 2}) one->join(node);
  machine.claim("ledger", 1);
  EXPECT_THAT(seen, NeverTwoOwners());
  other.claim("ledger", 2);
  EXPECT_THAT(complaint(NeverTwoOwners(), seen),
              AllOf(HasSubstr("one token, two owners"), HasSubstr("n1: \"ledger\" owned by n1/11, token 1"),
                    HasSubstr("n2: \"ledger\" owned by n2/12, token 1")));
}

TEST_F(cluster_matchers_test, a_name_that_was_not_free_in_between_is_found) {
  told_machine other;
  other.tellers = {seen.groups(1)};
  for (auto* one : {&machine, &other})
    for (const std::uint32_t node : {1, 2}) one->join(node);
  machine.claim("ledger", 1);
  other.claim("ledger", 2);     // is as old as what was told
  other.claim("ledger", 2, 2);  // and this is newer
  EXPECT_THAT(complaint(NeverTwoOwners(), seen), HasSubstr("it was not free in between"));
}

TEST_F(cluster_matchers_test, who_did_not_see_all_changes_proves_nothing) {
  join_all();
  machine.claim("ledger", 1);
  machine.tellers.clear();
  machine.say(members::command{members::leave{machine.life(1)}});
  machine.tellers = {seen.groups(1)};
  machine.claim("ledger", 2);
  EXPECT_THAT(seen, AllOf(InOrder(NameOwned("ledger", 1), NameOwned("ledger", 2)), NeverTwoOwners()));
}

TEST_F(cluster_matchers_test, a_look_is_repeated_at_the_group_as_at_events) {
  struct slow_node {
    [[nodiscard]] std::shared_ptr<const membership_group> group() const {
      return ++looks < 3 ? nullptr : std::make_shared<const membership_group>();
    }
    mutable int looks = 0;
  };
  const slow_node node;
  EXPECT_THAT(node, EventuallySees(View({})));
  EXPECT_EQ(node.looks, 3);
  EXPECT_EQ(complaint(EventuallySees(View({{1, up}}), 1ms), node), "view 0: no members");
}

TEST_F(cluster_matchers_test, a_failure_shows_all_that_was_seen_and_what_was_expected) {
  join_all();
  world.advance(1500ms);
  machine.accuse(1, 2);
  machine.claim("ledger", 3);
  EXPECT_EQ(testing::PrintToString(seen),
            "events:\n"
            "    +1.500 s  n1: view 7: n2/12 up -> suspect, accused by n1\n"
            "    +1.500 s  n1: \"ledger\" owned by n3/13, token 1\n");
  EXPECT_THAT(complaint(InOrder(NodeDown(2, SeenBy(1))), seen),
              AllOf(HasSubstr("there is no event that"), HasSubstr("says that n2 is down in a new view"),
                    HasSubstr("is told by n1")));
  EXPECT_THAT(
      testing::DescribeMatcher<const witness&>(EventuallySees(View({{1, up}, {2, down}}, {1, 3}), 1s)),
      "within 1 s the members are n1 up, n2 down, as seen by n1, n3");
}

}  // namespace
}  // namespace bulwark
