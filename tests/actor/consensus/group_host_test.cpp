// SPDX-License-Identifier: BSD-3-Clause
// Goal: groups that share links and a log are as good as groups by themselves, and do not touch each other.
// Method: three hosts in three actor systems of this process, over loopback and real logs; one host with a
// log
//         that is held up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "bulwark/consensus/memory_log_store.hpp"
#include "bulwark/supervision/messages.hpp"
#include "hosting_stations.hpp"

namespace bulwark::test {
namespace {

using namespace consensus;
using namespace std::chrono_literals;

// -- three hosts ---------------------------------------------------------------------------------------

class group_hosts : public hosting_stations {
 protected:
  group_hosts() : hosting_stations{{"a", "b", "c"}} {}

  std::uint64_t restarts_of_replica(std::uint32_t number, const std::string& group) {
    auto node = at(number).call<tree_node>(at(number).host.supervisor(), get_tree{});
    for (const auto& step :
         {std::string{"consensus"}, std::string{"groups"}, group, std::string{"replica"}}) {
      const auto below = std::find_if(node.children.begin(), node.children.end(),
                                      [&step](const tree_node& one) { return one.id == step; });
      if (below == node.children.end()) {
        ADD_FAILURE() << "no " << step << " below " << node.id;
        return 0;
      }
      node = tree_node{*below};
    }
    return node.restarts;
  }
};

TEST_F(group_hosts, each_group_has_a_state_of_its_own_that_all_members_share) {
  EXPECT_EQ(add_to(1, "a", 5), 5);
  EXPECT_EQ(add_to(2, "b", 7), 7);
  for (std::uint32_t number = 1; number <= 3; ++number) {
    EXPECT_EQ(total_at(number, "a"), 5) << "member " << number;
    EXPECT_EQ(total_at(number, "b"), 7) << "member " << number;
    EXPECT_EQ(total_at(number, "c"), 0) << "member " << number;
  }
}

TEST_F(group_hosts, leaders_of_different_groups_are_on_different_nodes) {
  const std::map<std::string, std::uint32_t> wanted{{"a", 1}, {"b", 2}, {"c", 3}};
  for (const auto& one : wanted)
    EVENTUALLY(patience, [&] {
      const auto& group = one.first;
      const auto node = one.second;
      const auto leader = leader_of(group);
      if (leader == node || leader == 0) return leader == node;
      at(leader).call<transfer_result>(at(leader).groups.at(group)->replica(), transfer_leadership{node});
      return leader_of(group) == node;
    }());
  for (const auto& [group, node] : wanted) add_to(node, group, node);
  for (const auto& [group, node] : wanted) EXPECT_EQ(total_at(node % 3 + 1, group), node);
}

TEST_F(group_hosts, a_crash_of_one_group_leaves_the_others) {
  add_to(1, "a", 1);
  add_to(1, "b", 1);
  const auto leader = leader_of("a");
  const auto crashed = ballot_of("a");
  const auto killed = at(leader).call<kill_result>(at(leader).host.supervisor(),
                                                   kill_child{"consensus/groups/a/replica", {}});
  ASSERT_EQ(killed.error, "");
  ballot_of("a", crashed);
  EXPECT_EQ(add_to(leader, "a", 1), 2);
  EXPECT_EQ(add_to(leader, "b", 1), 2);
  EXPECT_EQ(restarts_of_replica(leader, "a"), 1u);
  EXPECT_EQ(restarts_of_replica(leader, "b"), 0u);
}

TEST_F(group_hosts, a_lost_log_restarts_all_groups) {
  add_to(1, "a", 1);
  add_to(1, "b", 1);
  const auto killed = at(1).call<kill_result>(at(1).host.supervisor(), kill_child{"consensus/log", {}});
  ASSERT_EQ(killed.error, "");
  EXPECT_EQ(total_at(1, "a"), 1);
  EXPECT_EQ(total_at(1, "b"), 1);
  EXPECT_EQ(total_at(1, "c"), 0);
}

TEST_F(group_hosts, a_restart_recovers_all) {
  for (const auto* group : {"a", "b", "c"}) add_to(1, group, 3);
  for (std::uint32_t number = 1; number <= 3; ++number) stop(number);
  for (std::uint32_t number = 1; number <= 3; ++number) start(number);
  for (const auto* group : {"a", "b", "c"}) EXPECT_EQ(total_at(2, group), 3) << group;
}

TEST_F(group_hosts, unknown_groups_are_dropped_and_counted) {
  at(1).add_group("of one member only");
  EVENTUALLY(
      patience,
      at(2).call<group_exchange_report>(at(2).host.exchange(), get_group_exchange_report{}).dropped_unknown >
          0);
  EXPECT_EQ(add_to(2, "a", 1), 1);
  EXPECT_EQ(
      at(2).call<group_exchange_report>(at(2).host.exchange(), get_group_exchange_report{}).dropped_broken,
      0u);
}

TEST_F(group_hosts, a_group_may_come_late_and_leave) {
  for (std::uint32_t number = 1; number <= 3; ++number) at(number).add_group("late");
  EXPECT_EQ(add_to(1, "late", 2), 2);
  at(1).groups.erase("late");
  EXPECT_EQ(total_at(2, "late"), 2);
  at(1).add_group("late");
  EXPECT_EQ(total_at(1, "late"), 2);
}

TEST_F(group_hosts, names_and_numbers_are_unique) {
  const auto refusal = [this](const std::string& name, group_id id) {
    try {
      at(1).add_group(name, id);
    } catch (const std::invalid_argument& error) {
      return std::string{error.what()};
    }
    return std::string{"none"};
  };
  EXPECT_THAT(refusal("", {}), testing::HasSubstr("empty"));
  EXPECT_THAT(refusal("d", group_id_of("b")), testing::HasSubstr("same number as group \"b\""));
  const auto twice = [this] { replicated<counters> again{at(1).host, "a"}; };
  EXPECT_THROW(twice(), std::invalid_argument);
  EXPECT_EQ(group_id_of("a"), group_id{0xe40c292cu});  // it stands in logs
}

// -- one host whose log is held up ---------------------------------------------------------------------

/// Counts appends that hold values, and lets none through while it is shut.
struct log_gate {
  std::mutex mutex;
  std::condition_variable moved;
  bool shut = false;
  int appends = 0;

