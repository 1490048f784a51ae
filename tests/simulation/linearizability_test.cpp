// SPDX-License-Identifier: BSD-3-Clause
// Goal: the checker of histories accepts what registers can do, and nothing else.
// Method: small histories written down by hand, and random ones against a real register.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bulwark/actors/core/random.hpp"
#include "linearizability_checker.hpp"

namespace bulwark::test {
namespace {

TEST(linearizability, one_operation_after_the_other_is_fine) {
  linearizability_checker history;
  history.end(history.begin_write("k", "a"), "");
  history.end(history.begin_read("k"), "a");
  history.end(history.begin_write("k", "b"), "a");
  history.end(history.begin_read("k"), "b");
  EXPECT_EQ(history.check(), "");
}

TEST(linearizability, a_stale_read_is_found) {
  linearizability_checker history;
  history.end(history.begin_write("k", "a"), "");
  history.end(history.begin_write("k", "b"), "a");
  history.end(history.begin_read("k"), "a");
  EXPECT_EQ(history.check(), "k");
}

TEST(linearizability, a_read_beside_a_write_may_return_either_value_but_not_go_back) {
  linearizability_checker history;
  history.end(history.begin_write("k", "a"), "");
  const auto writing = history.begin_write("k", "b");
  history.end(history.begin_read("k"), "a");
  history.end(history.begin_read("k"), "b");
  EXPECT_EQ(history.check(), "");
  history.end(history.begin_read("k"), "a");
  EXPECT_EQ(history.check(), "k");
  history.end(writing, "a");
  EXPECT_EQ(history.check(), "k");
}

TEST(linearizability, a_lost_update_is_found) {
  linearizability_checker history;
  const auto one = history.begin_write("k", "a");
  const auto other = history.begin_write("k", "b");
  history.end(one, "");
  history.end(other, "");
  EXPECT_EQ(history.check(), "k");
}

TEST(linearizability, what_never_returned_may_have_happened_late_or_not_at_all) {
  linearizability_checker history;
  history.begin_write("k", "a");
  history.begin_write("k", "never seen");
  history.end(history.begin_read("k"), "");
  history.end(history.begin_read("k"), "a");
  EXPECT_EQ(history.check(), "");
  history.end(history.begin_read("k"), "");
  EXPECT_EQ(history.check(), "k");
}

TEST(linearizability, what_was_denied_must_not_be_seen) {
  linearizability_checker history;
  history.forget(history.begin_write("k", "a"));
  history.end(history.begin_read("k"), "a");
  EXPECT_EQ(history.check(), "k");
}

TEST(linearizability, registers_are_told_apart) {
  linearizability_checker history;
  history.end(history.begin_write("k", "a"), "");
  history.end(history.begin_read("l"), "");
  EXPECT_EQ(history.check(), "");
}

/// Operations that overlap as they like on one true register; each happens at a moment of its own.
TEST(linearizability, real_histories_pass_and_a_changed_reply_does_not) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    random_stream random{seed};
    struct running {
      linearizability_checker::operation id;
      std::string written;
      std::string reply;
      bool happened;
    };
    linearizability_checker honest, forged;
    std::vector<running> open;
    std::string held;
    const auto forge_at = random.below(60);
    for (std::uint64_t i = 0; i < 120; ++i) {
      if (open.size() < 5 && random.below(2) == 0) {
        const auto written = random.below(2) == 0 ? "v" + std::to_string(i) : std::string{};
        const auto begin = [&](auto& history) {
          return written.empty() ? history.begin_read("k") : history.begin_write("k", written);
        };
        begin(forged);
        open.push_back({begin(honest), written, {}, false});
      }
      if (open.empty()) continue;
      auto& one = open[random.below(open.size())];
      if (!one.happened) {
        one.happened = true;
        one.reply = held;
        if (!one.written.empty()) held = one.written;
        continue;
      }
      honest.end(one.id, one.reply);
      forged.end(one.id, i >= forge_at ? "nobody wrote this" : one.reply);
      open.erase(open.begin() + (&one - open.data()));
    }
    EXPECT_EQ(honest.check(), "") << "seed " << seed;
    EXPECT_EQ(forged.check(), "k") << "seed " << seed;
  }
}

}  // namespace
}  // namespace bulwark::test
