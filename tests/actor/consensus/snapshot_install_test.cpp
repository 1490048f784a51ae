// SPDX-License-Identifier: BSD-3-Clause
// Goal: a replica becomes what another member has saved only once its log has it, gives up for that what it
// saves and gathers itself, and keeps no state once it has ended. Method: the second of two members under
// virtual time; the test speaks for the first, and its log does with snapshots as the test says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <ostream>
#include <utility>

#include "bulwark/consensus/core/codec.hpp"
#include "bulwark/consensus/core/configuration.hpp"
#include "counted_machine.hpp"
#include "replica_group.hpp"

namespace bulwark::test {

/// Tells an installing_log to give all answers that wait.
struct answer_all {};

}  // namespace bulwark::test

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::test::answer_all)

namespace bulwark::test {
namespace {

using namespace consensus;
using namespace std::chrono_literals;
using testing::ElementsAre;

/// Whose snapshot a word to the log is about.
enum class snapshot_of { own, other };

std::ostream& operator<<(std::ostream& out, snapshot_of whose) {
  return out << (whose == snapshot_of::own ? "own" : "other");
}

/// What an installing_log was told, and how it answers.
struct installing_view {
  bytes stored;                        ///< of the other member's snapshot
  std::size_t own_pieces = 0;          ///< that it was asked to write; they wait for answer_all
  std::vector<snapshot_of> finished;   ///< asked for
  std::vector<snapshot_of> discarded;  ///< asked for
  std::size_t reads = 0;
  bool saves = true;           ///< else what is to be finished is given up
  bool answers_finish = true;  ///< else that waits for answer_all
  bool answers_reads = true;   ///< else they never are answered
};

/// A log that appends at once.
class installing_log final : public caf::event_based_actor {
 public:
  installing_log(caf::actor_config& config, std::shared_ptr<installing_view> view)
      : caf::event_based_actor{config}, view_{std::move(view)} {}

  caf::behavior make_behavior() override {
    return {
        [](log_recover) { return log_recovered{}; },
        [](const log_read&) { return log_entries{}; },
        [](const log_append&) { return log_appended{}; },
        [this](log_write_snapshot& what) { return write(what); },
        [this](const log_finish_snapshot& what) { return finish(what); },
        [this](log_discard_snapshot what) { view_->discarded.push_back(whose(what.installed)); },
        [this](const log_read_snapshot& what) { return read(what); },
        [this](answer_all) {
          for (auto& [promise, size] : std::exchange(pieces_, {}))
            promise.deliver(log_snapshot_written{size});
          for (auto& promise : std::exchange(ends_, {})) promise.deliver(log_snapshot_saved{view_->saves});
        },
    };
  }

  /// A promise holds both who asked and who owes.
  void on_exit() override {
    pieces_.clear();
    ends_.clear();
    reads_.clear();
  }

 private:
  static snapshot_of whose(bool installed) { return installed ? snapshot_of::other : snapshot_of::own; }

  caf::result<log_snapshot_written> write(log_write_snapshot& what) {
    if (what.installed) {
      view_->stored.resize(what.offset);
      view_->stored += what.piece;
      return log_snapshot_written{view_->stored.size()};
    }
    ++view_->own_pieces;
    pieces_.emplace_back(make_response_promise<log_snapshot_written>(), what.offset + what.piece.size());
    return pieces_.back().first;
  }

  caf::result<log_snapshot_saved> finish(const log_finish_snapshot& what) {
    view_->finished.push_back(whose(what.installed));
    if (view_->answers_finish) return log_snapshot_saved{view_->saves};
    ends_.push_back(make_response_promise<log_snapshot_saved>());
    return ends_.back();
  }

  caf::result<log_snapshot_part> read(const log_read_snapshot& what) {
    ++view_->reads;
    if (!view_->answers_reads) {
      reads_.push_back(make_response_promise<log_snapshot_part>());
      return reads_.back();
    }
    snapshot_part part;
    part.of = {what.at, view_->stored.size(), snapshot_hash(view_->stored)};
    part.offset = what.offset;
    part.data = view_->stored.substr(what.offset, what.bytes_max);
    return log_snapshot_part{std::move(part)};
  }

  const std::shared_ptr<installing_view> view_;
  std::deque<std::pair<caf::typed_response_promise<log_snapshot_written>, std::uint64_t>> pieces_;
  std::deque<caf::typed_response_promise<log_snapshot_saved>> ends_;
  std::deque<caf::typed_response_promise<log_snapshot_part>> reads_;
};

/// Takes a state that nobody looks at.
struct idle_writer final : snapshot_writer {
  void append(std::string_view piece) override { size += piece.size(); }
  void seal() override {}
  void publish() override {}
  [[nodiscard]] snapshot_id id() const override { return {{}, size, 0}; }
  std::uint64_t size = 0;
};

class snapshot_install : public testing::Test {
 protected:
  void SetUp() override {
    log_ = system_.get().spawn<installing_log>(view_);
    replica_actor_options options;
    options.core.group = group_id{1};
    options.core.self = node_id{2};
    options.core.members = {node_id{1}, node_id{2}};
    options.core.snapshot_entries = 10;
    options.save_piece_bytes = 20;
    options.log = log_;
    options.machine = [uses = uses_] { return std::make_unique<counted_machine>(uses); };
    replica_ = spawn_replica(system_.get(), options);
    system_.settle();
  }
  void TearDown() override {
    for (const auto& one : {replica_, log_}) caf::anon_send_exit(one, caf::exit_reason::kill);
    system_.settle();
  }

