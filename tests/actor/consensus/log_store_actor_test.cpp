// SPDX-License-Identifier: BSD-3-Clause
// Goal: the log actor answers only for what is durable, shares one fsync, waits for room and ends on
// failures. Method: virtual time; a client actor that records what it hears; a log in memory that is told to
// fail.
#include "log_store_fixture.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

using log_store_actor_test = log_store_fixture;
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

TEST_F(log_store_actor_test, what_comes_while_it_waits_for_room_waits_for_the_same_attempt) {
  medium_->fail_appends(log_error::no_space);
  append(1, 1);
  system_.advance(500ms);
  append(2, 2);
  system_.advance(400ms);
  EXPECT_EQ(appends_, 1);
  medium_->fail_appends({});
  system_.advance(100ms);
  EXPECT_EQ(heard_, (strings{"not writable", "writable", "appended 1", "appended 2"}));
  EXPECT_EQ(appends_, 2);
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
