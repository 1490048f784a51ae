// SPDX-License-Identifier: BSD-3-Clause
// Goal: what a fence refused waits for somebody else to serve the name, until its deadline. Method: numbers
// for requests.
#include "bulwark/supervision/core/fenced_requests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

instant at(duration since_begin) { return instant{} + since_begin; }

TEST(fenced_requests, wait_for_another_binding_in_the_order_in_which_they_came) {
  fenced_requests<int> some{10};
  some.put("desk", 1, at(60s), 11);
  some.put("desk", 2, at(60s), 12);
  some.put("desk", 1, at(60s), 13);
  some.put("till", 1, at(60s), 21);
  EXPECT_THAT(some.take_for("desk", 2), ElementsAre(11, 13)) << "12 was refused there";
  EXPECT_THAT(some.take_for("desk", 2), IsEmpty());
  EXPECT_THAT(some.take_for("desk", 3), ElementsAre(12));
  EXPECT_THAT(some.take_for("till", 0), ElementsAre(21)) << "a service of the same node";
  EXPECT_EQ(some.size(), 0u);
}

TEST(fenced_requests, wait_until_their_own_deadlines) {
  fenced_requests<int> some{10};
  some.put("desk", 1, at(60s), 11);
  some.put("desk", 1, at(30s), 12);
  some.put("till", 1, at(30s), 21);
  EXPECT_THAT(some.take_late(at(30s) - 1ns), IsEmpty());
  EXPECT_THAT(some.take_late(at(30s)), ElementsAre(12, 21));
  EXPECT_THAT(some.take_for("desk", 2), ElementsAre(11));
}

TEST(fenced_requests, of_a_name_that_nobody_serves_are_given_back) {
  fenced_requests<int> some{10};
  some.put("desk", 1, at(60s), 11);
  some.put("till", 1, at(60s), 21);
  EXPECT_THAT(some.take_all("desk"), ElementsAre(11));
  EXPECT_THAT(some.take_all("desk"), IsEmpty());
  EXPECT_THAT(some.take_everything(), ElementsAre(21));
}

TEST(fenced_requests, beyond_the_bound_are_given_back_at_once) {
  fenced_requests<int> some{2};
  EXPECT_FALSE(some.put("desk", 1, at(60s), 11));
  EXPECT_FALSE(some.put("till", 1, at(60s), 21));
  EXPECT_EQ(some.put("desk", 1, at(60s), 12), 12);
  EXPECT_THAT(some.take_for("desk", 2), ElementsAre(11));
  EXPECT_FALSE(some.put("desk", 1, at(60s), 13)) << "there is room again";
}

}  // namespace
}  // namespace bulwark
