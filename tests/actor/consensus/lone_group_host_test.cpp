// SPDX-License-Identifier: BSD-3-Clause
// Goal: a host passes its settings on to its groups, takes each name and number once, tells its exchange of
//       each replica, and lets go of a group wholly. Method: one host without peers that answer, whose log is
//       in memory; real threads, so each wait ends with what it waits for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <stdexcept>

#include "bulwark/actors/stable_ref.hpp"
#include "bulwark/consensus/memory_log_store.hpp"
#include "bulwark/supervision/messages.hpp"
#include "hosting_stations.hpp"

namespace bulwark::test {
namespace {

using namespace consensus;
using namespace std::chrono_literals;
using testing::HasSubstr;

/// The groups whose replicas told an exchange that they take part. Thread-safe.
class joined_groups {
 public:
  void add(group_id group) {
    const std::lock_guard guard{mutex_};
    groups_.push_back(group);
  }
  [[nodiscard]] std::ptrdiff_t count(group_id group) const {
    const std::lock_guard guard{mutex_};
    return std::count(groups_.begin(), groups_.end(), group);
  }

 private:
  mutable std::mutex mutex_;
  std::vector<group_id> groups_;
};

class lone_group_host : public testing::Test {
 protected:
  lone_group_host() {
    std::filesystem::remove_all(directory_);
    options_.self = 1;
    options_.directory = directory_;
    options_.open_log = [medium = medium_] { return std::make_unique<memory_log_store>(medium); };
  }
  ~lone_group_host() override {
    station_.reset();
    std::filesystem::remove_all(directory_);
  }

