// SPDX-License-Identifier: BSD-3-Clause
// Goal: beside the log, snapshots are written and synced piece by piece; each gets its place as a whole or
// not at all, and whoever asked is answered whatever happens. Method: as log_store_actor_test.
#include "log_store_fixture.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

constexpr group_id one_group{1};

class log_store_snapshots : public log_store_fixture {
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
  /// It is answered, and has its place.
  bool finished(std::uint64_t at, bool installed) {
    const auto answer = finish(at, installed);
    EXPECT_TRUE(answer.has_value());
    return answer && answer->saved;
  }
  std::optional<log_snapshot_saved> save(std::uint64_t at, bool installed = false) {
    write(at, installed, 0, "sta");
    write(at, installed, 3, "te");
    return finish(at, installed);
  }
  /// A question whose answer may take its time.
  struct open_question {
    std::shared_ptr<std::optional<log_snapshot_saved>> answer =
        std::make_shared<std::optional<log_snapshot_saved>>();
    std::shared_ptr<bool> is_over = std::make_shared<bool>(false);
  };
  open_question request(log_finish_snapshot what) {
    open_question made;
    system_.get().spawn(
        [what, made](caf::event_based_actor* self, const caf::actor& log) {
          self->request(log, caf::infinite, what)
              .then([made](const log_snapshot_saved& saved) { *made.is_over = true, *made.answer = saved; },
                    [made](const caf::error&) { *made.is_over = true; });
        },
        log_);
    system_.scheduler().run_once();  // it has asked
    return made;
  }
  static bool is_open(const open_question& one) { return !*one.is_over; }
  static std::optional<log_snapshot_saved> answer_of(const open_question& one) {
    EXPECT_TRUE(*one.is_over);
    return *one.answer;
  }
  std::size_t running() {
    system_.settle();
    return system_.get().registry().running();
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
  EXPECT_TRUE(finished(3, false));
}

TEST_F(log_store_snapshots, a_piece_that_does_not_go_on_where_the_last_ended_changes_nothing) {
  EXPECT_EQ(write(3, false, 0, "sta"), 3u);
  EXPECT_EQ(write(3, false, 9, "te"), 3u);
  EXPECT_EQ(write(4, false, 3, "te"), 0u) << "there is none of that slot";
  EXPECT_FALSE(finished(4, false));
  EXPECT_EQ(write(3, false, 3, "te"), 5u);
  EXPECT_TRUE(finished(3, false));
}

TEST_F(log_store_snapshots, an_own_one_and_another_members_do_not_disturb_each_other) {
  write(3, false, 0, "own");
  write(9, true, 0, "other");
  EXPECT_TRUE(finished(3, false));
  EXPECT_EQ(newest(), slot{3});
  EXPECT_TRUE(finished(9, true));
  EXPECT_EQ(newest(), slot{9});
}

TEST_F(log_store_snapshots, one_that_is_discarded_is_gone) {
  write(3, false, 0, "state");
  caf::anon_send(log_, log_discard_snapshot{one_group, false});
  EXPECT_FALSE(finished(3, false));
  EXPECT_EQ(newest(), slot::none);
}

TEST_F(log_store_snapshots, a_new_incarnation_of_the_replica_finds_none_that_is_half_written) {
  write(3, false, 0, "state");
  write(9, true, 0, "state");
  EXPECT_TRUE(system_.ask<log_recovered>(log_, log_recover{one_group}).has_value());
  EXPECT_FALSE(finished(3, false));
  EXPECT_FALSE(finished(9, true));
}

TEST_F(log_store_snapshots, on_a_full_disk_no_piece_is_written_and_the_next_attempt_may_go_on) {
  EXPECT_EQ(write(9, true, 0, "sta"), 3u);
  medium_->fail_appends(log_error::no_space);
  EXPECT_EQ(write(9, true, 3, "te"), 3u);
  EXPECT_EQ(write(3, false, 0, "own"), 0u);
  medium_->fail_appends({});
  EXPECT_EQ(write(9, true, 3, "te"), 5u);
  EXPECT_TRUE(finished(9, true));
  EXPECT_EQ(newest(), slot{9});
}

TEST_F(log_store_snapshots, one_that_cannot_be_synced_is_given_up) {
  write(9, true, 0, "state");
  medium_->fail_appends(log_error::no_space);
  EXPECT_FALSE(finished(9, true));
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

TEST_F(log_store_snapshots, another_members_waits_for_room_and_then_gets_its_place) {
  write(9, true, 0, "state");
  finishing_ = log_error::no_space;
  auto late = request(log_finish_snapshot{one_group, slot{9}, true});
  system_.advance(3500ms);
  EXPECT_EQ(newest(), slot::none);
  finishing_ = {};
  system_.advance(1s);
  EXPECT_TRUE(answer_of(late)->saved);
  EXPECT_EQ(newest(), slot{9});
}

TEST_F(log_store_snapshots, an_own_one_does_not_wait_for_room) {
  write(3, false, 0, "state");
  finishing_ = log_error::no_space;
  EXPECT_FALSE(finished(3, false));
  finishing_ = {};
  system_.advance(10s);
  EXPECT_EQ(newest(), slot::none);
  EXPECT_FALSE(finished(3, false)) << "it is not there any more";
}

TEST_F(log_store_snapshots, one_that_waits_for_room_is_gone_with_its_replica_and_not_with_another) {
  write(9, true, 0, "state");
  finishing_ = log_error::no_space;
  auto late = request(log_finish_snapshot{one_group, slot{9}, true});
  system_.advance(500ms);
  EXPECT_TRUE(system_.ask<log_recovered>(log_, log_recover{group_id{2}}).has_value());
  EXPECT_TRUE(is_open(late));
  EXPECT_TRUE(system_.ask<log_recovered>(log_, log_recover{one_group}).has_value());
  EXPECT_FALSE(answer_of(late).has_value());
  finishing_ = {};
  system_.advance(10s);
  EXPECT_EQ(newest(), slot::none);
}

TEST_F(log_store_snapshots, one_that_waits_for_room_is_answered_if_the_log_ends) {
  write(9, true, 0, "state");
  finishing_ = log_error::no_space;
  auto late = request(log_finish_snapshot{one_group, slot{9}, true});
  system_.settle();
  caf::anon_send_exit(log_, caf::exit_reason::kill);
  system_.settle();
  EXPECT_FALSE(is_open(late));
}

TEST_F(log_store_snapshots, one_that_cannot_get_its_place_ends_the_log) {
  write(3, false, 0, "state");
  finishing_ = log_error::failed;
  EXPECT_FALSE(finish(3, false).has_value());
  ASSERT_TRUE(log_ended_.has_value());
  EXPECT_EQ(*log_ended_, to_error(log_failure{log_error::failed, "told to fail"}));
}

TEST_F(log_store_snapshots, one_that_begins_anew_while_the_last_is_sealed_takes_its_place) {
  write(3, false, 0, "state");
  auto last = request(log_finish_snapshot{one_group, slot{3}, false});
  caf::anon_send(log_, log_write_snapshot{one_group, slot{3}, false, 0, "anew"});
  system_.settle();
  EXPECT_FALSE(answer_of(last)->saved);
  EXPECT_EQ(newest(), slot::none);
  EXPECT_TRUE(finished(3, false));
  EXPECT_EQ(newest(), slot{3});
}

TEST_F(log_store_snapshots, writers_go_with_what_they_wrote) {
  const auto none = running();
  write(3, false, 0, "state");
  EXPECT_EQ(running(), none + 1);
  write(4, false, 0, "anew");
  EXPECT_EQ(running(), none + 1);
  finish(4, false);
  EXPECT_EQ(running(), none);
  write(5, false, 0, "state");
  write(9, true, 0, "state");
  EXPECT_EQ(running(), none + 2);
  caf::anon_send_exit(log_, caf::exit_reason::kill);
  EXPECT_EQ(running(), none - 1) << "not even the log is left";
}

}  // namespace
}  // namespace bulwark::test
