// SPDX-License-Identifier: BSD-3-Clause
// Goal: what `bulwark members` prints is as documented, whoever answers and whatever is missing.
// Method: pure functions on fixed answers, compared with the whole text.
#include "bulwark/cluster/members_view.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace bulwark::cluster {
namespace {

constexpr const char* older = R"({"ok":true,"view":3,"members":[],"names":[],"history":[]})";
constexpr const char* newer = R"({"ok":true,"view":4,"members":[
  {"id":"n1","incarnation":17,"state":"up","address":"h:1","roles":["kv"],"since_view":2,"accusers":[]},
  {"id":"n2","incarnation":18,"state":"suspect","address":"h:2","roles":[],"since_view":4,"accusers":["n1","n3"]},
  {"id":"n3","incarnation":19,"state":"down","cause":"left","address":"h:3","roles":[],"since_view":3,"accusers":[]}],
  "names":[],"history":[]})";

TEST(members_view, the_latest_view_counts_and_who_saw_which_is_told) {
  const auto shown = show_members({{"n1", newer}, {"n2", older}, {"n3", ""}}, false, false);
  EXPECT_TRUE(shown.any);
  EXPECT_FALSE(shown.all_are_up);
  EXPECT_EQ(shown.text,
            "view 4; seen:  n1 4  n2 3  n3 ?\n"
            "NODE  STATE    SINCE VIEW  INCARNATION  ADDRESS  WHY\n"
            "n1    up                2           17  h:1\n"
            "n2    suspect           4           18  h:2      accused by n1 n3\n"
            "n3    down              3           19  h:3      left\n");
}

TEST(members_view, json_has_all_that_was_told_and_null_for_what_was_not) {
  const auto shown = show_members({{"n1", older}, {"n2", newer}, {"n3", "nonsense"}}, true, false);
  const auto told = nlohmann::json::parse(shown.text);
  EXPECT_EQ(told["view"], 4);
  EXPECT_EQ(told["seen"]["n1"], 3);
  EXPECT_TRUE(told["seen"]["n3"].is_null());
  EXPECT_EQ(told["members"].size(), 3u);
}

TEST(members_view, all_are_up_only_if_each_configured_node_is) {
  const auto one = R"({"view":2,"members":[{"id":"n1","state":"up"}]})";
  EXPECT_TRUE(show_members({{"n1", one}}, false, false).all_are_up);
  EXPECT_FALSE(show_members({{"n1", one}, {"n2", ""}}, false, false).all_are_up);
  EXPECT_FALSE(show_members({{"n1", ""}}, false, false).any);
}

}  // namespace
}  // namespace bulwark::cluster
