// SPDX-License-Identifier: BSD-3-Clause
// Goal: what the nodes on islands tell is checked by something that can say no. Method: short histories made
// up here, good ones and such as break one rule each.
#include "island_history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulwark::cluster_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

instant at(int ms) { return instant{std::chrono::milliseconds{ms}}; }

island_event seen(int ms, std::uint32_t teller, std::uint64_t view, std::uint32_t subject, member_state to,
                  std::uint64_t process = 1) {
  membership_change change{view, {subject, 7}, member_state::joining, to, down_cause::none, {}};
  return {at(ms), teller, process, told::view{change}};
}

island_event owner(int ms, std::uint32_t node, std::uint64_t token, std::uint64_t process = 1,
                   told::owner_step step = told::owner_step::acts) {
  return {at(ms), node, process, told::owner{step, "ledger", token}};
}

island_history history_of(const std::vector<island_event>& events) {
  island_history history;
  for (const auto& one : events) history.take(one);
  return history;
}

TEST(island_event_line, gives_back_what_was_written) {
  membership_change change{
      12,       {3, 1795410760176020975}, member_state::suspect, member_state::down, down_cause::accused,
      {1, 2, 5}};
  const std::vector<island_event> all{
      {at(1), 1, 9, told::started{}},
      {at(2), 2, 9, told::leader{5}},
      {at(3), 3, 9, told::verdict{{4, peer_state::up, peer_state::suspect, 503ms}}},
      {at(4), 4, 9, told::view{change}},
      owner(5, 5, 77, 9, told::owner_step::ends)};
  for (const auto& one : all) EXPECT_EQ(parse_island_event(to_line(one)), one) << to_line(one);
}

TEST(island_event_line, refuses_what_is_none) {
  for (const auto* line : {"", "12", "12 1 9 danced", "x 1 9 started", "12 1 9 started late", "12 1 9 leader",
                           "12 1 9 verdict 2 1 3 0", "12 1 9 view 1 1 1 0 6 0 0",
                           "12 1 9 view 1 1 1 0 1 0 2 4", "12 1 9 owner 3 1 ledger", "12 1 9 owner 1 1"})
    EXPECT_FALSE(parse_island_event(line)) << line;
}

TEST(island_history, one_owner_after_the_other_is_right) {
  EXPECT_THAT(history_of({owner(1, 1, 10), owner(9, 1, 10), owner(10, 2, 11), owner(20, 2, 11)}).problems(),
              IsEmpty());
}

TEST(island_history, overlapping_owners_are_found_in_whatever_order_they_are_told) {
  const std::vector<island_event> events{owner(1, 1, 10), owner(9, 1, 10), owner(8, 2, 11), owner(20, 2, 11)};
  EXPECT_THAT(history_of(events).problems(), ElementsAre(HasSubstr("two live owners for 1.0")));
  EXPECT_THAT(history_of({events[2], events[3], events[0], events[1]}).problems(),
              ElementsAre(HasSubstr("two live owners for 1.0")));
}

TEST(island_history, an_owner_that_wakes_up_behind_the_next_one_is_found) {
  // It acted at 1, stood still, and acts once more at 50, while the reign of the next has begun and gone on.
  EXPECT_THAT(
      history_of({owner(1, 1, 10), owner(50, 1, 10), owner(30, 2, 11), owner(90, 2, 11), owner(95, 3, 12)})
          .problems(),
      ElementsAre(HasSubstr("two live owners")));
}

TEST(island_history, a_short_reign_within_a_long_one_hides_nothing) {
  EXPECT_THAT(history_of({owner(1, 1, 10), owner(50, 1, 10), owner(5, 2, 11), owner(40, 3, 12)}).problems(),
              ElementsAre(HasSubstr("token 11"), HasSubstr("token 12")));
}

TEST(island_history, tokens_that_fall_are_found) {
  EXPECT_THAT(history_of({owner(1, 1, 10), owner(5, 2, 9)}).problems(), ElementsAre(HasSubstr("came after")));
}

