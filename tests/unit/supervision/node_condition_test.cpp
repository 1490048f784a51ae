// SPDX-License-Identifier: BSD-3-Clause
// Goal: a node says what it does, and says that a part is being restarted for exactly as long as that is so.
// Method: events by hand, as supervisors tell them.
#include "bulwark/supervision/core/node_condition.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>

namespace bulwark {
namespace {

class restart_watching : public testing::Test {
 protected:
  /// Whether something is being restarted after this event.
  bool after(event_kind kind, std::string path, std::uint64_t generation = 2) {
    supervision_event event;
    event.kind = kind;
    event.path = std::move(path);
    event.generation = generation;
    parts.take(event);
    return parts.is_restarting();
  }

  restart_watch parts;
};

TEST_F(restart_watching, a_first_start_is_no_restart) {
  EXPECT_FALSE(after(event_kind::started, "a", 1));
  EXPECT_FALSE(after(event_kind::ready, "a", 1));
}

TEST_F(restart_watching, from_its_end_until_it_is_ready) {
  EXPECT_TRUE(after(event_kind::exited, "a", 1));
  EXPECT_TRUE(after(event_kind::started, "a"));
  EXPECT_TRUE(after(event_kind::start_failed, "a"));
  EXPECT_TRUE(after(event_kind::parked, "a"));
  EXPECT_TRUE(after(event_kind::started, "a", 3));
  EXPECT_FALSE(after(event_kind::ready, "a", 3));
  EXPECT_FALSE(after(event_kind::restarted, "a", 3));
  EXPECT_TRUE(after(event_kind::hung, "a", 3));
}

TEST_F(restart_watching, what_is_stopped_along_with_it_counts_from_its_start) {
  EXPECT_TRUE(after(event_kind::exited, "c/log"));
  EXPECT_TRUE(after(event_kind::stopped, "c/replica"));
  EXPECT_TRUE(after(event_kind::started, "c/log"));
  EXPECT_FALSE(after(event_kind::ready, "c/log"));
  EXPECT_TRUE(after(event_kind::started, "c/replica"));
  EXPECT_FALSE(after(event_kind::ready, "c/replica"));
}

TEST_F(restart_watching, what_stays_down_is_not_being_restarted) {
  EXPECT_TRUE(after(event_kind::exited, "a"));
  EXPECT_FALSE(after(event_kind::given_up, "a"));
  EXPECT_TRUE(after(event_kind::exited, "a"));
  EXPECT_FALSE(after(event_kind::stopped, "a"));
  EXPECT_TRUE(after(event_kind::exited, "a"));
  EXPECT_FALSE(after(event_kind::abandoned, "a"));
}

TEST_F(restart_watching, each_part_counts) {
  EXPECT_TRUE(after(event_kind::exited, "a"));
  EXPECT_TRUE(after(event_kind::exited, "b"));
  EXPECT_TRUE(after(event_kind::ready, "a"));
  EXPECT_FALSE(after(event_kind::ready, "b"));
}

TEST_F(restart_watching, what_belongs_to_a_supervisor_that_ends_is_no_part_any_more) {
  EXPECT_TRUE(after(event_kind::exited, "c/log"));
  EXPECT_TRUE(after(event_kind::exited, "c2/log"));
  EXPECT_TRUE(after(event_kind::gave_up, "c"));
  EXPECT_TRUE(after(event_kind::exited, "c"));
  EXPECT_TRUE(after(event_kind::ready, "c"));
  EXPECT_FALSE(after(event_kind::ready, "c2/log"));
  EXPECT_TRUE(after(event_kind::exited, "c/log"));
  EXPECT_TRUE(after(event_kind::exited, "c"));
  EXPECT_FALSE(after(event_kind::ready, "c")) << "what was below it is gone";
  EXPECT_TRUE(after(event_kind::exited, "c/log"));
  EXPECT_FALSE(after(event_kind::gave_up, ""));
}

TEST(node_condition, is_told_by_what_matters_most) {
  EXPECT_EQ(status_of({.drains = false, .is_up = true, .restarts_a_part = false}), node_status::normal);
  EXPECT_EQ(status_of({.drains = false, .is_up = true, .restarts_a_part = true}), node_status::restarting);
  EXPECT_EQ(status_of({.drains = false, .is_up = false, .restarts_a_part = true}), node_status::recovering);
  EXPECT_EQ(status_of({.drains = false, .is_up = false, .restarts_a_part = false}), node_status::recovering);
  EXPECT_EQ(status_of({.drains = true, .is_up = false, .restarts_a_part = true}), node_status::draining);
}

}  // namespace
}  // namespace bulwark
