// SPDX-License-Identifier: BSD-3-Clause
// Goal: a replica serves while it saves its state, saves the state of the moment when that began, and gives
// up cleanly: when the disk is full, and when it ends itself. Method: a group of one under virtual time with
// a log whose writing of snapshots goes piece by piece as the test says.
#include <gtest/gtest.h>

#include <deque>

#include "replica_group.hpp"

namespace bulwark::test {

/// Tells a snapshot_log to answer the piece of a snapshot that waits; with `full`, that there was no room.
struct next_piece {
  bool full = false;
};

}  // namespace bulwark::test

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::test::next_piece)

namespace bulwark::test {
namespace {

using namespace consensus;
using namespace std::chrono_literals;

/// What a snapshot_log was asked, for the test to see.
struct snapshot_log_view {
  std::string written;
  std::size_t pieces = 0, finished = 0, discarded = 0;  ///< of own ones
};

/// A log that appends at once, and writes a snapshot when it is told to.
class snapshot_log final : public caf::event_based_actor {
 public:
  snapshot_log(caf::actor_config& config, std::shared_ptr<snapshot_log_view> view)
      : caf::event_based_actor{config}, view_{std::move(view)} {}

  caf::behavior make_behavior() override {
    return {
        [](log_recover) { return log_recovered{}; },
        [](const log_read&) { return log_entries{}; },
        [](const log_append&) { return log_appended{}; },
        [this](log_write_snapshot& what) {
          if (!what.installed) ++view_->pieces;
          if (what.offset == 0) view_->written.clear();
          view_->written += what.piece;
          waiting_.push_back(make_response_promise<log_snapshot_written>());
          return waiting_.back();
        },
        [this](next_piece what) {
          if (waiting_.empty()) return;
          waiting_.front().deliver(log_snapshot_written{what.full ? 0 : view_->written.size()});
          waiting_.pop_front();
        },
        [this](const log_finish_snapshot& what) {
          if (!what.installed) ++view_->finished;
          return log_snapshot_saved{true, view_->written.size(), {}};
        },
        [this](log_discard_snapshot what) {
          if (!what.installed) ++view_->discarded;
        },
    };
  }

  /// A promise holds both who asked and who owes.
  void on_exit() override { waiting_.clear(); }

 private:
  const std::shared_ptr<snapshot_log_view> view_;
  std::deque<caf::typed_response_promise<log_snapshot_written>> waiting_;
};

/// A state that was asked for: what was written of it, and what the asker was told.
struct asked_state {
  std::string written;
  bool sealed = false;
  std::optional<replica_state> answer;
  caf::error problem;
};

/// Writes it there, or fails by order.
class state_in_memory final : public snapshot_writer {
 public:
  state_in_memory(slot at, std::shared_ptr<asked_state> into, std::optional<log_error> fault)
      : at_{at}, into_{std::move(into)}, fault_{fault} {}

  void append(std::string_view piece) override {
    if (fault_ && !into_->written.empty()) throw log_failure{*fault_, "by order"};
    into_->written += piece;
  }
  void seal() override { into_->sealed = true; }
  void publish() override {}
  [[nodiscard]] snapshot_id id() const override { return {at_, into_->written.size(), 0}; }

 private:
  const slot at_;
  const std::shared_ptr<asked_state> into_;
  const std::optional<log_error> fault_;
};

class snapshot_beside_traffic : public testing::Test {
 protected:
  void SetUp() override {
    log_ = system_.get().spawn<snapshot_log>(view_);
    replica_actor_options options;
    options.core.self = node_id{1};
    options.core.members = {node_id{1}};
    options.core.snapshot_entries = 10;
    options.save_piece_bytes = 20;
    options.log = log_;
    options.machine = [] { return std::make_unique<history_machine>(); };
    replica_ = spawn_replica(system_.get(), options);
    system_.advance(5s);
  }

  void TearDown() override {
    for (const auto& one : {replica_, log_}) caf::anon_send_exit(one, caf::exit_reason::kill);
    system_.settle();
  }

  /// The reply; empty if there is none yet.
  std::string write(const std::string& what) {
    const auto heard =
        system_.ask<submit_result>(replica_, submit{static_cast<std::uint8_t>(request_kind::write), what});
    return heard ? heard->reply : "";
  }
  /// The last of them begins a snapshot: the barrier of the leader counted as well.
  void write_until_saving() {
    for (int i = 1; view_->pieces == 0 && i <= 10; ++i) write("before");
    ASSERT_EQ(view_->pieces, 1u);
  }
  void answer_piece(bool full = false) {
    caf::anon_send(log_, next_piece{full});
    system_.advance(100ms);
  }

  /// For the state, or its hash. `fault`: with that the second piece is answered.
  std::shared_ptr<asked_state> ask_state(bool whole, std::optional<log_error> fault = {}) {
    auto asked = std::make_shared<asked_state>();
    get_state question;
    if (whole)
      question.write_to = [=](slot at) { return std::make_shared<state_in_memory>(at, asked, fault); };
    question.write_in_own_thread = false;
    system_.get().spawn(
        [=](caf::event_based_actor* self, const caf::actor& replica) {
          self->request(replica, caf::infinite, question)
              .then([=](const replica_state& state) { asked->answer = state; },
                    [=](const caf::error& why) { asked->problem = why; });
        },
        replica_);
    // The question is there, and nothing is done about it yet.
    system_.scheduler().run_once();
    return asked;
  }

  /// Answers pieces until so many snapshots are finished in all.
  void let_finish(std::size_t count) {
    for (int i = 0; view_->finished < count && i < 200; ++i) answer_piece();
    ASSERT_EQ(view_->finished, count);
  }

