// SPDX-License-Identifier: BSD-3-Clause
// Goal: a watch ends with exactly one event, the right one, through replays and snapshots.
// Method: one registry; watches told of its changes, of some of them twice, or only of its later state.
#include "bulwark/supervision/core/registry_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bulwark/supervision/core/membership_group.hpp"

namespace bulwark {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class watched_group {
 public:
  watched_group() {
    for (std::uint32_t node = 1; node <= 3; ++node) tell(members::command{members::join{{node, 1}, {}, {}}});
    claim(1, 1);
  }

  void tell(const group_command& what) {
    group_changes now;
    group.apply(what, now);
    past.insert(past.end(), now.names.begin(), now.names.end());
    if (!follows) return;
    for (const auto& change : now.names) watches.on(change, events);
  }
  void claim(std::uint32_t node, std::uint64_t start) {
    tell(names::command{names::claim{"orders", group.nodes().find(node)->life, start}});
  }
  void release() { tell(names::command{names::release{"orders", token()}}); }
  void leave(std::uint32_t node) { tell(members::command{members::leave{group.nodes().find(node)->life}}); }
  void watch(std::uint64_t number) { watches.add(number, "orders", token(), group.names(), events); }
  [[nodiscard]] std::uint64_t token() const { return group.names().whereis("orders")->token; }

  membership_group group;
  registry_watch watches;
  std::vector<watch_event> events;
  std::vector<name_change> past;
  bool follows = true;
};

TEST(registry_watch, each_way_to_end_is_told_once) {
  watched_group run;
  run.watch(1);
  run.claim(1, 2);
  EXPECT_THAT(run.events, ElementsAre(watch_event{1, "orders", name_event::restarted, 2}));
  run.watch(2);
  run.release();
  run.claim(2, 1);
  run.watch(3);
  run.watch(4);
  run.leave(2);
  run.leave(1);
  EXPECT_THAT(run.events, ElementsAre(watch_event{1, "orders", name_event::restarted, 2},
                                      watch_event{2, "orders", name_event::service_down, 0},
                                      watch_event{3, "orders", name_event::node_down, 0},
                                      watch_event{4, "orders", name_event::node_down, 0}));
  EXPECT_EQ(run.watches.size(), 0u);
}

TEST(registry_watch, what_is_over_already_is_told_at_once) {
  watched_group run;
  const auto old = run.token();
  run.claim(1, 2);
  run.watches.add(1, "orders", old, run.group.names(), run.events);
  run.watches.add(2, "orders", 99, run.group.names(), run.events);
  run.leave(1);
  run.watches.add(3, "orders", 2, run.group.names(), run.events);
  EXPECT_THAT(run.events, ElementsAre(watch_event{1, "orders", name_event::restarted, 2},
                                      watch_event{2, "orders", name_event::service_down, 0},
                                      watch_event{3, "orders", name_event::node_down, 0}));
}

TEST(registry_watch, a_cancelled_watch_says_nothing) {
  watched_group run;
  run.watch(1);
  run.watch(2);
  run.watches.cancel(1);
  run.watches.cancel(7);
  run.release();
  EXPECT_THAT(run.events, ElementsAre(watch_event{2, "orders", name_event::service_down, 0}));
}

TEST(registry_watch, only_the_watch_that_is_cancelled_ends) {
  watched_group run;
  run.watch(1);
  run.watch(2);
  run.watches.cancel(2);
  run.release();
  EXPECT_THAT(run.events, ElementsAre(watch_event{1, "orders", name_event::service_down, 0}));
}

TEST(registry_watch, replayed_changes_end_no_watch_twice_and_none_wrongly) {
  watched_group run;
  run.watch(1);
  run.claim(1, 2);
  run.watch(2);
  for (const auto& change : run.past) run.watches.on(change, run.events);
  EXPECT_EQ(run.events.size(), 1u);
  EXPECT_EQ(run.watches.size(), 1u);
}

TEST(registry_watch, a_watch_added_before_the_latest_changes_are_told_does_not_hide_them) {
  watched_group run;
  run.watch(1);
  run.follows = false;
  run.release();
  run.claim(2, 1);
  run.watch(2);
  for (const auto& change : run.past) run.watches.on(change, run.events);
  EXPECT_THAT(run.events, ElementsAre(watch_event{1, "orders", name_event::service_down, 0}));
}

TEST(registry_watch, a_snapshot_tells_what_happened_meanwhile) {
  watched_group run;
  run.watch(1);
  run.follows = false;
  run.claim(1, 2);
  run.watches.resynced(run.group.names(), run.events);
  EXPECT_THAT(run.events, ElementsAre(watch_event{1, "orders", name_event::restarted, 2}));
  run.events.clear();
  run.watch(2);
  run.leave(1);
  run.claim(2, 1);
  run.watches.resynced(run.group.names(), run.events);
  EXPECT_THAT(run.events, ElementsAre(watch_event{2, "orders", name_event::node_down, 0}));
  run.watches.resynced(run.group.names(), run.events);
  EXPECT_EQ(run.events.size(), 1u);
}

TEST(registry_watch, a_watch_that_a_snapshot_leaves_goes_on) {
  watched_group run;
  run.watch(1);
  run.watches.resynced(run.group.names(), run.events);
  EXPECT_THAT(run.events, IsEmpty());
  run.release();
  EXPECT_THAT(run.events, ElementsAre(watch_event{1, "orders", name_event::service_down, 0}));
}

TEST(registry_watch, a_state_from_before_a_watch_does_not_end_it) {
  watched_group run;
  run.follows = false;
  const auto old = run.group.names();
  run.claim(1, 2);
  run.watch(1);
  run.watches.resynced(old, run.events);
  EXPECT_THAT(run.events, IsEmpty());
}

TEST(registry_watch, an_older_state_on_the_way_to_the_present_one_ends_nothing) {
  watched_group run;
  const auto old = run.group.names();
  run.claim(1, 2);
  run.watch(1);
  run.watches.resynced(old, run.events);
  EXPECT_THAT(run.events, IsEmpty());
  EXPECT_EQ(run.watches.size(), 1u);
}

}  // namespace
}  // namespace bulwark
