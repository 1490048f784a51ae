// SPDX-License-Identifier: BSD-3-Clause
// Goal: the log actor answers only for what is durable, shares one fsync, waits for room and ends on
// failures. Method: virtual time; a client actor that records what it hears; a log in memory that is told to
// fail.
#include "bulwark/consensus/log_store_actor.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bulwark/consensus/memory_log_store.hpp"
#include "virtual_system.hpp"

namespace bulwark::test {

/// What a client_actor is told by the test.
struct append_this {
  std::uint32_t group = 0;
  std::uint64_t at = 0;
};

}  // namespace bulwark::test

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::test::append_this)

namespace bulwark::test {
namespace {

using namespace consensus;
using namespace std::chrono_literals;

group_record entry(std::uint32_t group, std::uint64_t at) {
  return {group_id{group}, accepted_entry{slot{at}, {1, node_id{1}}, {}}};
}

/// Counts the appends that reach it, to see what shares an fsync.
class counting_store final : public log_store {
 public:
  counting_store(std::shared_ptr<memory_log_medium> medium, int& appends)
      : store_{std::move(medium)}, appends_{appends} {}
  void append(std::span<const group_record> records) override {
    ++appends_;
    store_.append(records);
  }
  recovered_state recover(group_id group) override { return store_.recover(group); }
  std::vector<chosen_entry> read(group_id group, slot first, slot last, std::size_t bytes_max) override {
    return store_.read(group, first, last, bytes_max);
  }
  void save_snapshot(group_id group, slot at, std::string_view state, bool installed) override {
    store_.save_snapshot(group, at, state, installed);
  }
  snapshot_part read_snapshot(group_id group, slot at, std::uint64_t offset, std::size_t bytes_max) override {
    return store_.read_snapshot(group, at, offset, bytes_max);
  }
  slot kept(group_id group) override { return store_.kept(group); }

 private:
  memory_log_store store_;
  int& appends_;
};

/// Appends what it is told and writes down what it hears.
class recording_client final : public caf::event_based_actor {
 public:
  recording_client(caf::actor_config& config, caf::actor log, std::vector<std::string>& heard)
      : caf::event_based_actor{config}, log_{std::move(log)}, heard_{heard} {}

  caf::behavior make_behavior() override {
    return {
        [this](const append_this& what) {
          request(log_, caf::infinite, log_append{{entry(what.group, what.at)}})
              .then([this, what](log_appended) { heard_.push_back("appended " + std::to_string(what.at)); },
                    [this, what](caf::error&) { heard_.push_back("error " + std::to_string(what.at)); });
        },
        [this](log_writable what) { heard_.emplace_back(what.writable ? "writable" : "not writable"); },
    };
  }

 private:
  caf::actor log_;
  std::vector<std::string>& heard_;
};

class log_store_actor_test : public testing::Test {
 protected:
  void SetUp() override {
    log_ = spawn_log_store(system_.get(),
                           {.open = [this] { return std::make_unique<counting_store>(medium_, appends_); },
                            .on_ready = [this] { ++ready_; },
                            .detached = false});
    log_->attach_functor([this](const caf::error& reason) { log_ended_ = reason; });
    client_ = system_.get().spawn<recording_client>(log_, heard_);
    system_.settle();
  }

  void TearDown() override {
    for (const auto& one : {client_, log_}) caf::anon_send_exit(one, caf::exit_reason::kill);
    system_.settle();
  }

  void append(std::uint32_t group, std::uint64_t at) { caf::anon_send(client_, append_this{group, at}); }

  std::size_t stored(std::uint32_t group) {
    return memory_log_store{medium_}.recover(group_id{group}).entries.size();
  }

