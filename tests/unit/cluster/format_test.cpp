// SPDX-License-Identifier: BSD-3-Clause
// Goal: what users and scripts read (tables, times, trees, the schema of JSON) is as documented. Method: pure
// functions on fixed input, compared with the whole text or with each field of the schema.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "bulwark/cluster/cluster_view.hpp"
#include "bulwark/cluster/commands.hpp"
#include "bulwark/cluster/events_view.hpp"
#include "bulwark/cluster/health.hpp"
#include "bulwark/cluster/table.hpp"
#include "bulwark/cluster/tree_view.hpp"

namespace bulwark::cluster {
namespace {

using json = nlohmann::json;
using testing::HasSubstr;

TEST(table_format, columns_are_aligned_and_lines_have_no_trailing_blanks) {
  table out({{"ID"}, {"N", table::align::right}, {"NAME"}});
  out.add({{"n1"}, {"5"}, {"a"}});
  out.add({{"n10"}, {"12345"}, {"longer"}});
  EXPECT_EQ(out.render(false),
            "ID       N  NAME\n"
            "n1       5  a\n"
            "n10  12345  longer\n");
}

TEST(table_format, code_points_count_once_and_colour_does_not_shift_columns) {
  EXPECT_EQ(display_width("✔ é"), 3u);
  table out({{"A"}, {"B"}});
  out.add({{"·", tint::bad}, {"x"}});
  EXPECT_EQ(out.render(false), "A  B\n·  x\n");
  EXPECT_THAT(out.render(true), HasSubstr("\033[31m·\033[0m  x\n"));
}

TEST(table_format, times_are_spoken_by_their_size) {
  EXPECT_EQ(spoken_time(0.214), "0.21s");
  EXPECT_EQ(spoken_time(-1), "0.00s");
  EXPECT_EQ(spoken_time(12.9), "12s");
  EXPECT_EQ(spoken_time(190), "3m10s");
  EXPECT_EQ(spoken_time(2 * 3600 + 5 * 60), "2h05m");
  EXPECT_EQ(spoken_time(4 * 86400 + 3 * 3600), "4d03h");
}

TEST(tree_format, children_hang_on_branches_and_only_the_unusual_is_told) {
  const auto text = draw_tree(
      R"({"ok":true,"tree":{"id":"root","strategy":"one_for_one","state":"up","restarts":0,"uptime_s":12,"children":[
         {"id":"links","strategy":"one_for_one","state":"up","children":[{"id":"connector","state":"up","mailbox":3}]},
         {"id":"replica","state":"waiting","restarts":2,"last_reason":"boom"}]}})",
      "n2", false);
  EXPECT_EQ(text,
            "n2  root (one_for_one)  up 12s\n"
            "├─ links (one_for_one)\n"
            "│  └─ connector  mbox 3\n"
            "└─ replica  waiting  restarts 2  ← boom\n");
}

TEST(tree_format, an_answer_without_a_tree_is_a_failure_that_tells_its_reason) {
  try {
    draw_tree(R"({"ok":false,"error":"draining"})", "n2", false);
    FAIL();
  } catch (const failure& e) {
    EXPECT_EQ(e.code(), exit_code::unhealthy);
    EXPECT_THAT(e.what(), HasSubstr("draining"));
  }
  EXPECT_THROW(draw_tree("\xff not json", "n2", false), failure);
}

class merged_view : public testing::Test {
 protected:
  cluster_directory directory{"/var/c"};
  cluster_config config = plan_cluster(3, 7000, "test");
};

TEST_F(merged_view, ps_json_has_every_documented_key_and_null_where_nothing_is_known) {
  const auto view = merge(
      directory, config,
      R"({"ok":true,"pid":9,"nodes":[{"id":"n1","pid":41,"state":"up","restarts":2,"uptime_s":3.5,"reason":null}]})",
      {R"({"ok":true,"id":"n1","state":"draining","role":"leader","leader":"n1","ballot":"7.n1","chosen":9,"applied":8})",
       "", "rubbish"});
  const auto list = json::parse(ps_json(view));
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0], json::parse(R"({"id":"n1","pid":41,"resp":"127.0.0.1:7101","listen":"127.0.0.1:7001",
      "data":"/var/c/n1","state":"draining","role":"leader","ballot":"7.n1","chosen":9,"applied":8,"restarts":2,
      "uptime_s":3.5,"leader":"n1","reason":null})"));
  for (const auto& node : {list[1], list[2]}) {
    EXPECT_EQ(node["state"], "down");
    for (const auto* key : {"pid", "role", "ballot", "chosen", "applied", "uptime_s", "leader", "reason"})
      EXPECT_TRUE(node.at(key).is_null()) << key;
    EXPECT_EQ(node["restarts"], 0);
  }
}

