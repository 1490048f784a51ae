// SPDX-License-Identifier: BSD-3-Clause
// Goal: a name has one live owner or none, tokens fence the owners before, and those who follow a dead owner
// are told to wait.
// Method: command by command against a group, through bytes.
#include "bulwark/supervision/core/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "bulwark/supervision/core/membership_group.hpp"

namespace bulwark {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A group of nodes in their first lives, told everything in bytes, as a log would.
class named_group {
 public:
  explicit named_group(std::uint32_t nodes) {
    for (std::uint32_t node = 1; node <= nodes; ++node) {
      tell(members::command{members::join{{node, 1}, {}, {}}});
      tell(members::command{members::ready{{node, 1}}});
    }
  }

  group_result tell(const group_command& what) {
    changes.clear();
    return decode_group_result(group.apply(encode(what), changes)).value();
  }

  registry_result claim(const std::string& name, node_life owner, std::uint64_t start = 1) {
    return std::get<registry_result>(tell(names::command{names::claim{name, owner, start}}));
  }
  registry_error release(const std::string& name, std::uint64_t token) {
    return std::get<registry_result>(tell(names::command{names::release{name, token}})).error;
  }
  registry_error settled(const std::string& name, std::uint64_t token) {
    return std::get<registry_result>(tell(names::command{names::settled{name, token}})).error;
  }

  /// Two observers of three nodes are enough.
  void bring_down(std::uint32_t node) {
    const auto observers = group.nodes().observers_of(node);
    for (std::size_t i = group.nodes().accusers_needed(node); i > 0; --i)
      tell(members::command{
          members::accuse{group.nodes().find(observers[i - 1])->life, group.nodes().find(node)->life, 0}});
  }