  const std::shared_ptr<memory_log_medium> medium_ = std::make_shared<memory_log_medium>();
  int appends_ = 0;
  int ready_ = 0;
  std::vector<std::string> heard_;
  std::optional<caf::error> log_ended_;
  virtual_system system_;
  caf::actor log_;
  caf::actor client_;
};

using strings = std::vector<std::string>;

TEST_F(log_store_actor_test, is_ready_once_the_store_is_open) { EXPECT_EQ(ready_, 1); }

TEST_F(log_store_actor_test, an_append_is_answered_and_can_be_recovered_and_read) {
  append(1, 1);
  system_.settle();
  EXPECT_EQ(heard_, strings{"appended 1"});
  const auto state = system_.ask<log_recovered>(log_, log_recover{group_id{1}});
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ(state->state.entries.size(), 1u);
  const auto values = system_.ask<log_entries>(log_, log_read{group_id{1}, slot{1}, slot{1}, 100});
  ASSERT_TRUE(values.has_value());
  EXPECT_EQ(values->entries.size(), 1u);
}

TEST_F(log_store_actor_test, appends_at_hand_together_share_one_fsync) {
  for (std::uint64_t at = 1; at <= 10; ++at) append(static_cast<std::uint32_t>(at), at);
  system_.settle();
  EXPECT_EQ(heard_.size(), 10u);
  EXPECT_EQ(appends_, 1);
}

TEST_F(log_store_actor_test, on_a_full_disk_appends_wait_and_their_senders_are_told_once) {
  medium_->fail_appends(log_error::no_space);
  append(1, 1);
  system_.advance(3500ms);
  EXPECT_EQ(heard_, strings{"not writable"});
  EXPECT_EQ(appends_, 4) << "one attempt a second";
  medium_->fail_appends({});
  system_.advance(1s);
  EXPECT_EQ(heard_, (strings{"not writable", "writable", "appended 1"}));
  EXPECT_EQ(stored(1), 1u);
}

log_save_snapshot snapshot_of(std::uint64_t at, bool installed) {
  return {group_id{1}, slot{at}, std::make_shared<const std::string>("state"), installed};
}

TEST_F(log_store_actor_test, a_snapshot_is_answered_with_where_the_log_begins_and_can_be_read) {
  EXPECT_EQ(system_.ask<log_snapshot_saved>(log_, snapshot_of(3, false))->kept, slot::none);
  EXPECT_EQ(system_.ask<log_snapshot_saved>(log_, snapshot_of(5, false))->kept, slot{3});
  const auto found = system_.ask<log_snapshot_part>(log_, log_read_snapshot{group_id{1}, slot{5}, 1, 2});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->part.data, "ta");
}

TEST_F(log_store_actor_test, on_a_full_disk_an_own_snapshot_is_given_up_and_an_installed_one_waits) {
  medium_->fail_appends(log_error::no_space);
  EXPECT_TRUE(system_.ask<log_snapshot_saved>(log_, snapshot_of(3, false)).has_value());
  EXPECT_FALSE(system_.ask<log_snapshot_saved>(log_, snapshot_of(9, true)).has_value());
  EXPECT_EQ(memory_log_store{medium_}.recover(group_id{1}).snapshot, slot::none);
  medium_->fail_appends({});
  system_.advance(1s);
  EXPECT_EQ(memory_log_store{medium_}.recover(group_id{1}).snapshot, slot{9});
}

TEST_F(log_store_actor_test,
       a_new_incarnation_drops_the_waiting_appends_of_the_old_one_but_of_no_other_group) {
  medium_->fail_appends(log_error::no_space);
  append(1, 1);
  append(2, 2);
  system_.settle();
  EXPECT_TRUE(system_.ask<log_recovered>(log_, log_recover{group_id{1}}).has_value());
  medium_->fail_appends({});
  system_.advance(1s);
  EXPECT_EQ(stored(1), 0u);
  EXPECT_EQ(stored(2), 1u);
  EXPECT_EQ(heard_.back(), "appended 2");
}

TEST_F(log_store_actor_test, an_io_error_ends_the_actor_with_a_typed_reason_and_is_not_acknowledged) {
  medium_->fail_appends(log_error::failed);
  append(1, 1);
  system_.settle();
  EXPECT_EQ(heard_, strings{"error 1"});
  ASSERT_TRUE(log_ended_.has_value());
  EXPECT_EQ(*log_ended_, to_error(log_failure{log_error::failed, "memory log: told to fail"}));
}

TEST_F(log_store_actor_test, a_store_that_cannot_be_opened_ends_the_actor_with_the_reason) {
  const log_failure why{log_error::damaged, "segment 1"};
  const auto broken =
      spawn_log_store(system_.get(), {.open = [&]() -> std::unique_ptr<log_store> { throw why; },
                                      .on_ready = [this] { ++ready_; },
                                      .detached = false});
  std::optional<caf::error> reason;
  broken->attach_functor([&](const caf::error& e) { reason = e; });
  system_.settle();
  ASSERT_TRUE(reason.has_value());
  EXPECT_EQ(*reason, to_error(why));
  EXPECT_EQ(ready_, 1) << "only the log of the fixture";
}

TEST(log_store_actor_thread, works_in_a_thread_of_its_own) {
  caf::actor_system_config config;
  caf::actor_system system{config};
  const auto log =
      spawn_log_store(system, {.open = [] { return std::make_unique<memory_log_store>(); }, .on_ready = {}});
  {
    caf::scoped_actor self{system};
    bool appended = false;
    self->request(log, std::chrono::seconds{20}, log_append{{entry(1, 1)}})
        .receive([&](log_appended) { appended = true; }, [](caf::error&) {});
    EXPECT_TRUE(appended);
  }
  caf::anon_send_exit(log, caf::exit_reason::kill);
}

}  // namespace
}  // namespace bulwark::test
