// SPDX-License-Identifier: BSD-3-Clause
// Goal: an event reads well as a line, as it stands in logs.
// Method: one line of each form.
#include "bulwark/actors/core/event.hpp"

#include <gtest/gtest.h>

namespace bulwark {
namespace {

using namespace std::chrono_literals;

supervision_event event_about(event_kind kind, std::string path = "clients/front") {
  supervision_event event{kind, std::move(path), {exit_kind::failure, "boom"}};
  event.generation = 3;
  event.restarts = 2;
  return event;
}

TEST(event, reads_as_a_line) {
  EXPECT_EQ(to_string(event_about(event_kind::started)), "started clients/front (generation 3)");
  EXPECT_EQ(to_string(event_about(event_kind::exited)), "exited clients/front (generation 3; boom)");
  EXPECT_EQ(to_string(event_about(event_kind::gave_up, "")), "gave_up the root (boom)");
  EXPECT_EQ(to_string(event_about(event_kind::point_lost)), "point_lost clients/front (point 3; boom)");
}

TEST(event, of_a_restart_tells_the_three_times_in_tenths_of_milliseconds) {
  auto event = event_about(event_kind::restarted);
  event.t_fail = 49us;
  event.t_recover = 1550us;
  event.t_restart = 12'345'678us;
  EXPECT_EQ(
      to_string(event),
      "restarted clients/front (generation 3, restarts: 2; T_fail 0.0 ms + T_recover 1.6 ms = 12345.7 ms)");
  event.t_fail = -1ms;
  EXPECT_NE(to_string(event).find("T_fail -1.0 ms"), std::string::npos);
}

TEST(event, of_a_storm_tells_how_often_and_for_how_long) {
  auto event = event_about(event_kind::crash_storm);
  event.ends = 1000;
  event.within = 10s;
  EXPECT_EQ(
      to_string(event),
      "crash_storm clients/front (generation 3, restarts: 2; 1000 ends within 10000.0 ms, the last: boom)");
}

TEST(event, of_a_pool_tells_both_sizes_and_why) {
  auto event = event_about(event_kind::resized, "prices");
  event.from = 2;
  event.to = 3;
  EXPECT_EQ(to_string(event), "resized prices (from 2 to 3; boom)");
}

}  // namespace
}  // namespace bulwark
