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

namespace bulwark::test {
namespace {

using namespace consensus;
using namespace std::chrono_literals;

struct replicated_config : node_config {
  replicated_config() : node_config{{.threads = 2}} {
    add_replicated_messages(*this);
    add_message_types<caf::id_block::counter_messages>();
  }
};

/// One process' worth of it.
struct station {
  explicit station(group_member_options options) : service{system, std::move(options)}, self{system} {}

  template <class Reply, class... Words>
  Reply call(Words... words) {
    Reply reply{};
    self->request(service.ref(), 20s, std::move(words)...)
        .receive([&](Reply what) { reply = what; }, [&](caf::error& why) { problem = std::move(why); });
    return reply;
  }
  std::int64_t add_to(const std::string& name, std::int64_t amount) {
    return call<std::int64_t>(add{name, amount});
  }

  replicated_config config;
  caf::actor_system system{config};
  replicated<counters> service;
  caf::scoped_actor self;
  caf::error problem;
};

class replicated_service : public testing::Test {
 protected:
  replicated_service() {
    std::filesystem::remove_all(root_);
    for (std::uint32_t number = 1; number <= 3; ++number) start(number);
  }
  ~replicated_service() override {
    for (auto& one : stations_) one.reset();
    std::filesystem::remove_all(root_);
  }

  void start(std::uint32_t number) {
    group_member_options options;
    options.self = number;
    options.directory = root_ / std::to_string(number);
    options.interval = 40ms;
    options.timeout = 160ms;
    // The higher number dials: the ports of lower ones must be known.
    options.listen = {"127.0.0.1", ports_[number - 1]};
    for (std::uint32_t other = 1; other <= 3; ++other)
      if (other != number)
        options.peers[other] = {"127.0.0.1", other < number ? ports_[other - 1] : std::uint16_t{1}};
    stations_[number - 1] = std::make_unique<station>(std::move(options));
    ports_[number - 1] = stations_[number - 1]->service.member().port();
  }
  void stop(std::uint32_t number) { stations_[number - 1].reset(); }
  station& at(std::uint32_t number) { return *stations_[number - 1]; }

  /// The member that leads as another one sees it; waits until there is one other than `except`.
  std::uint32_t leader_seen_by(std::uint32_t number, std::uint32_t except = 0) {
    replica_report report;
    const auto end = std::chrono::steady_clock::now() + 20s;
    while ((report.leader == 0 || report.leader == except) && std::chrono::steady_clock::now() < end)
      at(number)
          .self->request(at(number).service.member().replica(), 20s, get_replica_status{})
          .receive([&](const replica_report& what) { report = what; }, [](const caf::error&) {});
    return report.leader;
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

  const std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("bulwark-replicated-" + std::to_string(::getpid()));
  std::array<std::uint16_t, 3> ports_{};
  std::array<std::unique_ptr<station>, 3> stations_;
};

TEST_F(replicated_service, is_called_like_any_actor_and_all_members_agree) {
  EXPECT_EQ(at(1).add_to("a", 5), 5);
  EXPECT_EQ(at(2).add_to("a", 2), 7);
  for (std::uint32_t number = 1; number <= 3; ++number)
    EXPECT_EQ(at(number).call<std::int64_t>(get{"a"}), 7) << "member " << number;
}

TEST_F(replicated_service, what_the_state_throws_reaches_whoever_asked) {
  at(3).add_to("a", -1);
  EXPECT_EQ(at(3).problem, replicated_error::refused);
  EXPECT_THAT(at(3).system.render(at(3).problem), testing::HasSubstr("a would be below zero"));
  EXPECT_EQ(at(3).add_to("a", 1), 1);
}

TEST_F(replicated_service, goes_on_without_its_leader_which_has_missed_nothing_once_it_is_back) {
  ASSERT_EQ(at(1).add_to("a", 5), 5);
  const auto leader = leader_seen_by(1);
  ASSERT_NE(leader, 0u);
  const auto other = leader == 1 ? 2u : 1u;
  stop(leader);
  ASSERT_NE(leader_seen_by(other, leader), leader);
  EXPECT_EQ(total_at(other, "a"), 5);
  EXPECT_EQ(at(other).add_to("a", 1), 6);
  start(leader);
  EXPECT_EQ(total_at(leader, "a"), 6);
}

TEST_F(replicated_service, keeps_everything_when_all_members_go) {
  ASSERT_EQ(at(1).add_to("a", 5), 5);
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

TEST_F(replicated_service, says_that_nothing_happened_when_there_is_no_majority) {
  ASSERT_EQ(at(1).add_to("a", 5), 5);
  stop(2);
  stop(3);
  // What was under way when the others went may have an unknown outcome; then it is certain.
  for (int attempt = 0; attempt < 5 && at(1).problem != replicated_error::no_leader; ++attempt)
    at(1).add_to("b", 1);
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
  replicated_config config;
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
  EXPECT_THAT(refused(open_to_all), testing::HasSubstr("no TLS yet"));
  auto held_options = options_of(2, {});
  held_options.directory = directory;
  const data_directory held{directory, {"default", node_id{2}}};
  EXPECT_THROW((replicated<counters>{system, held_options}), log_failure);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace bulwark::test
