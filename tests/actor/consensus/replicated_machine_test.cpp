// SPDX-License-Identifier: BSD-3-Clause
// Goal: a plain state class becomes a deterministic machine: equal commands give equal states and replies,
// what is
//       repeated in a session is not applied again, and what a newer program wrote is never skipped.
// Method: the machine alone, fed with payloads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "counter.hpp"

namespace bulwark::test {
namespace {

using namespace consensus;
using machine = replicated_machine<counters>;

constexpr std::uint64_t noon = 1'700'000'000'000;

template <class Message>
bytes command_of(std::size_t kind, const Message& what, std::uint64_t now_ms = noon,
                 const session_key* session = nullptr) {
  std::string body;
  detail::append_inspected(body, what);
  return make_command(kind, now_ms, 42, session, body);
}
bytes add_to(const std::string& name, std::int64_t amount, const session_key* session = nullptr) {
  return command_of(0, add{name, amount}, noon, session);
}
bytes question(const std::string& name) {
  std::string body;
  detail::append_inspected(body, get{name});
  return make_query(0, body);
}

/// The number in a reply, or the text of what it says instead.
std::string said(const bytes& reply) {
  const auto [what, rest] = split_reply(reply);
  std::int64_t number = 0;
  if (what == machine_answer::reply)
    return detail::read_inspected(rest, number) ? std::to_string(number) : "no number";
  if (what == machine_answer::refused) return "refused: " + std::string{rest};
  return "answer " + std::to_string(static_cast<int>(what));
}

TEST(replicated_machine, commands_change_the_state_and_queries_see_it) {
  machine one;
  EXPECT_EQ(said(one.apply(add_to("a", 5))), "5");
  EXPECT_EQ(said(one.apply(add_to("a", -2))), "3");
  EXPECT_EQ(said(one.query(question("a"))), "3");
  EXPECT_EQ(said(one.query(question("b"))), "0");
}

TEST(replicated_machine, what_the_state_throws_is_the_answer_and_it_goes_on) {
  machine one;
  EXPECT_EQ(said(one.apply(add_to("a", -1))), "refused: a would be below zero");
  EXPECT_EQ(said(one.apply(add_to("a", 1))), "1");
}

TEST(replicated_machine, log_time_never_goes_back_nor_far_ahead_at_once) {
  machine one;
  const auto stamp_at = [&](std::uint64_t now_ms) {
    return said(one.apply(command_of(1, stamp{"t"}, now_ms)));
  };
  EXPECT_EQ(stamp_at(noon), std::to_string(noon));
  EXPECT_EQ(stamp_at(noon - 5), std::to_string(noon));
  EXPECT_EQ(stamp_at(noon + 10), std::to_string(noon + 10));
  EXPECT_EQ(stamp_at(noon + 999'999'999), std::to_string(noon + 60'010));
  EXPECT_EQ(one.state().totals.at("t's dice"), 21);
}

TEST(replicated_machine, a_command_of_a_session_that_comes_again_is_not_applied_again) {
  machine one;
  const session_key first{"till", 1};
  const session_key second{"till", 2};
  EXPECT_EQ(said(one.apply(add_to("a", 5, &first))), "5");
  EXPECT_EQ(said(one.apply(add_to("a", 5, &first))), "5");
  EXPECT_EQ(said(one.apply(add_to("a", -9, &second))), "refused: a would be below zero");
  EXPECT_EQ(said(one.apply(add_to("a", 9))), "14");
  EXPECT_EQ(said(one.apply(add_to("a", -9, &second))), "refused: a would be below zero") << "its first reply";
  EXPECT_EQ(split_reply(one.apply(add_to("a", 5, &first))).first, machine_answer::stale_session);
  const session_key stranger{"nobody", 7};
  EXPECT_EQ(split_reply(one.apply(add_to("a", 5, &stranger))).first, machine_answer::no_session);
}

TEST(replicated_machine, a_snapshot_brings_back_state_sessions_and_log_time) {
  machine one;
  const session_key first{"till", 1};
  one.apply(add_to("a", 5, &first));
  one.apply(command_of(1, stamp{"t"}, noon + 50));
  const auto saved = one.save();
  ASSERT_TRUE(saved.has_value());
  machine other;
  other.apply(add_to("is gone", 1));
  ASSERT_TRUE(other.restore(*saved));
  EXPECT_EQ(other.state().totals, one.state().totals);
  EXPECT_EQ(other.save(), saved);
  EXPECT_EQ(said(other.apply(add_to("a", 5, &first))), "5");
  EXPECT_EQ(said(other.apply(command_of(1, stamp{"t"}, noon))), std::to_string(noon + 50));
}

TEST(replicated_machine, no_damaged_snapshot_is_taken) {
  machine one;
  one.apply(add_to("a", 5));
  const auto saved = *one.save();
  machine other;
  other.apply(add_to("b", 7));
  for (std::size_t length = 0; length < saved.size(); ++length)
    EXPECT_FALSE(other.restore(std::string_view{saved}.substr(0, length))) << length;
  EXPECT_FALSE(other.restore(saved + "x"));
  EXPECT_EQ(said(other.query(question("b"))), "7") << "and nothing has changed";
}

TEST(replicated_machine, what_it_does_not_understand_it_does_not_skip) {
  const auto unknown_kind = command_of(2, add{"a", 1});
  const auto broken_body = make_command(0, noon, 42, nullptr, "?");
  const auto newer_envelope = "\x02" + add_to("a", 1).substr(1);
  for (const auto& strange : {unknown_kind, broken_body, newer_envelope, bytes{}, bytes{"\x01"}}) {
    machine one;
    one.apply(add_to("a", 5));
    EXPECT_EQ(split_reply(one.apply(strange)).first, machine_answer::not_understood);
    EXPECT_EQ(split_reply(one.apply(add_to("a", 1))).first, machine_answer::not_understood);
    EXPECT_EQ(split_reply(one.query(question("a"))).first, machine_answer::not_understood);
    EXPECT_EQ(one.save(), std::nullopt) << "a snapshot would pass it on";
    EXPECT_EQ(one.state().totals.at("a"), 5);
  }
}

TEST(replicated_machine, a_question_it_does_not_understand_harms_nothing) {
  machine one;
  for (const auto& strange : {make_query(1, ""), make_query(0, "?"), bytes{}, bytes{"\x07"}})
    EXPECT_EQ(split_reply(one.query(strange)).first, machine_answer::not_understood);
  EXPECT_EQ(said(one.apply(add_to("a", 5))), "5");
}

TEST(replicated_machine, replies_that_nobody_writes_count_as_not_understood) {
  EXPECT_EQ(split_reply("").first, machine_answer::not_understood);
  EXPECT_EQ(split_reply("\x06").first, machine_answer::not_understood);
}

}  // namespace
}  // namespace bulwark::test
