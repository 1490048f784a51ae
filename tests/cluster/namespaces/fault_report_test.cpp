// SPDX-License-Identifier: BSD-3-Clause
// Goal: the figures of a fault are those that the nodes' words give. Method: one short history made up here.
#include "fault_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulwark::cluster_test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

/// n3 dies at 1000 ms; n1 misses it at 1500, knows at 1700 that it is down, n2 at 1720; its name acts on n2
/// from 3800 on.
island_history death_of_n3() {
  const auto at = [](int ms) { return instant{std::chrono::milliseconds{ms}}; };
  const told::view down{{4, {3, 7}, member_state::suspect, member_state::down, down_cause::accused, {1, 2}}};
  const auto acts = [](std::uint64_t token) { return told::owner{told::owner_step::acts, "ledger", token}; };
  island_history history;
  for (const auto& one : std::vector<island_event>{
           {at(10), 3, 1, acts(5)},
           {at(990), 3, 1, acts(5)},
           {at(1100), 3, 1, told::verdict{{1, peer_state::up, peer_state::suspect, 90ms}}},
           {at(1500), 1, 1, told::verdict{{3, peer_state::up, peer_state::suspect, 503ms}}},
           {at(1600), 2, 1, told::verdict{{3, peer_state::up, peer_state::suspect, 603ms}}},
           {at(1720), 2, 1, down},
           {at(1700), 1, 1, down},
           {at(3800), 2, 1, acts(6)}})
    history.take(one);
  return history;
}

const fault death{"a host dies", instant{1000ms}, {3}, instant{5000ms}};

TEST(fault_report, figures_are_those_of_the_words) {
  const auto figures = figures_of(death, death_of_n3(), {"ledger"});
  EXPECT_EQ(figures.suspected, 500ms) << "n3's own opinion does not count";
  EXPECT_EQ(figures.agreed, 700ms);
  EXPECT_EQ(figures.all_know, 720ms);
  EXPECT_EQ(figures.moved, 2800ms);
  EXPECT_EQ(figures.names_moved, 1u);
  EXPECT_EQ(figures.lives_ended, 1u);
  EXPECT_EQ(row_of(death, figures, 300ms), "| a host dies | 0.50 | 0.70 | 0.72 | 1 | 2.80 | 1 | 0.30 |");
}

TEST(fault_report, what_did_not_happen_has_no_figure) {
  auto two = death;
  two.victims = {2, 3};
  const auto figures = figures_of(two, death_of_n3(), {"ledger"});
  EXPECT_FALSE(figures.suspected) << "nobody but n2 and n3 spoke of n2";
  EXPECT_FALSE(figures.agreed);
  EXPECT_FALSE(figures.all_know);
}

TEST(fault_report, a_name_that_stays_where_it_was_did_not_move) {
  auto history = death_of_n3();
  const auto act = [](std::uint64_t token) {
    return told::owner{told::owner_step::acts, "inventory", token};
  };
  history.take({instant{900ms}, 3, 1, act(7)});
  history.take({instant{1900ms}, 3, 1, act(8)});
  EXPECT_EQ(figures_of(death, history, {"inventory"}).names_moved, 0u);
  EXPECT_EQ(figures_of(death, history, {"inventory", "ledger"}).names_moved, 1u);
}

TEST(fault_report, timeline_tells_what_happened_since) {
  const auto text = timeline_of(death, death_of_n3(), {"ledger"});
  EXPECT_THAT(text, HasSubstr("+0.00 s  a host dies\n"));
  EXPECT_THAT(text, HasSubstr("+0.50 s  n1 misses n3, silent for 0.50 s\n"));
  EXPECT_THAT(text,
              HasSubstr("+0.70 s  view 4: n3/7 suspect -> down, accused by n1 n2; all know at +0.72\n"));
  EXPECT_THAT(text, HasSubstr("+2.80 s  ledger acts on n2, token 6; before: n3 until -0.01\n"));
  EXPECT_THAT(text, HasSubstr("+4.00 s  mended\n"));
  EXPECT_THAT(timeline_of(death, death_of_n3(), {"ledger"}, 2), Not(HasSubstr("ledger")));
}

}  // namespace
}  // namespace bulwark::cluster_test
