// SPDX-License-Identifier: BSD-3-Clause
// Goal: a configuration survives its way through log and snapshot, anything else is told apart, and a change
// gives
//       the nodes that it should.
#include "bulwark/consensus/core/configuration.hpp"

#include <gtest/gtest.h>

#include <string>

#include "roster.hpp"

namespace bulwark::consensus {
namespace {

/// n1 n2 n3 vote, n4 learns.
configuration three_and_a_learner() {
  return {slot{7},
          slot{2},
          {{node_id{1}, true, {}},
           {node_id{2}, true, {}},
           {node_id{3}, true, {}},
           {node_id{4}, false, "host:7000"}}};
}

change_members change(change_kind kind, std::uint32_t node, std::uint32_t by = 0) {
  return {1, kind, node_id{node}, node_id{by}, {}};
}

std::string after(const change_members& what) {
  const auto planned = plan(three_and_a_learner(), what);
  return planned.result == change_outcome::changed ? to_string(configuration{{}, {}, planned.nodes})
                                                   : to_string(planned.result);
}

TEST(configuration, comes_back_from_the_log) {
  const auto what = to_value(three_and_a_learner());
  EXPECT_TRUE(is_configuration(what));
  EXPECT_EQ(configuration_in(what, slot{7}), three_and_a_learner());
}

TEST(configuration, is_no_command_of_a_client) {
  EXPECT_FALSE(is_configuration(value{}));
  EXPECT_FALSE(is_configuration(
      value{{command{node_id{1}, 2, 3, to_value(three_and_a_learner()).commands[0].payload}}}));
}

TEST(configuration, broken_bytes_are_none) {
  std::string whole;
  encode(three_and_a_learner(), whole);
  ASSERT_TRUE(decode_configuration(whole));
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(decode_configuration(whole.substr(0, size))) << size;
  EXPECT_FALSE(decode_configuration(whole + "x"));
  auto strange = whole;
  strange[0] = 2;  // a version to come
  EXPECT_FALSE(decode_configuration(strange));
}

TEST(configuration, nobody_twice_and_somebody_votes) {
  const auto encoded = [](std::vector<group_node> nodes) {
    std::string out;
    encode({slot{}, slot{}, std::move(nodes)}, out);
    return out;
  };
  EXPECT_FALSE(decode_configuration(encoded({})));
  EXPECT_FALSE(decode_configuration(encoded({{node_id{1}, false, {}}})));
  EXPECT_FALSE(decode_configuration(encoded({{node_id{1}, true, {}}, {node_id{1}, true, {}}})));
  EXPECT_FALSE(decode_configuration(encoded({{node_id{2}, true, {}}, {node_id{1}, true, {}}})));
  EXPECT_FALSE(decode_configuration(encoded({{node_id::none, true, {}}})));
  EXPECT_FALSE(decode_configuration(encoded({{node_id{1}, true, std::string(256, 'x')}})));
  EXPECT_TRUE(decode_configuration(encoded({{node_id{1}, true, std::string(255, 'x')}})));
}

TEST(configuration, is_part_of_a_snapshot) {
  const auto saved = to_snapshot(three_and_a_learner(), "the state");
  const auto parts = from_snapshot(saved);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->first, three_and_a_learner());
  EXPECT_EQ(parts->second, "the state");
  const auto header = saved.size() - std::string{"the state"}.size();
  for (std::size_t size = 8; size < header; ++size)
    EXPECT_FALSE(from_snapshot(saved.substr(0, size))) << size;
}

TEST(configuration, a_group_that_never_changed_saves_its_state_alone) {
  const configuration first{{}, {}, {{node_id{1}, true, {}}}};
  EXPECT_EQ(to_snapshot(first, "state"), "state");
  const auto parts = from_snapshot("state");
  ASSERT_TRUE(parts);
  EXPECT_TRUE(parts->first.nodes.empty());
  EXPECT_EQ(parts->second, "state");
}

TEST(configuration, a_state_may_look_like_one) {
  const configuration first{{}, {}, {{node_id{1}, true, {}}}};
  const auto state = to_snapshot(three_and_a_learner(), "x");
  const auto saved = to_snapshot(first, state);
  const auto parts = from_snapshot(saved);
  ASSERT_TRUE(parts);
  EXPECT_TRUE(parts->first.nodes.empty());
  EXPECT_EQ(parts->second, state);
}

TEST(configuration, changes_are_planned) {
  EXPECT_EQ(after(change(change_kind::add, 9)), "n1 n2 n3, learners n4 n9");
  EXPECT_EQ(after(change(change_kind::promote, 4)), "n1 n2 n3 n4");
  EXPECT_EQ(after(change(change_kind::remove, 2)), "n1 n3, learners n4");
  EXPECT_EQ(after(change(change_kind::remove, 4)), "n1 n2 n3");
  EXPECT_EQ(after(change(change_kind::replace, 2, 4)), "n1 n3 n4");
}

TEST(configuration, what_makes_no_sense_is_refused) {
  EXPECT_EQ(after(change(change_kind::add, 0)), "no such node");
  EXPECT_EQ(after(change(change_kind::promote, 9)), "no such node");
  EXPECT_EQ(after(change(change_kind::promote, 1)), "already so");
  EXPECT_EQ(after(change(change_kind::remove, 9)), "already so");
  EXPECT_EQ(after(change(change_kind::replace, 9, 4)), "no such node");
  EXPECT_EQ(after(change(change_kind::replace, 1, 2)), "no such node");
  EXPECT_EQ(after(change(change_kind::replace, 1, 9)), "no such node");
  EXPECT_EQ(after(change(change_kind::replace, 9, 1)), "already so");
  EXPECT_EQ(after(change(change_kind{99}, 1)), "no such node");
}

TEST(configuration, the_last_voter_stays) {
  const configuration one{slot{1}, {}, {{node_id{1}, true, {}}, {node_id{2}, false, {}}}};
  EXPECT_EQ(plan(one, change(change_kind::remove, 1)).result, change_outcome::unsafe);
  EXPECT_EQ(plan(one, change(change_kind::replace, 1, 2)).result, change_outcome::changed);
}

TEST(configuration, a_group_has_an_end) {
  configuration full{slot{1}, {}, {}};
  for (std::uint32_t id = 1; id <= group_nodes_max; ++id) full.nodes.push_back({node_id{id}, true, {}});
  EXPECT_EQ(plan(full, change(change_kind::add, 1000)).result, change_outcome::too_many);
}

// -- roster ---------------------------------------------------------------------------------------------

TEST(roster, indices_stay_and_only_voters_count) {
  roster known{three_and_a_learner(), node_id{2}};
  ASSERT_EQ(known.admit(node_id{9}), 4u);
  node_set some;
  some.add(*known.index_of(node_id{1}));
  some.add(*known.index_of(node_id{4}));
  some.add(*known.index_of(node_id{9}));
  EXPECT_FALSE(known.is_quorum(some));
  EXPECT_TRUE(
      known
          .adopt({slot{9}, slot{7}, {{node_id{1}, true, {}}, {node_id{4}, true, {}}, {node_id{9}, true, {}}}})
          .empty());
  EXPECT_TRUE(known.is_quorum(some));
  EXPECT_EQ(known.at(4), node_id{9});
  EXPECT_EQ(known.at(known.self()), node_id{2});
  EXPECT_FALSE(known.is_member(known.self()));
}

TEST(roster, outsiders_make_room_for_members) {
  roster known{three_and_a_learner(), node_id{1}};
  for (std::uint32_t id = 100; known.admit(node_id{id}); ++id) {
  }
  EXPECT_EQ(known.size(), node_set::capacity);
  auto next_one = three_and_a_learner();
  next_one.nodes.push_back({node_id{99}, true, {}});
  const auto forgotten = known.adopt(next_one);
  ASSERT_EQ(forgotten.size(), 1u);
  EXPECT_EQ(known.at(forgotten[0]), node_id{99});
  EXPECT_TRUE(known.is_voter(forgotten[0]));
}

}  // namespace
}  // namespace bulwark::consensus