  void pass(std::span<const group_record> records) {
    std::unique_lock lock{mutex};
    for (const auto& one : records)
      if (std::holds_alternative<accepted_entry>(one.what)) {
        ++appends;
        break;
      }
    moved.wait_for(lock, 60s, [this] { return !shut; });
  }
  int set_shut(bool wanted) {
    std::lock_guard lock{mutex};
    shut = wanted;
    moved.notify_all();
    return appends;
  }
};

class gated_log_store final : public log_store {
 public:
  explicit gated_log_store(log_gate& gate) : gate_{gate} {}
  void append(std::span<const group_record> records) override {
    gate_.pass(records);
    below_.append(records);
  }
  recovered_state recover(group_id group) override { return below_.recover(group); }
  std::vector<chosen_entry> read(group_id group, slot first, slot last, std::size_t bytes_max) override {
    return below_.read(group, first, last, bytes_max);
  }
  std::unique_ptr<snapshot_writer> begin_snapshot(group_id group, slot at) override {
    return below_.begin_snapshot(group, at);
  }
  void finish_snapshot(group_id group, snapshot_writer& written, bool installed) override {
    below_.finish_snapshot(group, written, installed);
  }
  snapshot_part read_snapshot(group_id group, slot at, std::uint64_t offset, std::size_t bytes_max) override {
    return below_.read_snapshot(group, at, offset, bytes_max);
  }
  slot kept(group_id group) override { return below_.kept(group); }

 private:
  log_gate& gate_;
  memory_log_store below_;
};

TEST(group_host, groups_share_one_log_and_one_fsync) {
  const auto directory =
      std::filesystem::temp_directory_path() / ("bulwark-host-" + std::to_string(::getpid()));
  log_gate gate;
  group_host_options options;
  options.self = 1;
  options.directory = directory;
  options.open_log = [&gate] { return std::make_unique<gated_log_store>(gate); };
  {
    hosting_station station{options};
    std::vector<std::string> names;
    for (int i = 0; i < 20; ++i) names.push_back("g" + std::to_string(i));
    for (const auto& name : names) station.add_group(name);
    for (const auto& name : names) station.call<std::int64_t>(station.groups.at(name)->ref(), add{"n", 1});

    const auto before = gate.set_shut(true);
    for (const auto& name : names) station.self->send(station.groups.at(name)->ref(), add{"n", 1});
    // Its slot is in flight: the append is with the log, where it waits.
    for (const auto& name : names) EVENTUALLY(30s, station.status(name).in_flight == 1);
    gate.set_shut(false);
    // Nobody was told of these writes yet, so a read need not see them before they are chosen.
    for (const auto& name : names) EVENTUALLY(30s, station.status(name).in_flight == 0);
    for (const auto& name : names)
      EXPECT_EQ(station.call<std::int64_t>(station.groups.at(name)->ref(), get{"n"}), 2);
    // One was under way when the gate was shut, and brought others to wait.
    EXPECT_LE(gate.set_shut(false) - before, 2);
    EXPECT_GE(gate.set_shut(false) - before, 1);
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace bulwark::test