  hosting_station& start() {
    station_ = std::make_unique<hosting_station>(options_);
    return *station_;
  }
  /// Why there is no host with these settings; empty if there is one.
  std::string refusal() {
    try {
      start();
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    station_.reset();
    return {};
  }
  std::string refusal_of(const std::string& name, group_id id) {
    try {
      const replicated<counters> again{station_->host, name, id};
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return {};
  }
  std::int64_t add_to(const std::string& group) {
    return station_->call<std::int64_t>(station_->groups.at(group)->ref(), add{"n", 1});
  }
  /// Group "a", whose handles are held here.
  void expect_closed_once_it_goes() {
    const auto front = station_->groups.at("a")->ref(), replica = station_->groups.at("a")->replica();
    station_->groups.clear();
    EXPECT_EQ(ref_stats(front).state, ref_state::closed);
    EXPECT_EQ(ref_stats(replica).state, ref_state::closed);
  }
  [[nodiscard]] slot snapshot_of(const std::string& group) const {
    return memory_log_store{medium_}.recover(group_id_of(group)).snapshot;
  }

  const std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("bulwark-lone-host-" + std::to_string(::getpid()));
  const std::shared_ptr<memory_log_medium> medium_ = std::make_shared<memory_log_medium>();
  group_host_options options_;
  std::unique_ptr<hosting_station> station_;
};

// -- settings -------------------------------------------------------------------------------------------

TEST_F(lone_group_host, a_lease_is_held_against_its_interval_and_timeout) {
  options_.interval = 100ms;
  options_.timeout = 400ms;
  options_.lease = 700ms;
  EXPECT_THAT(refusal(), HasSubstr("lease is longer than interval + timeout"));
  options_.timeout = 600ms;
  EXPECT_EQ(refusal(), "");
  options_.interval = 500ms;
  options_.timeout = 200ms;
  EXPECT_EQ(refusal(), "");
}

TEST_F(lone_group_host, a_group_cannot_fall_quiet_before_it_began) {
  options_.quiet_after = -1ms;
  EXPECT_THAT(refusal(), HasSubstr("quiet_after"));
}

TEST_F(lone_group_host, a_group_saves_its_state_after_as_many_bytes_as_its_host_was_told) {
  options_.snapshot_bytes = 1;
  start().add_group("a");
  add_to("a");
  EVENTUALLY(30s, snapshot_of("a") != slot::none);
}

TEST_F(lone_group_host, groups_that_may_fall_quiet_are_told_of_a_peer_that_never_speaks) {
  options_.peers = {{2, {"127.0.0.1", 1}}};
  options_.quiet_after = 100ms;
  start();
  EVENTUALLY(
      30s,
      station_->call<group_exchange_report>(station_->host.exchange(), get_group_exchange_report{}).silent ==
          std::vector<node_id>{node_id{2}});
}

// -- groups ---------------------------------------------------------------------------------------------

TEST_F(lone_group_host, each_name_and_each_number_is_taken_once_and_free_again) {
  start().add_group("a");
  EXPECT_EQ(add_to("a"), 1);
  EXPECT_THAT(refusal_of("a", {}), HasSubstr("there is a group \"a\" here already"));
  EXPECT_THAT(refusal_of("a", group_id{7}), HasSubstr("there is a group \"a\" here already"));
  EXPECT_THAT(refusal_of("b", group_id_of("a")), HasSubstr("same number as group \"a\""));
  EXPECT_EQ(add_to("a"), 2) << "what was refused took something away";
  station_->groups.clear();
  EXPECT_EQ(refusal_of("b", group_id_of("a")), "");
  EXPECT_EQ(refusal_of("a", group_id{7}), "");
}

TEST_F(lone_group_host, a_group_that_goes_closes_its_references) {
  start().add_group("a");
  EXPECT_EQ(add_to("a"), 1);
  expect_closed_once_it_goes();
}

TEST_F(lone_group_host, a_group_that_is_never_started_again_refuses_what_is_asked) {
  start().add_group("a");
  EXPECT_EQ(add_to("a"), 1);
  station_->call<caf::ok_atom>(station_->host.supervisor(), terminate_child{"consensus"});
  ASSERT_FALSE(station_->problem);
  EVENTUALLY(30s, ref_stats(station_->groups.at("a")->ref()).state != ref_state::holding);
  add_to("a");
  EXPECT_EQ(station_->problem, caf::sec::request_receiver_down);
  expect_closed_once_it_goes();
}

TEST_F(lone_group_host, all_groups_come_back_with_their_supervisor) {
  start();
  for (const auto* group : {"a", "b"}) station_->add_group(group);
  for (const auto* group : {"a", "b"}) EXPECT_EQ(add_to(group), 1);
  const auto bound_again = [this](const std::string& group) {
    return ref_stats(station_->groups.at(group)->replica()).bindings == 2;
  };
  const auto killed =
      station_->call<kill_result>(station_->host.supervisor(), kill_child{"consensus/groups", {}});
  ASSERT_EQ(killed.error, "");
  for (const auto* group : {"a", "b"}) EVENTUALLY(30s, bound_again(group));
  for (const auto* group : {"a", "b"}) EXPECT_EQ(add_to(group), 2);
}

TEST_F(lone_group_host, each_life_of_a_replica_makes_itself_known_to_the_exchange) {
  const auto joined = std::make_shared<joined_groups>();
  const auto& exchange = start().host.exchange();
  station_->call<group_exchange_report>(exchange, get_group_exchange_report{});  // the right one has started
  const auto spy = station_->system.spawn(
      [](caf::event_based_actor*, const std::shared_ptr<joined_groups>& into) {
        return caf::behavior{[into](replica_joined who) { into->add(who.group); },
                             [](const group_packet&) {}};
      },
      joined);
  bind(exchange, spy);
  station_->add_group("a");
  EVENTUALLY(30s, joined->count(group_id_of("a")) == 1);
  const auto killed =
      station_->call<kill_result>(station_->host.supervisor(), kill_child{"consensus/groups/a/replica", {}});
  ASSERT_EQ(killed.error, "");
  EVENTUALLY(30s, joined->count(group_id_of("a")) == 2);
  caf::anon_send_exit(spy, caf::exit_reason::kill);
}

}  // namespace
}  // namespace bulwark::test