  template <class Message>
  void hear(Message what) {
    std::string packet;
    encode(group_id{1}, {node_id{1}, node_id{2}, std::move(what)}, packet);
    caf::anon_send(replica_, peer_packet{1, 0, std::move(packet)});
  }
  /// The other member tells what was chosen, up to this slot.
  void learn(std::uint64_t first, std::uint64_t last, const std::string& word = "word") {
    learned what{{}, slot{last}};
    for (auto at = first; at <= last; ++at)
      what.entries.push_back({slot{at}, value{{command{node_id{1}, 1, at, word}}}});
    hear(std::move(what));
    system_.settle();
    ASSERT_EQ(report().applied, last);
  }
  /// The other member gives a piece of its snapshot of this slot; the state in it is `state`.
  void give(std::uint64_t at, std::uint64_t offset = 0, std::size_t size = bytes::npos) {
    const auto whole = to_snapshot({}, other_state);
    hear(snapshot_chunk{{{slot{at}, whole.size(), snapshot_hash(whole)}, offset, whole.substr(offset, size)},
                        slot{at}});
  }
  replica_report report() {
    return system_.ask<replica_report>(replica_, get_replica_status{}).value_or(replica_report{});
  }
  void answer_log() {
    caf::anon_send(log_, answer_all{});
    system_.settle();
  }
  void end() {
    caf::anon_send_exit(replica_, caf::exit_reason::user_shutdown);
    system_.settle();
  }

  static constexpr const char* other_state = "2 theirs theirs ";

  const std::shared_ptr<int> uses_ = std::make_shared<int>(0);
  const std::shared_ptr<installing_view> view_ = std::make_shared<installing_view>();
  virtual_system system_{add_consensus_messages};
  caf::actor log_;
  caf::actor replica_;
};

TEST_F(snapshot_install, what_the_log_has_becomes_the_state) {
  learn(1, 3);
  give(100);
  system_.settle();
  EXPECT_THAT(view_->finished, ElementsAre(snapshot_of::other));
  EXPECT_THAT(view_->discarded, ElementsAre());
  EXPECT_EQ(report().applied, 100u);
  const auto state = system_.ask<replica_state>(replica_, get_state{});
  ASSERT_TRUE(state && state->found);
  EXPECT_EQ(state->hash, snapshot_hash(other_state));
  learn(101, 101);
}

TEST_F(snapshot_install, one_that_the_log_gives_up_is_not_restored_and_may_come_again) {
  learn(1, 3);
  view_->saves = false;
  give(100);
  system_.settle();
  EXPECT_THAT(view_->finished, ElementsAre(snapshot_of::other));
  EXPECT_EQ(view_->reads, 0u);
  EXPECT_EQ(report().applied, 3u);
  learn(4, 4);
  view_->saves = true;
  give(100);
  system_.settle();
  EXPECT_EQ(report().applied, 100u);
}

TEST_F(snapshot_install, an_own_one_that_is_being_saved_is_given_up_for_it) {
  learn(1, 10);
  ASSERT_EQ(view_->own_pieces, 1u);
  give(100);
  system_.settle();
  EXPECT_THAT(view_->discarded, ElementsAre(snapshot_of::own));
  EXPECT_EQ(report().applied, 100u);
  EXPECT_EQ(*uses_, 0);
  answer_log();
  system_.advance(1s);
  EXPECT_EQ(view_->own_pieces, 1u) << "it goes on";
  EXPECT_THAT(view_->finished, ElementsAre(snapshot_of::other));
  learn(101, 110);
  EXPECT_EQ(view_->own_pieces, 2u) << "there is no next one";
}

TEST_F(snapshot_install, of_the_other_member_is_dropped_what_came_too_late_and_not_the_own_one) {
  learn(1, 10);
  ASSERT_EQ(view_->own_pieces, 1u);
  give(12, 0, 5);
  system_.settle();
  ASSERT_EQ(view_->stored.size(), 5u);
  learn(11, 12);
  system_.advance(1s);
  EXPECT_THAT(view_->discarded, ElementsAre(snapshot_of::other));
  EXPECT_EQ(*uses_, 1) << "the own one is given up";
}

TEST_F(snapshot_install, who_waits_for_a_state_that_is_torn_is_told_so) {
  learn(1, 9, std::string(1000, 'w'));  // many pieces
  view_->answers_finish = false;
  give(100);
  system_.settle();
  std::optional<replica_state> heard;
  // Between two pieces the replica waits for the writer, and others have their turns.
  get_state question;
  question.write_to = [](slot) { return std::make_shared<idle_writer>(); };
  question.write_in_own_thread = false;
  system_.get().spawn(
      [&heard, question](caf::event_based_actor* self, const caf::actor& replica) {
        self->request(replica, caf::infinite, question)
            .then([&heard](const replica_state& what) { heard = what; }, [](const caf::error&) {});
      },
      replica_);
  for (int i = 0; *uses_ == 0 && i < 100; ++i) system_.scheduler().try_run_once();
  ASSERT_EQ(*uses_, 1);
  ASSERT_FALSE(heard);
  answer_log();
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->at, slot{9});
  EXPECT_FALSE(heard->found);
  EXPECT_EQ(report().applied, 100u);
}

TEST_F(snapshot_install, a_replica_that_ends_keeps_nothing_of_the_state_that_it_saves) {
  learn(1, 10);
  ASSERT_EQ(*uses_, 1);
  end();
  EXPECT_EQ(*uses_, 0);
}

TEST_F(snapshot_install, a_replica_that_ends_keeps_nothing_of_the_state_that_it_becomes) {
  view_->answers_reads = false;
  give(100);
  system_.settle();
  ASSERT_EQ(view_->reads, 1u);
  ASSERT_EQ(*uses_, 1);
  end();
  EXPECT_EQ(*uses_, 0);
}

}  // namespace
}  // namespace bulwark::test
