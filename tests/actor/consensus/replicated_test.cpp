// SPDX-License-Identifier: BSD-3-Clause
// Goal: a replicated<T> is called like any actor, on any node, and loses nothing when a member dies or an
// actor below
//       it crashes.
// Method: three members in three actor systems of this process, over loopback and real logs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <caf/all.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "bulwark/actors/node_config.hpp"
#include "bulwark/consensus/data_directory.hpp"
#include "bulwark/consensus/messages.hpp"
#include "bulwark/supervision/messages.hpp"
#include "counter.hpp"
#include "three_stations.hpp"

namespace bulwark::test {
namespace {

using namespace consensus;
using namespace std::chrono_literals;

class replicated_service : public three_stations<counters, caf::id_block::counter_messages> {
 protected:
  explicit replicated_service(connections are = connections::plain) : three_stations({}, are) {}

  std::int64_t add_to(std::uint32_t number, const std::string& name, std::int64_t amount) {
    return at(number).call<std::int64_t>(add{name, amount});
  }

  /// A counter as a member has it, if that may be so old, and how old it is.
  std::pair<std::int64_t, std::chrono::milliseconds> old_total_at(std::uint32_t number,
                                                                  const std::string& name, at_most limit) {
    std::pair<std::int64_t, std::chrono::milliseconds> got{};
    at(number).problem = {};
    at(number)
        .self->request(at(number).service.ref(), 20s, limit, get{name})
        .receive(
            [&](std::int64_t total, at_most old) {
              got = {total, old.age};
            },
            [&](caf::error& why) { at(number).problem = std::move(why); });
    return got;
  }

  /// Asks until the answer is older than the question, so one that the member gave by itself.
  bool comes_to_answer_by_itself(std::uint32_t number) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < end) {
      const auto asked_at = std::chrono::steady_clock::now();
      const auto old = old_total_at(number, "a", {1h}).second;
      if (!at(number).problem && old > 2 * (std::chrono::steady_clock::now() - asked_at) + 2ms) return true;
    }
    return false;
  }

  /// A counter as a member sees it, once it serves.
  std::int64_t total_at(std::uint32_t number, const std::string& name) {
    std::int64_t total = 0;
    const auto end = std::chrono::steady_clock::now() + 20s;
    do {
      at(number).problem = {};
      total = at(number).call<std::int64_t>(get{name});
    } while (at(number).problem && std::chrono::steady_clock::now() < end);
    return total;
  }
};

TEST_F(replicated_service, is_called_like_any_actor_and_all_members_agree) {
  EXPECT_EQ(add_to(1, "a", 5), 5);
  EXPECT_EQ(add_to(2, "a", 2), 7);
  for (std::uint32_t number = 1; number <= 3; ++number)
    EXPECT_EQ(at(number).call<std::int64_t>(get{"a"}), 7) << "member " << number;
}

TEST_F(replicated_service, what_the_state_throws_reaches_whoever_asked) {
  add_to(3, "a", -1);
  EXPECT_EQ(at(3).problem, replicated_error::refused);
  EXPECT_THAT(at(3).system.render(at(3).problem), testing::HasSubstr("a would be below zero"));
  EXPECT_EQ(add_to(3, "a", 1), 1);
}

TEST_F(replicated_service, goes_on_without_its_leader_which_has_missed_nothing_once_it_is_back) {
  ASSERT_EQ(add_to(1, "a", 5), 5);
  const auto leader = leader_seen_by(1);
  ASSERT_NE(leader, 0u);
  const auto other = leader == 1 ? 2u : 1u;
  stop(leader);
  ASSERT_NE(leader_seen_by(other, leader), leader);
  EXPECT_EQ(total_at(other, "a"), 5);
  EXPECT_EQ(add_to(other, "a", 1), 6);
  start(leader);
  EXPECT_EQ(total_at(leader, "a"), 6);
}

TEST_F(replicated_service, keeps_everything_when_all_members_go) {
  ASSERT_EQ(add_to(1, "a", 5), 5);
  for (std::uint32_t number = 1; number <= 3; ++number) stop(number);
  for (std::uint32_t number = 1; number <= 3; ++number) start(number);
  EXPECT_EQ(total_at(2, "a"), 5);
}

TEST_F(replicated_service, a_session_key_makes_it_safe_to_ask_again_over_crashes) {
  // Each command is asked for at all members in turn, while actors below them are crashed.
  constexpr int commands = 30;
  for (int number = 1; number <= commands; ++number) {
    std::int64_t total = 0;
    for (std::uint32_t attempt = 0; total == 0 && attempt < 300; ++attempt) {
      auto& asked = at(1 + (static_cast<std::uint32_t>(number) + attempt) % 3);
      if (attempt == 0 && number % 3 == 0)
        caf::anon_send(asked.service.member().supervisor(),
                       kill_child{number % 2 == 0 ? "consensus/replica" : "consensus/log", {}});
      total =
          asked.call<std::int64_t>(session_key{"till", static_cast<std::uint64_t>(number)}, add{"sold", 1});
    }
    ASSERT_EQ(total, number);
  }
}

/// Longer than any test takes.
constexpr at_most long_ago{1h};

TEST_F(replicated_service, a_query_that_may_be_old_is_answered_by_any_member_with_its_age) {
  ASSERT_EQ(add_to(1, "a", 5), 5);
  for (std::uint32_t number = 1; number <= 3; ++number) {
    // The first may be asked of the leader, and has an age all the same.
    for (int time = 0; time < 3; ++time) {
      const auto [total, old] = old_total_at(number, "a", long_ago);
      EXPECT_EQ(total, 5) << "member " << number;
      EXPECT_LE(old, 20s);
    }
  }
}