TEST_F(merged_view, a_paused_process_stays_paused_whatever_it_answered_before) {
  const auto view = merge(directory, config, R"({"ok":true,"nodes":[{"id":"n1","pid":1,"state":"paused"}]})",
                          {R"({"ok":true,"state":"up"})", "", ""});
  EXPECT_EQ(view.nodes[0].state, "paused");
}

TEST_F(merged_view, fields_of_a_wrong_kind_count_as_unknown) {
  const auto view = merge(directory, config, R"({"ok":true,"nodes":[{"id":"n1","pid":"x","restarts":-1},7]})",
                          {R"({"ok":true,"chosen":"many","role":3,"peers":{}})", "[]", "{}"});
  EXPECT_FALSE(view.nodes[0].pid);
  EXPECT_FALSE(view.nodes[0].chosen);
  EXPECT_FALSE(view.nodes[0].role);
  EXPECT_EQ(view.nodes[0].restarts, 0u);
}

TEST_F(merged_view, ps_table_shows_dashes_for_the_unknown_and_the_reason_of_a_node_that_is_down) {
  auto view = merge(directory, config,
                    R"({"ok":true,"nodes":[{"id":"n2","state":"down","reason":"exit code 70: disk full"}]})",
                    {"", "", ""});
  const auto text = ps_table(view, false);
  EXPECT_THAT(text, HasSubstr("ID  PID  STATE  ROLE  BALLOT  CHOSEN  APPLIED  RESTARTS  UPTIME  RESP\n"));
  EXPECT_THAT(text,
              HasSubstr("n1    -  down   -     -            -        -         0       -  127.0.0.1:7101\n"));
  EXPECT_THAT(text, HasSubstr("n2: exit code 70: disk full\n"));
}

TEST(cluster_status, tells_what_peers_told_of_themselves_as_far_as_it_is_known) {
  const cluster_directory directory{"/clusters/a"};
  cluster_config config;
  config.nodes.resize(1);
  config.nodes[0].id = "n1";
  const auto view = merge(directory, config, R"({"ok":true})", {R"({"ok":true,"peers":[
      {"id":"n2","state":"up","status":"draining","lag_ms":0.5,"cpu":1.25,"memory_mib":64,"queue":3,"mailbox_age_ms":40.5},
      {"id":"n3","state":"up"}]})"});
  const auto told = json::parse(status_json(view, judge(view)))["nodes"][0]["peers"];
  EXPECT_EQ(told[0]["status"], "draining");
  EXPECT_EQ(told[0]["lag_ms"], 0.5);
  EXPECT_EQ(told[0]["cpu"], 1.25);
  EXPECT_EQ(told[0]["memory_mib"], 64);
  EXPECT_EQ(told[0]["queue"], 3);
  EXPECT_EQ(told[0]["mailbox_age_ms"], 40.5);
  for (const auto* key : {"status", "lag_ms", "cpu", "memory_mib", "queue", "mailbox_age_ms"})
    EXPECT_TRUE(told[1].at(key).is_null()) << key;
}

TEST(event_format, an_event_is_one_line_without_what_is_missing) {
  EXPECT_EQ(
      event_line(R"({"kind":"restarted","path":"consensus/log","generation":2,"restarts":1,)"
                 R"("reason":{"kind":"failure","text":"disk full"},"t_restart_ms":51.04,"ago_ms":3200})",
                 "n2", false),
      "n2      3.2 s ago  restarted     consensus/log  generation 2  T_restart 51.0 ms  ← disk full");
  EXPECT_EQ(event_line(R"({"kind":"gave_up","path":"","ago_ms":0})", "n1", false),
            "n1      0.0 s ago  gave_up       the root");
  EXPECT_THAT(event_line("nonsense", "n1", false), HasSubstr("?"));
}

TEST(signals, are_known_by_name_and_by_number) {
  for (const auto* name : {"9", "KILL", "SIGKILL", "kill"}) EXPECT_EQ(parse_signal(name), SIGKILL) << name;
  EXPECT_EQ(parse_signal("term"), SIGTERM);
  for (const auto* name : {"", "0", "-9", "9x", "SIG", "BOOM", "9999"})
    EXPECT_THROW(parse_signal(name), failure) << name;
}

}  // namespace
}  // namespace bulwark::cluster
