// SPDX-License-Identifier: BSD-3-Clause
// Goal: what a replica actor does around its core is right: group commit, recovery, stalls of the log, open
// submits at its end. Method: a group of one under virtual time, where every write needs this node's log
// only; a log that answers when the test says so.
#include <gtest/gtest.h>

#include "replica_group.hpp"

namespace bulwark::test {

/// Tells a slow_log to answer all appends that wait.
struct let_go {};

}  // namespace bulwark::test

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::test::let_go)

namespace bulwark::test {
namespace {

using namespace consensus;
using namespace std::chrono_literals;

class lone_replica_test : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(group_.leader(), 1u); }

  std::string answered(const asked& one) {
    EXPECT_TRUE(group_.wait_for(one));
    EXPECT_TRUE(one.result && one.result->outcome == done);
    return one.result ? one.result->reply : "";
  }

  replica_group group_{1};
};

TEST_F(lone_replica_test, serves_writes_and_reads) {
  EXPECT_EQ(answered(*group_.write(1, "a")), "1");
  EXPECT_EQ(answered(*group_.write(1, "b")), "2");
  EXPECT_EQ(answered(*group_.read(1)), "a b ");
}

TEST_F(lone_replica_test, submits_at_hand_together_share_appends) {
  const auto before = group_.disk(1).appends();
  std::vector<std::shared_ptr<asked>> all;
  for (int i = 0; i < 200; ++i) all.push_back(group_.write(1, "w"));
  for (const auto& one : all) answered(*one);
  EXPECT_LT(group_.disk(1).appends() - before, 40u);
}

TEST_F(lone_replica_test, recovers_what_it_acknowledged_before_it_answers_again) {
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    answered(*group_.write(1, std::to_string(i)));
    expected += std::to_string(i) + ' ';
  }
  group_.kill(1);
  group_.disk(1).power_cut();
  group_.start(1);
  EXPECT_EQ(answered(*group_.read(1)), expected);
  EXPECT_EQ(answered(*group_.write(1, "more")), "101");
}

TEST_F(lone_replica_test,
       a_write_that_waits_for_room_is_never_acknowledged_and_not_resurrected_after_a_kill) {
  group_.disk(1).fail_appends(log_error::no_space);
  const auto open = group_.write(1, "lost");
  group_.system().settle();
  EXPECT_FALSE(group_.status(1).storage_writable);
  group_.kill(1);
  ASSERT_TRUE(open->result.has_value()) << "it was not answered";
  EXPECT_EQ(open->result->outcome, unknown);
  group_.disk(1).fail_appends({});
  group_.start(1);
  EXPECT_EQ(answered(*group_.read(1)), "");
}

TEST_F(lone_replica_test, goes_on_when_the_disk_has_room_again) {
  group_.disk(1).fail_appends(log_error::no_space);
  const auto waiting = group_.write(1, "patient");
  group_.system().advance(1500ms);
  group_.disk(1).fail_appends({});
  group_.system().advance(2s);
  EXPECT_TRUE(group_.status(1).storage_writable);
  ASSERT_TRUE(group_.wait_for(*waiting));
  const auto later = group_.write(1, "later");
  answered(*later);
}

TEST_F(lone_replica_test, ends_with_the_error_of_its_log) {
  std::optional<caf::error> reason;
  group_.replica(1)->attach_functor([&](const caf::error& why) { reason = why; });
  group_.disk(1).fail_appends(log_error::failed);
  const auto open = group_.write(1, "x");
  ASSERT_TRUE(group_.wait_for(*open));
  ASSERT_TRUE(open->result.has_value());
  EXPECT_EQ(open->result->outcome, unknown);
  ASSERT_TRUE(reason.has_value());
  EXPECT_TRUE(*reason) << "a normal exit would not be restarted by every policy";
}

/// A log that recovers to nothing and keeps appends waiting.
class slow_log final : public caf::event_based_actor {
 public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    return {
        [](log_recover) { return log_recovered{}; },
        [](const log_read&) { return log_entries{}; },
        [this](const log_append&) {
          auto promise = make_response_promise<log_appended>();
          waiting_.push_back(promise);
          return promise;
        },
        [this](let_go) {
          for (auto& one : std::exchange(waiting_, {})) one.deliver(log_appended{});
        },
    };
  }

  void on_exit() override { waiting_.clear(); }  // a promise holds its actor

 private:
  std::vector<caf::typed_response_promise<log_appended>> waiting_;
};