TEST_F(replicated_service, without_a_majority_old_queries_go_on_and_others_do_not) {
  ASSERT_EQ(add_to(1, "a", 5), 5);
  const auto asked_at = std::chrono::steady_clock::now();
  ASSERT_TRUE(comes_to_answer_by_itself(1));
  stop(2);
  stop(3);
  const auto cut_off_at = std::chrono::steady_clock::now();
  for (int attempt = 0; attempt < 5 && at(1).problem != replicated_error::no_leader; ++attempt)
    at(1).call<std::int64_t>(get{"a"});
  ASSERT_EQ(at(1).problem, replicated_error::no_leader);
  const auto since = std::chrono::steady_clock::now();
  const auto [total, old] = old_total_at(1, "a", long_ago);
  EXPECT_EQ(at(1).problem, caf::error{});
  EXPECT_EQ(total, 5);
  EXPECT_GE(old, since - cut_off_at) << "nobody can have vouched for anything since";
  EXPECT_LE(old, 2 * (std::chrono::steady_clock::now() - asked_at) + 10ms);
  old_total_at(1, "a", {0ms});
  EXPECT_EQ(at(1).problem, replicated_error::no_leader);
}

TEST_F(replicated_service, says_that_nothing_happened_when_there_is_no_majority) {
  ASSERT_EQ(add_to(1, "a", 5), 5);
  stop(2);
  stop(3);
  // What was under way when the others went may have an unknown outcome; then it is certain.
  for (int attempt = 0; attempt < 5 && at(1).problem != replicated_error::no_leader; ++attempt)
    add_to(1, "b", 1);
  EXPECT_EQ(at(1).problem, replicated_error::no_leader) << at(1).system.render(at(1).problem);
}

group_member_options options_of(std::uint32_t self, std::map<std::uint32_t, peer_address> peers,
                                duration interval = 100ms) {
  group_member_options options;
  options.self = self;
  options.peers = std::move(peers);
  options.interval = interval;
  return options;
}

TEST(replicated_options, that_cannot_work_are_refused_with_the_reason) {
  replicated_config<> config;
  caf::actor_system system{config};
  const auto directory =
      std::filesystem::temp_directory_path() / ("bulwark-refused-" + std::to_string(::getpid()));
  const auto refused = [&](group_member_options options) -> std::string {
    options.directory = directory;
    try {
      replicated<counters> never{system, std::move(options)};
    } catch (const std::invalid_argument& problem) {
      return problem.what();
    }
    return {};
  };
  EXPECT_THAT(refused({}), testing::HasSubstr("self is 0"));
  EXPECT_THAT(refused(options_of(2, {{2, {"127.0.0.1", 1}}})), testing::HasSubstr("which is this one"));
  EXPECT_THAT(refused(options_of(2, {}, 0ms)), testing::HasSubstr("interval"));
  auto open_to_all = options_of(2, {});
  open_to_all.listen.host = "0.0.0.0";
  EXPECT_THAT(refused(open_to_all), testing::HasSubstr("or tls"));
  auto held_options = options_of(2, {});
  held_options.directory = directory;
  const data_directory held{directory, {"default", node_id{2}}};
  EXPECT_THROW((replicated<counters>{system, held_options}), log_failure);
  std::filesystem::remove_all(directory);
}

// -- by TLS

class guarded_service : public replicated_service {
 protected:
  guarded_service() : replicated_service(connections::tls) {}
};

TEST_F(guarded_service, goes_on_without_its_leader_as_one_without_tls_does) {
  ASSERT_EQ(add_to(1, "a", 5), 5);
  const auto leader = leader_seen_by(1);
  ASSERT_NE(leader, 0u);
  const auto other = leader == 1 ? 2u : 1u;
  stop(leader);
  ASSERT_NE(leader_seen_by(other, leader), leader);
  EXPECT_EQ(total_at(other, "a"), 5);
  start(leader);
  EXPECT_EQ(total_at(leader, "a"), 5);
}

// -- who votes

class growing_service : public three_stations<counters, caf::id_block::counter_messages> {
 protected:
  growing_service() : three_stations({1}) {}

  /// Asks member 1 until it is more than a matter of time.
  change_outcome change(change_kind kind, std::uint32_t node) {
    auto outcome = change_outcome::busy;
    const auto end = std::chrono::steady_clock::now() + 20s;
    const auto passes = [&] {
      return outcome == change_outcome::busy || outcome == change_outcome::behind ||
             outcome == change_outcome::not_leader;
    };
    while (passes() && std::chrono::steady_clock::now() < end)
      at(1)
          .self
          ->request(at(1).service.member().replica(), 20s,
                    change_group{static_cast<std::uint8_t>(kind), node, 0, {}})
          .receive([&](const group_change_result& result) { outcome = change_outcome{result.outcome}; },
                   [](const caf::error&) {});
    return outcome;
  }
};

TEST_F(growing_service, begins_with_one_voter_and_outlives_it) {
  EXPECT_EQ(at(3).call<std::int64_t>(add{"a", 5}), 5) << "who has no vote asks the one that has";
  for (const std::uint32_t node : {2u, 3u}) {
    EXPECT_EQ(change(change_kind::add, node), change_outcome::changed);
    EXPECT_EQ(change(change_kind::promote, node), change_outcome::changed);
  }
  EXPECT_EQ(at(2).call<std::int64_t>(add{"a", 2}), 7);
  stop(1);
  leader_seen_by(2, 1);
  EXPECT_EQ(at(2).call<std::int64_t>(add{"a", 1}), 8);
  EXPECT_EQ(at(3).call<std::int64_t>(get{"a"}), 8);
}

}  // namespace
}  // namespace bulwark::test
