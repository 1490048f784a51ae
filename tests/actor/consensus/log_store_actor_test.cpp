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
  std::unique_ptr<snapshot_writer> begin_snapshot(group_id group, slot at) override {
    return store_.begin_snapshot(group, at);
  }
  void finish_snapshot(group_id group, snapshot_writer& written, bool installed) override {
    store_.finish_snapshot(group, written, installed);
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

constexpr group_id one_group{1};

class log_store_snapshots : public log_store_actor_test {
 protected:
  std::uint64_t write(std::uint64_t at, bool installed, std::uint64_t offset, std::string piece) {
    const auto written = system_.ask<log_snapshot_written>(
        log_, log_write_snapshot{one_group, slot{at}, installed, offset, std::move(piece)});
    EXPECT_TRUE(written.has_value());
    return written ? written->size : 0;
  }
  std::optional<log_snapshot_saved> finish(std::uint64_t at, bool installed) {
    return system_.ask<log_snapshot_saved>(log_, log_finish_snapshot{one_group, slot{at}, installed});
  }
  std::optional<log_snapshot_saved> save(std::uint64_t at, bool installed = false) {
    write(at, installed, 0, "sta");
    write(at, installed, 3, "te");
    return finish(at, installed);
  }
  slot newest() { return memory_log_store{medium_}.recover(one_group).snapshot; }
};

TEST_F(log_store_snapshots, one_is_written_in_pieces_and_answered_with_where_the_log_begins) {
  EXPECT_EQ(save(3)->kept, slot::none);
  const auto saved = save(5);
  EXPECT_TRUE(saved->saved);
  EXPECT_EQ(saved->kept, slot{3});
  EXPECT_EQ(saved->bytes, 5u);
  const auto found = system_.ask<log_snapshot_part>(log_, log_read_snapshot{one_group, slot{5}, 1, 2});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->part.data, "ta");
}

TEST_F(log_store_snapshots, appends_go_on_between_the_pieces) {
  write(3, false, 0, "sta");
  append(1, 4);
  system_.settle();
  EXPECT_EQ(heard_, strings{"appended 4"});
  write(3, false, 3, "te");
  EXPECT_TRUE(finish(3, false)->saved);
}

TEST_F(log_store_snapshots, a_piece_that_does_not_go_on_where_the_last_ended_changes_nothing) {
  EXPECT_EQ(write(3, false, 0, "sta"), 3u);
  EXPECT_EQ(write(3, false, 9, "te"), 3u);
  EXPECT_EQ(write(4, false, 3, "te"), 0u) << "there is none of that slot";
  EXPECT_FALSE(finish(4, false)->saved);
  EXPECT_EQ(write(3, false, 3, "te"), 5u);
  EXPECT_TRUE(finish(3, false)->saved);
}

TEST_F(log_store_snapshots, an_own_one_and_another_members_do_not_disturb_each_other) {
  write(3, false, 0, "own");
  write(9, true, 0, "other");
  EXPECT_TRUE(finish(3, false)->saved);
  EXPECT_EQ(newest(), slot{3});
  EXPECT_TRUE(finish(9, true)->saved);
  EXPECT_EQ(newest(), slot{9});
}

TEST_F(log_store_snapshots, one_that_is_discarded_is_gone) {
  write(3, false, 0, "state");
  caf::anon_send(log_, log_discard_snapshot{one_group, false});
  EXPECT_FALSE(finish(3, false)->saved);
  EXPECT_EQ(newest(), slot::none);
}

TEST_F(log_store_snapshots, a_new_incarnation_of_the_replica_finds_none_that_is_half_written) {
  write(3, false, 0, "state");
  write(9, true, 0, "state");
  EXPECT_TRUE(system_.ask<log_recovered>(log_, log_recover{one_group}).has_value());
  EXPECT_FALSE(finish(3, false)->saved);
  EXPECT_FALSE(finish(9, true)->saved);
}

TEST_F(log_store_snapshots, on_a_full_disk_no_piece_is_written_and_the_next_attempt_may_go_on) {
  EXPECT_EQ(write(9, true, 0, "sta"), 3u);
  medium_->fail_appends(log_error::no_space);
  EXPECT_EQ(write(9, true, 3, "te"), 3u);
  EXPECT_EQ(write(3, false, 0, "own"), 0u);
  medium_->fail_appends({});
  EXPECT_EQ(write(9, true, 3, "te"), 5u);
  EXPECT_TRUE(finish(9, true)->saved);
  EXPECT_EQ(newest(), slot{9});
}

TEST_F(log_store_snapshots, one_that_cannot_be_synced_is_given_up) {
  write(9, true, 0, "state");
  medium_->fail_appends(log_error::no_space);
  EXPECT_FALSE(finish(9, true)->saved);
  EXPECT_EQ(newest(), slot::none);
}

TEST_F(log_store_snapshots, an_io_error_beside_the_log_ends_it_too) {
  write(3, false, 0, "sta");
  medium_->fail_appends(log_error::failed);
  EXPECT_FALSE(
      system_.ask<log_snapshot_written>(log_, log_write_snapshot{one_group, slot{3}, false, 3, "te"}));
  system_.settle();
  ASSERT_TRUE(log_ended_.has_value());
  EXPECT_EQ(*log_ended_, to_error(log_failure{log_error::failed, "memory log: told to fail"}));
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