  membership_group group;
  group_changes changes;
};

TEST(registry, a_free_name_is_granted_with_a_token_and_found) {
  named_group run{3};
  const auto result = run.claim("orders", {1, 1});
  EXPECT_EQ(result.error, registry_error::none);
  EXPECT_EQ(result.entry, (name_entry{{1, 1}, 1, 1, false}));
  EXPECT_EQ(*run.group.names().whereis("orders"), result.entry);
  EXPECT_EQ(run.group.names().whereis("prices"), nullptr);
  EXPECT_THAT(run.changes.names, ElementsAre(name_change{1, "orders", name_event::granted, 0, 1}));
}

TEST(registry, a_name_with_a_live_owner_is_taken_even_if_that_is_suspect) {
  named_group run{5};
  run.claim("orders", {1, 1});
  EXPECT_EQ(run.claim("orders", {2, 1}).error, registry_error::taken);
  run.tell(members::command{members::accuse{{2, 1}, {1, 1}, 0}});
  ASSERT_EQ(run.group.nodes().find(1)->state, member_state::suspect);
  const auto result = run.claim("orders", {2, 1});
  EXPECT_EQ(result.error, registry_error::taken);
  EXPECT_EQ(result.entry.owner, (node_life{1, 1}));
  EXPECT_THAT(run.changes.names, IsEmpty());
}

TEST(registry, a_claim_said_twice_gets_the_same_token) {
  named_group run{3};
  EXPECT_EQ(run.claim("orders", {1, 1}), run.claim("orders", {1, 1}));
  EXPECT_EQ(run.group.names().revision(), 1u);
}

TEST(registry, a_service_restarted_in_its_process_gets_a_new_token) {
  named_group run{3};
  run.claim("orders", {1, 1}, 5);
  EXPECT_EQ(run.claim("orders", {1, 1}, 6).entry.token, 2u);
  EXPECT_THAT(run.changes.names, ElementsAre(name_change{2, "orders", name_event::restarted, 1, 2}));
  EXPECT_EQ(run.group.names().check("orders", 1), registry_error::stale_token);
  // A late claim of the start before takes nothing away.
  EXPECT_EQ(run.claim("orders", {1, 1}, 5).error, registry_error::taken);
}

TEST(registry, names_of_a_life_that_goes_down_are_free_in_the_same_step) {
  named_group run{5};
  run.claim("orders", {1, 1});
  run.claim("prices", {2, 1});
  run.claim("stocks", {1, 1});
  run.bring_down(1);
  EXPECT_THAT(run.changes.names, ElementsAre(name_change{4, "orders", name_event::node_down, 1, 0},
                                             name_change{5, "stocks", name_event::node_down, 3, 0}));
  EXPECT_EQ(run.group.names().size(), 1u);
  EXPECT_EQ(run.claim("orders", {1, 1}).error, registry_error::fenced);
  EXPECT_EQ(run.claim("orders", {1, 2}).error, registry_error::unknown_node);
  EXPECT_EQ(run.release("orders", 1), registry_error::unknown_name);
  EXPECT_EQ(run.claim("orders", {2, 1}).entry.token, 4u);
  EXPECT_EQ(run.release("orders", 1), registry_error::stale_token);
}

TEST(registry, whoever_follows_a_dead_owner_must_wait_until_it_is_settled) {
  named_group run{5};
  run.claim("orders", {1, 1});
  run.bring_down(1);
  EXPECT_TRUE(run.claim("orders", {2, 1}).entry.must_wait);
  // Not even a restart of the new owner may skip the waiting.
  const auto again = run.claim("orders", {2, 1}, 2);
  EXPECT_TRUE(again.entry.must_wait);
  EXPECT_EQ(run.settled("orders", again.entry.token - 1), registry_error::stale_token);
  EXPECT_EQ(run.settled("orders", again.entry.token), registry_error::none);
  EXPECT_FALSE(run.claim("orders", {2, 1}, 3).entry.must_wait);
}

TEST(registry, the_duty_to_wait_is_passed_on_by_those_who_did_not_wait) {
  named_group run{5};
  run.claim("orders", {1, 1});
  run.bring_down(1);
  const auto second = run.claim("orders", {2, 1});
  run.release("orders", second.entry.token);
  EXPECT_TRUE(run.claim("orders", {3, 1}).entry.must_wait);
  run.tell(members::command{members::leave{{3, 1}}});
  EXPECT_TRUE(run.claim("orders", {4, 1}).entry.must_wait);
}

TEST(registry, who_gave_the_name_up_or_left_leaves_nobody_waiting) {
  named_group run{5};
  const auto first = run.claim("orders", {1, 1});
  EXPECT_EQ(run.release("orders", first.entry.token), registry_error::none);
  EXPECT_THAT(run.changes.names, ElementsAre(name_change{2, "orders", name_event::service_down, 1, 0}));
  EXPECT_FALSE(run.claim("orders", {2, 1}).entry.must_wait);
  run.tell(members::command{members::leave{{2, 1}}});
  EXPECT_FALSE(run.claim("orders", {3, 1}).entry.must_wait);
  // A later life of the node says nothing about how the one before ended.
  run.tell(members::command{members::join{{3, 2}, {}, {}}});
  EXPECT_TRUE(run.claim("orders", {4, 1}).entry.must_wait);
}

TEST(registry, strangers_and_bad_names_are_refused) {
  named_group run{2};
  EXPECT_EQ(run.claim("orders", {9, 1}).error, registry_error::unknown_node);
  EXPECT_EQ(run.claim("", {1, 1}).error, registry_error::bad_argument);
  EXPECT_EQ(run.claim(std::string(256, 'x'), {1, 1}).error, registry_error::bad_argument);
  EXPECT_EQ(run.claim("orders", {1, 1}, 0).error, registry_error::bad_argument);
  EXPECT_EQ(run.group.names().size(), 0u);
}

TEST(registry, the_number_of_names_is_bounded_and_lost_ones_are_not_forgotten_unsafely) {
  membership nodes;
  std::vector<membership_change> moves;
  std::vector<name_change> changes;
  registry names;
  const auto fill = [&](std::uint64_t life, const std::string& prefix) {
    nodes.apply(members::join{{1, life}, {}, {}}, moves);
    for (const auto& move : std::exchange(moves, {})) names.on(move, changes);
    for (std::size_t i = 0; i < registry::names_max; ++i)
      EXPECT_EQ(names.apply(names::claim{prefix + std::to_string(i), {1, life}, 1}, nodes, changes).error,
                registry_error::none);
  };
  fill(1, "a");
  EXPECT_EQ(names.apply(names::claim{"one more", {1, 1}, 1}, nodes, changes).error, registry_error::full);
  fill(2, "b");
  nodes.apply(members::join{{1, 3}, {}, {}}, moves);
  for (const auto& move : moves) names.on(move, changes);
  // There was no room to remember that the first ones are lost: now everything that is free may be.
  EXPECT_TRUE(names.apply(names::claim{"a0", {1, 3}, 1}, nodes, changes).entry.must_wait);
  EXPECT_TRUE(names.apply(names::claim{"never seen", {1, 3}, 1}, nodes, changes).entry.must_wait);
}

TEST(membership_group, commands_and_results_survive_their_bytes) {
  for (const group_command& what : {group_command{names::command{names::claim{"orders", {1, 2}, 3}}},
                                    group_command{names::command{names::release{"orders", 4}}},
                                    group_command{names::command{names::settled{"orders", 4}}},
                                    group_command{placing::command{placing::place{"orders", "db", 3}}},
                                    group_command{placing::command{placing::forget{"orders"}}},
                                    group_command{placing::command{placing::report_load{{1, 2}, 900}}},
                                    group_command{placing::command{placing::decline{"orders", {1, 2}}}},
                                    group_command{placing::command{placing::offer{"orders", {3, 4}}}},
                                    group_command{members::command{members::drain{{1, 2}}}}}) {
    const auto bytes = encode(what);
    EXPECT_EQ(decode_group_command(bytes), what);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_FALSE(decode_group_command(std::string_view{bytes}.substr(0, size)));
    EXPECT_FALSE(decode_group_command(bytes + 'x'));
  }
  for (const group_result& what : {group_result{membership_result{membership_error::fenced, 7, 8}},
                                   group_result{registry_result{registry_error::taken, {{1, 2}, 3, 4, true}}},
                                   group_result{placement_error::full}})
    EXPECT_EQ(decode_group_result(encode(what)), what);
}

TEST(membership_group, bytes_that_are_no_command_change_nothing) {
  named_group run{2};
  const auto before = run.group.save();
  for (const std::string& bytes :
       {std::string{}, std::string{"\1"}, std::string{"\1\50"}, std::string(9, '\xff')})
    EXPECT_EQ(decode_group_result(run.group.apply(bytes, run.changes)),
              (group_result{membership_result{membership_error::malformed, run.group.nodes().view(), 0}}));
  EXPECT_EQ(run.group.save(), before);
}

}  // namespace
}  // namespace bulwark