TEST(replica_on_a_slow_log, counts_as_not_writable_while_an_append_takes_longer_than_a_second) {
  virtual_system system{add_consensus_messages};
  const auto log = system.get().spawn<slow_log>();
  replica_actor_options options;
  options.core.group = group_id{1};
  options.core.self = node_id{1};
  options.core.members = {node_id{1}};
  options.log = log;
  options.machine = [] { return std::make_unique<history_machine>(); };
  int ready = 0;
  options.on_ready = [&] { ++ready; };
  const auto replica = spawn_replica(system.get(), std::move(options));
  const auto writable = [&] {
    return system.ask<replica_report>(replica, get_replica_status{})
        .value_or(replica_report{})
        .storage_writable;
  };
  system.settle();
  EXPECT_EQ(ready, 1);
  const auto heard = std::make_shared<asked>();
  system.get().spawn<submitter>(replica, submit{1, "x"}, heard);
  // At first the append of an election may be the one that waits; each is let go in time.
  for (int i = 0; i < 20; ++i) {
    system.advance(400ms);
    EXPECT_TRUE(writable());
    caf::anon_send(log, let_go{});
    system.settle();
  }
  system.get().spawn<submitter>(replica, submit{1, "y"}, heard);
  system.advance(900ms);
  EXPECT_TRUE(writable());
  system.advance(300ms);
  EXPECT_FALSE(writable());
  caf::anon_send(log, let_go{});
  system.settle();
  EXPECT_TRUE(writable());
  for (const auto& one : {replica, log}) caf::anon_send_exit(one, caf::exit_reason::kill);
  system.settle();
}

TEST(replica_on_a_slow_log, answers_open_submits_with_unknown_when_it_is_killed) {
  virtual_system system{add_consensus_messages};
  const auto log = system.get().spawn<slow_log>();
  replica_actor_options options;
  options.core.self = node_id{1};
  options.core.members = {node_id{1}};
  options.log = log;
  options.machine = [] { return std::make_unique<history_machine>(); };
  const auto replica = spawn_replica(system.get(), std::move(options));
  const auto heard = std::make_shared<asked>();
  system.get().spawn<submitter>(replica, submit{1, "x"}, heard);
  system.advance(100ms);
  EXPECT_FALSE(heard->result);
  for (const auto& one : {replica, log}) caf::anon_send_exit(one, caf::exit_reason::kill);
  system.settle();
  ASSERT_TRUE(heard->result.has_value()) << "its client would wait for ever";
  EXPECT_EQ(heard->result->outcome, unknown);
}

TEST(replica_on_a_slow_log, is_not_ready_and_leaves_submits_waiting_until_the_log_has_recovered) {
  virtual_system system{add_consensus_messages};
  const auto medium = std::make_shared<memory_log_medium>();
  replica_actor_options options;
  options.core.self = node_id{1};
  options.core.members = {node_id{1}};
  int ready = 0;
  options.on_ready = [&] { ++ready; };
  options.machine = [] { return std::make_unique<history_machine>(); };
  options.log =
      spawn_log_store(system.get(), {.open = [medium] { return std::make_unique<memory_log_store>(medium); },
                                     .on_ready = {},
                                     .detached = false});
  const auto log = options.log;
  const auto replica = spawn_replica(system.get(), std::move(options));
  const auto heard = std::make_shared<asked>();
  system.get().spawn<submitter>(replica, submit{1, "early"}, heard);
  EXPECT_EQ(ready, 0);
  for (int i = 0; i < 100 && !heard->result; ++i) system.advance(100ms);
  EXPECT_EQ(ready, 1);
  ASSERT_TRUE(heard->result.has_value());
  EXPECT_EQ(heard->result->outcome, done);
  for (const auto& one : {replica, log}) caf::anon_send_exit(one, caf::exit_reason::kill);
  system.settle();
}

}  // namespace
}  // namespace bulwark::test
