// SPDX-License-Identifier: BSD-3-Clause
// Goal: a node that is cut off answers stale reads with an age that grows as time goes by, and refuses once
// they
//       would be older than they may be; no answer is older than it says.
// Method: real nodes whose packets go through proxies that the test cuts; the test writes at the larger side,
// notes
//       when each write was acknowledged, and reads at the smaller one.
#include "support.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>

namespace bulwark::cluster_test {
namespace {

using load::eventually;
using std::chrono::milliseconds;

instant now() { return std::chrono::steady_clock::now(); }

struct aged {
  std::string value;
  milliseconds age{};
};

class stale_reads : public ::testing::Test {
 protected:
  void SetUp() override { leader_ = nodes_.await_leader(10s); }

  /// Nothing if it was not answered.
  static std::optional<aged> read(load::client& at, milliseconds at_most) {
    const auto result = at.call({"STALE", std::to_string(at_most.count()), "GET", "x"});
    if (!result.done() || result.answer.elements.size() != 2) return std::nullopt;
    return aged{result.answer.elements[1].text, milliseconds{result.answer.elements[0].number}};
  }

  /// Whether the node comes to answer by itself: its answer is older than the question.
  static bool has_a_voucher(load::client& at, milliseconds at_most) {
    return eventually(10s, [&] {
      const auto asked_at = now();
      const auto got = read(at, at_most);
      return got && got->age > 2 * (now() - asked_at) + 2ms;
    });
  }

  [[nodiscard]] unsigned follower(unsigned except = 0) const {
    for (unsigned number = 1;; ++number)
      if (number != leader_ && number != except) return number;
  }

  void write(unsigned at, const std::string& value) {
    auto caller = client_of(nodes_.resp(at), 2s);
    ASSERT_TRUE(call_until_done(caller, {"SET", "x", value}).done());
  }

  /// A node that was cut off with the old value: `reader` may be anywhere in the smaller part, and the write
  /// of the new one was acknowledged at `written_at`.
  static void expect_growing_age(load::client& reader, instant written_at) {
    const auto first = read(reader, 30s);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->value, "old");
    EXPECT_GE(first->age, now() - written_at - 50ms) << "or it says that the new value had been there";
    std::this_thread::sleep_for(500ms);
    const auto second = read(reader, 30s);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->value, "old");
    EXPECT_GE(second->age, first->age + 499ms);
  }

  static void expect_refusal(load::client& reader) {
    EXPECT_TRUE(eventually(12s, [&] {
      return reader.call({"STALE", "200", "GET", "x"}).error.starts_with("CLUSTERDOWN");
    }));
  }

  bare_nodes nodes_{5, bare_nodes::cables::faulty};
  unsigned leader_ = 0;
};

TEST_F(stale_reads, a_follower_answers_by_itself_with_a_small_age) {
  write(leader_, "old");
  const auto which = follower();
  auto reader = client_of(nodes_.resp(which));
  ASSERT_TRUE(has_a_voucher(reader, 2s)) << nodes_.log_of(which);
  for (int i = 0; i < 100; ++i) {
    const auto got = read(reader, 2s);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->value, "old");
    EXPECT_LE(got->age, 2s);
  }
  write(leader_, "new");
  const auto written_at = now();
  EXPECT_TRUE(eventually(10s, [&] {
    const auto asked_at = now();
    const auto got = read(reader, 2s);
    if (got && got->value == "old") {
      EXPECT_GE(got->age, asked_at - written_at);
    }
    return got && got->value == "new";
  }));
}

TEST_F(stale_reads, a_follower_that_is_cut_off_grows_old_and_then_refuses) {
  write(leader_, "old");
  const auto which = follower();
  auto reader = client_of(nodes_.resp(which));
  ASSERT_TRUE(has_a_voucher(reader, 30s));
  nodes_.network().isolate(which);
  write(leader_, "new");
  expect_growing_age(reader, now());
  expect_refusal(reader);
  nodes_.network().heal();
  EXPECT_TRUE(eventually(15s, [&] {
    const auto got = read(reader, 1s);
    return got && got->value == "new";
  })) << nodes_.log_of(which);
}

TEST_F(stale_reads, a_leader_and_a_follower_that_are_cut_off_together_vouch_for_nothing) {
  write(leader_, "old");
  const auto which = follower();
  auto reader = client_of(nodes_.resp(which));
  auto reader_at_leader = client_of(nodes_.resp(leader_));
  ASSERT_TRUE(has_a_voucher(reader, 30s));
  ASSERT_TRUE(has_a_voucher(reader_at_leader, 30s));
  nodes_.network().separate({leader_, which});
  write(follower(which), "new");
  const auto written_at = now();
  expect_growing_age(reader, written_at);
  expect_growing_age(reader_at_leader, written_at);
  expect_refusal(reader);
  expect_refusal(reader_at_leader);
}

}  // namespace
}  // namespace bulwark::cluster_test
