// SPDX-License-Identifier: BSD-3-Clause
// Goal: a numbered command is executed once, whatever is repeated; a client that was forgotten is never taken
// for a new one; the table stays within its bounds. Method: single steps, then random histories against a
// model that forgets nothing.
#include "bulwark/consensus/core/session_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace bulwark::consensus {
namespace {

using verdict = session_table::verdict;

constexpr std::uint64_t start_ms = 1'000'000;

/// Executes the command if it is new; what begin() said.
verdict run(session_table& table, std::string_view client, std::uint64_t number,
            std::uint64_t now_ms = start_ms) {
  const auto what = table.begin(client, number, now_ms);
  if (what == verdict::fresh)
    table.finish(client, number, std::string{client} + ":" + std::to_string(number));
  return what;
}

std::string saved(const session_table& table) {
  std::string out;
  table.save(out);
  return out;
}

TEST(session_table, a_repeated_command_gets_its_first_reply) {
  session_table table;
  EXPECT_EQ(run(table, "a", 1), verdict::fresh);
  EXPECT_EQ(run(table, "a", 1), verdict::repeated);
  EXPECT_EQ(table.reply_of("a"), "a:1");
  EXPECT_EQ(run(table, "a", 2), verdict::fresh);
  EXPECT_EQ(table.reply_of("a"), "a:2");
  EXPECT_EQ(table.latest_of("a"), 2u);
}

TEST(session_table, an_older_command_is_stale_and_numbers_may_be_left_out) {
  session_table table;
  run(table, "a", 1);
  EXPECT_EQ(run(table, "a", 7), verdict::fresh);
  EXPECT_EQ(run(table, "a", 3), verdict::stale);
  EXPECT_EQ(run(table, "a", 7), verdict::repeated);
}

TEST(session_table, clients_do_not_touch_each_other) {
  session_table table;
  run(table, "a", 1);
  EXPECT_EQ(run(table, "b", 1), verdict::fresh);
  EXPECT_EQ(run(table, "a", 1), verdict::repeated);
}

TEST(session_table, an_unknown_client_must_begin_with_one) {
  session_table table;
  EXPECT_EQ(run(table, "a", 2), verdict::unknown);
  EXPECT_EQ(table.size(), 0u);
  EXPECT_EQ(table.latest_of("a"), 0u);
}

TEST(session_table, who_is_idle_for_too_long_is_forgotten) {
  session_table table{{.idle_ms_max = 1000}};
  run(table, "a", 1, start_ms);
  run(table, "b", 1, start_ms + 600);
  EXPECT_EQ(run(table, "b", 2, start_ms + 1001), verdict::fresh);
  EXPECT_EQ(run(table, "a", 2, start_ms + 1001), verdict::unknown);
  EXPECT_EQ(table.size(), 1u);
}

TEST(session_table, who_is_used_now_and_then_is_not_idle) {
  session_table table{{.idle_ms_max = 1000}};
  for (std::uint64_t number = 1; number <= 5; ++number)
    EXPECT_EQ(run(table, "a", number, start_ms + 900 * number), verdict::fresh) << number;
}

TEST(session_table, one_wrong_clock_does_not_end_all_sessions) {
  session_table table;
  run(table, "a", 1, start_ms);
  run(table, "b", 1, start_ms + 1'000'000'000'000);
  EXPECT_EQ(run(table, "a", 2, start_ms), verdict::fresh);
}

TEST(session_table, time_never_goes_back) {
  session_table table{{.idle_ms_max = 1000}};
  run(table, "a", 1, start_ms);
  run(table, "b", 1, start_ms + 900);
  run(table, "c", 1, start_ms - 5000);
  EXPECT_EQ(run(table, "d", 1, start_ms + 1001), verdict::fresh);
  EXPECT_EQ(table.latest_of("a"), 0u);
  EXPECT_EQ(table.latest_of("c"), 1u) << "c came at 900, whatever its clock said";
}

TEST(session_table, too_many_clients_push_out_the_one_that_was_idle_longest) {
  session_table table{{.sessions_max = 2}};
  run(table, "a", 1);
  run(table, "b", 1);
  run(table, "a", 1);  // a repetition is a use
  run(table, "c", 1);
  EXPECT_EQ(run(table, "b", 2), verdict::unknown);
  EXPECT_EQ(run(table, "a", 2), verdict::fresh);
}

TEST(session_table, kept_replies_are_bounded_in_size) {
  session_table table{{.replies_bytes_max = 250, .reply_bytes_max = 100}};
  for (const auto* client : {"a", "b", "c"}) {
    ASSERT_EQ(table.begin(client, 1, start_ms), verdict::fresh);
    table.finish(client, 1, std::string(100, 'x'));
  }
  EXPECT_EQ(table.size(), 2u);
  EXPECT_EQ(table.reply_bytes(), 200u);
  ASSERT_EQ(table.begin("c", 2, start_ms), verdict::fresh);
  table.finish("c", 2, std::string(101, 'x'));
  EXPECT_EQ(table.begin("c", 2, start_ms), verdict::too_large) << "executed, and never again";
  EXPECT_EQ(table.reply_bytes(), 100u);
}

TEST(session_table, random_histories_execute_nothing_twice_and_survive_being_saved) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random{seed};
    const session_limits limits{.sessions_max = 4, .replies_bytes_max = 40, .idle_ms_max = 500};
    session_table table{limits};
    std::map<std::pair<std::string, std::uint64_t>, int> executed;
    std::uint64_t now = start_ms;
    for (int i = 0; i < 300; ++i) {
      const std::string client(1, static_cast<char>('a' + random() % 6));
      const auto latest = table.latest_of(client);
      // Mostly the next number or a repetition, as of a client that goes on where it was.
      const auto number =
          random() % 8 == 0 ? 2 + random() % 9 : std::max<std::uint64_t>(latest, 1) + random() % 2;
      now += random() % 60;
      const auto what = run(table, client, number, now - random() % 100);
      if (what == verdict::fresh) {
        // A life of the client's session begins with 1: only then may its numbers come again.
        if (number == 1) std::erase_if(executed, [&](const auto& one) { return one.first.first == client; });
        ASSERT_EQ(++executed[std::pair(client, number)], 1) << "seed " << seed << ", step " << i;
      }
      if (what == verdict::repeated) {
        ASSERT_EQ(table.reply_of(client), client + ":" + std::to_string(number));
      }
      ASSERT_LE(table.size(), limits.sessions_max);
      ASSERT_LE(table.reply_bytes(), limits.replies_bytes_max);
      if (random() % 10 == 0) {
        session_table again{limits};
        ASSERT_TRUE(again.restore(saved(table)));
        ASSERT_EQ(saved(again), saved(table));
        table = std::move(again);
      }
    }
  }
}

TEST(session_table, damaged_bytes_change_nothing) {
  session_table table;
  run(table, "a", 1);
  run(table, "b", 1);
  const auto good = saved(table);
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(table.restore(std::string_view{good}.substr(0, size)));
  EXPECT_FALSE(table.restore(good + "x"));
  auto doubled = good;
  doubled[doubled.find('b')] = 'a';  // two sessions of one client
  EXPECT_FALSE(table.restore(doubled));
  EXPECT_EQ(saved(table), good);
}

}  // namespace
}  // namespace bulwark::consensus