  const std::shared_ptr<snapshot_log_view> view_ = std::make_shared<snapshot_log_view>();
  virtual_system system_{add_consensus_messages};
  caf::actor log_;
  caf::actor replica_;
};

TEST_F(snapshot_beside_traffic, commands_are_served_between_the_pieces_and_are_not_in_them) {
  write_until_saving();
  for (int i = 0; view_->finished == 0 && i < 100; ++i) {
    EXPECT_NE(write("during"), "") << "piece " << view_->pieces;
    answer_piece();
  }
  EXPECT_EQ(view_->finished, 1u);
  EXPECT_GT(view_->pieces, 3u);
  EXPECT_NE(view_->written.find("before before"), std::string::npos);
  EXPECT_EQ(view_->written.find("during"), std::string::npos);
}

TEST_F(snapshot_beside_traffic, a_second_one_does_not_begin_before_the_first_has_ended) {
  write_until_saving();
  for (int i = 0; i < 50; ++i) EXPECT_NE(write("during"), "");
  EXPECT_EQ(view_->pieces, 1u);
  let_finish(1);
  EXPECT_EQ(view_->written.find("during"), std::string::npos);
  write("next");
  let_finish(2);
  EXPECT_NE(view_->written.find("during"), std::string::npos);
}

TEST_F(snapshot_beside_traffic, it_rests_for_as_long_as_a_piece_took_but_not_for_ever) {
  const auto answer_after = [this](duration took) {
    system_.advance(took);
    caf::anon_send(log_, next_piece{});
    system_.settle();
  };
  write_until_saving();
  answer_after(10ms);
  system_.advance(9ms);
  EXPECT_EQ(view_->pieces, 1u) << "it does not rest";
  system_.advance(1ms);
  EXPECT_EQ(view_->pieces, 2u);
  answer_after(10s);
  system_.advance(49ms);
  EXPECT_EQ(view_->pieces, 2u);
  system_.advance(1ms);
  EXPECT_EQ(view_->pieces, 3u) << "it rests for too long";
}

TEST_F(snapshot_beside_traffic, without_room_it_is_given_up_and_tried_again_after_as_many_commands) {
  write_until_saving();
  answer_piece(true);
  EXPECT_EQ(view_->discarded, 1u);
  const auto before = view_->pieces;
  for (int i = 0; i < 9; ++i) EXPECT_NE(write("more"), "");
  EXPECT_EQ(view_->pieces, before);
  EXPECT_NE(write("more"), "");
  EXPECT_EQ(view_->pieces, before + 1);
  let_finish(1);
  EXPECT_NE(view_->written.find("more"), std::string::npos);
}

TEST_F(snapshot_beside_traffic, a_state_that_is_asked_for_is_gathered_between_commands_which_are_not_in_it) {
  for (int i = 0; i < 5; ++i) write("before");
  const auto asked = ask_state(true);
  for (int i = 0; i < 5; ++i) {
    system_.scheduler().run_once();
    caf::anon_send(replica_, submit{static_cast<std::uint8_t>(request_kind::write), "during"});
  }
  system_.settle();
  ASSERT_TRUE(asked->answer && asked->answer->found);
  EXPECT_EQ(asked->written, "5 before before before before before ");
  EXPECT_TRUE(asked->sealed);
  EXPECT_NE(write("after"), "");
}

TEST_F(snapshot_beside_traffic, the_hash_of_a_state_is_that_of_its_pieces) {
  for (int i = 0; i < 5; ++i) write("before");
  const auto whole = ask_state(true), hashed = ask_state(false);
  system_.settle();
  ASSERT_TRUE(whole->answer && whole->answer->found && hashed->answer && hashed->answer->found);
  EXPECT_EQ(hashed->written, "");
  EXPECT_EQ(hashed->answer->hash, snapshot_hash(whole->written));
  EXPECT_EQ(whole->answer->hash, hashed->answer->hash);
  EXPECT_EQ(hashed->answer->size, whole->written.size());
}

TEST_F(snapshot_beside_traffic,
       a_state_that_finds_no_room_or_a_broken_disk_is_an_error_and_the_next_is_written) {
  for (int i = 0; i < 5; ++i) write("before");
  const auto full = ask_state(true, log_error::no_space), broken = ask_state(true, log_error::failed);
  const auto good = ask_state(true);
  system_.settle();
  EXPECT_FALSE(full->answer);
  EXPECT_NE(caf::to_string(full->problem).find("room"), std::string::npos) << caf::to_string(full->problem);
  EXPECT_FALSE(broken->answer);
  EXPECT_NE(caf::to_string(broken->problem).find("by order"), std::string::npos);
  ASSERT_TRUE(good->answer && good->answer->found);
  EXPECT_EQ(good->written, "5 before before before before before ");
}

TEST_F(snapshot_beside_traffic, a_replica_that_ends_answers_who_waits_for_its_state) {
  for (int i = 0; i < 5; ++i) write("before");
  const auto asked = ask_state(true);
  system_.scheduler().run_once();
  caf::anon_send_exit(replica_, caf::exit_reason::user_shutdown);
  system_.settle();
  ASSERT_TRUE(asked->answer);
  EXPECT_FALSE(asked->answer->found);
  EXPECT_FALSE(asked->sealed);
}

TEST_F(snapshot_beside_traffic, a_replica_that_ends_leaves_it_unfinished) {
  write_until_saving();
  caf::anon_send_exit(replica_, caf::exit_reason::user_shutdown);
  system_.settle();
  for (int i = 0; i < 10; ++i) answer_piece();
  EXPECT_EQ(view_->pieces, 1u);
  EXPECT_EQ(view_->finished, 0u);
}

}  // namespace
}  // namespace bulwark::test