TEST(island_history, a_token_has_one_process) {
  EXPECT_THAT(history_of({owner(1, 1, 10, 1), owner(5, 1, 10, 2)}).problems(),
              ElementsAre(HasSubstr("is acted upon by n1 (process 2)")));
}

TEST(island_history, nobody_acts_behind_its_end_unless_it_begins_again) {
  const auto end = owner(5, 1, 10, 1, told::owner_step::ends);
  const auto begin = owner(6, 1, 10, 1, told::owner_step::begins);
  EXPECT_THAT(history_of({owner(1, 1, 10), end, owner(7, 1, 10)}).problems(),
              ElementsAre(HasSubstr("behind its end")));
  EXPECT_THAT(history_of({owner(1, 1, 10), end, begin, owner(7, 1, 10)}).problems(), IsEmpty());
}

TEST(island_history, different_views_of_one_number_are_found) {
  EXPECT_THAT(history_of({seen(1, 1, 1, 4, member_state::up), seen(2, 2, 1, 4, member_state::up)}).problems(),
              IsEmpty());
  EXPECT_THAT(history_of({seen(1, 1, 1, 4, member_state::up), seen(2, 2, 1, 5, member_state::up)}).problems(),
              ElementsAre(HasSubstr("n2 (process 1) has")));
}

TEST(island_history, gaps_are_found_and_a_new_process_begins_anew) {
  EXPECT_THAT(history_of({seen(1, 1, 1, 4, member_state::up), seen(2, 1, 3, 5, member_state::up)}).problems(),
              ElementsAre(HasSubstr("from view 1 to 3")));
  EXPECT_THAT(
      history_of({seen(1, 1, 1, 4, member_state::up), seen(2, 1, 1, 4, member_state::up, 2)}).problems(),
      IsEmpty());
}

/// Two nodes that are up and know it, and a name with an owner.
std::vector<island_event> whole() {
  return {seen(1, 1, 1, 1, member_state::up), seen(2, 1, 2, 2, member_state::up),
          seen(1, 2, 1, 1, member_state::up), seen(2, 2, 2, 2, member_state::up), owner(10, 2, 10)};
}

TEST(island_history, is_whole_when_all_are_up_and_each_name_has_an_owner) {
  const auto history = history_of(whole());
  EXPECT_EQ(history.why_not_whole(2, {"ledger"}, at(10)), "");
  EXPECT_THAT(history.why_not_whole(2, {"ledger"}, at(11)), HasSubstr("under 0 tokens"));
  EXPECT_THAT(history.why_not_whole(2, {"ledger", "inventory"}, at(10)), HasSubstr("inventory"));
  EXPECT_THAT(history.why_not_whole(3, {"ledger"}, at(10)), HasSubstr("n3"));
}

TEST(island_history, is_not_whole_while_one_lags_or_is_down_to_another) {
  auto lags = whole();
  lags.push_back(seen(12, 1, 3, 3, member_state::up));
  EXPECT_THAT(history_of(lags).why_not_whole(2, {"ledger"}, at(10)), HasSubstr("n2 is at view 2"));
  auto down = lags;
  down[5] = seen(12, 1, 3, 2, member_state::down);
  down.push_back(seen(12, 2, 3, 2, member_state::down));
  EXPECT_THAT(history_of(down).why_not_whole(2, {"ledger"}, at(10)), HasSubstr("n2 is down to n1"));
}

TEST(island_history, is_not_whole_until_a_new_process_has_caught_up) {
  auto events = whole();
  events.push_back({at(20), 2, 2, told::started{}});
  EXPECT_THAT(history_of(events).why_not_whole(2, {"ledger"}, at(10)), HasSubstr("n2 is at view 0"));
}

TEST(island_history, is_not_whole_with_two_owners) {
  auto events = whole();
  events.push_back(owner(12, 1, 11));
  EXPECT_THAT(history_of(events).why_not_whole(2, {"ledger"}, at(10)), HasSubstr("under 2 tokens"));
}

}  // namespace
}  // namespace bulwark::cluster_test
