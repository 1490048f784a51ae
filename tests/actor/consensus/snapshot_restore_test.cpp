// SPDX-License-Identifier: BSD-3-Clause
// Goal: a replica becomes what its log has saved, piece by piece, and ends rather than become anything else.
// Method: a replica of one under virtual time with a log that gives the pieces of a snapshot as the test
// says.
#include <gtest/gtest.h>

#include "replica_group.hpp"

namespace bulwark::test {
namespace {

using namespace consensus;
using namespace std::chrono_literals;

/// What a restoring_log has, and what is wrong with it.
struct restoring_view {
  bytes saved;                    ///< the newest snapshot; none if empty
  slot at{};                      ///< of it
  std::size_t piece_bytes = 7;    ///< that are given at once
  std::size_t asked = 0;          ///< for pieces
  std::size_t empty_after = 999;  ///< so many pieces
  bool gives_another_slot = false;
  bool gives_another_place = false;
  bool gives_another_hash = false;
  bool fails = false;  ///< to read and to write snapshots
};

/// A log that appends at once, and has a snapshot.
inline caf::behavior restoring_log(caf::event_based_actor*, std::shared_ptr<restoring_view> view) {
  return {
      [view](log_recover) {
        log_recovered found;
        if (!view->saved.empty()) found.state.chosen = found.state.snapshot = found.state.kept = view->at;
        return found;
      },
      [](const log_read&) { return log_entries{}; },
      [](const log_append&) { return log_appended{}; },
      [view](const log_write_snapshot& what) -> caf::result<log_snapshot_written> {
        if (view->fails) return caf::make_error(caf::sec::runtime_error);
        if (what.offset == 0) view->saved.clear();
        view->at = what.at;
        view->saved += what.piece;
        return log_snapshot_written{view->saved.size()};
      },
      [view](const log_finish_snapshot&) {
        return log_snapshot_saved{true, view->saved.size(), {}};
      },
      [](log_discard_snapshot) {},
      [view](const log_read_snapshot& what) -> caf::result<log_snapshot_part> {
        if (view->fails) return caf::make_error(caf::sec::runtime_error);
        snapshot_part part;
        part.of = {what.at, view->saved.size(), snapshot_hash(view->saved)};
        part.offset = what.offset;
        if (view->asked++ < view->empty_after)
          part.data = view->saved.substr(what.offset, std::min(what.bytes_max, view->piece_bytes));
        if (view->gives_another_slot) part.of.at = slot{number(what.at) + 1};
        if (view->gives_another_place) part.offset += view->piece_bytes;
        if (view->gives_another_hash) ++part.of.hash;
        return log_snapshot_part{std::move(part)};
      },
  };
}

class snapshot_restore : public testing::Test {
 protected:
  /// The log has saved a state of ten commands, and the replica that did so is gone.
  void SetUp() override {
    log_ = system_.get().spawn(restoring_log, view_);
    spawn();
    for (int i = 0; i < 10 && view_->saved.empty(); ++i) ask(request_kind::write, "word");
    system_.advance(1s);
    ASSERT_FALSE(view_->saved.empty());
    stop();
  }
  void TearDown() override {
    stop();
    caf::anon_send_exit(log_, caf::exit_reason::kill);
    system_.settle();
  }
  void spawn() {
    replica_actor_options options;
    options.core.self = node_id{1};
    options.core.members = {node_id{1}};
    options.core.snapshot_entries = 5;
    options.log = log_;
    options.machine = [] { return std::make_unique<history_machine>(); };
    replica_ = spawn_replica(system_.get(), options);
    system_.advance(5s);
  }
  void stop() {
    if (replica_) caf::anon_send_exit(replica_, caf::exit_reason::kill);
    replica_ = nullptr;
    system_.settle();
  }
  std::string ask(request_kind kind, const std::string& what) {
    const auto heard = system_.ask<submit_result>(replica_, submit{static_cast<std::uint8_t>(kind), what});
    return heard ? heard->reply : "";
  }
  [[nodiscard]] bool has_ended() const {
    return caf::actor_cast<caf::abstract_actor*>(replica_)->getf(caf::abstract_actor::is_terminated_flag);
  }
  void expect_refused() {
    spawn();
    EXPECT_TRUE(has_ended());
    EXPECT_LT(view_->asked, 100u);
  }

  const std::shared_ptr<restoring_view> view_ = std::make_shared<restoring_view>();
  virtual_system system_{add_consensus_messages};
  caf::actor log_;
  caf::actor replica_;
};

TEST_F(snapshot_restore, the_state_comes_together_from_its_pieces) {
  spawn();
  EXPECT_FALSE(has_ended());
  EXPECT_GT(view_->asked, 3u);
  const auto history = ask(request_kind::read, "");
  EXPECT_EQ(history.find("word word word "), 0u) << history;
  EXPECT_NE(ask(request_kind::write, "more"), "");
  EXPECT_EQ(ask(request_kind::read, ""), history + "more ");
}

TEST_F(snapshot_restore, a_piece_of_another_snapshot_is_refused) {
  view_->gives_another_slot = true;
  expect_refused();
}

TEST_F(snapshot_restore, a_piece_of_another_place_is_refused) {
  view_->gives_another_place = true;
  expect_refused();
}

TEST_F(snapshot_restore, a_state_of_another_hash_is_refused) {
  view_->gives_another_hash = true;
  expect_refused();
}

TEST_F(snapshot_restore, one_that_breaks_off_is_refused) {
  view_->empty_after = 2;
  expect_refused();
}

TEST_F(snapshot_restore, a_log_that_cannot_read_it_ends_the_replica) {
  view_->fails = true;
  expect_refused();
}

TEST_F(snapshot_restore, a_log_that_cannot_write_one_ends_the_replica) {
  spawn();
  view_->fails = true;
  for (int i = 0; i < 10 && !has_ended(); ++i) ask(request_kind::write, "word");
  system_.advance(1s);
  EXPECT_TRUE(has_ended());
}

}  // namespace
}  // namespace bulwark::test
