// SPDX-License-Identifier: BSD-3-Clause
// Goal: what `bulwark metrics` prints is the text format of Prometheus, whoever answers and whatever is
// missing. Method: a pure function on fixed answers.
#include "bulwark/cluster/metrics_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>

namespace bulwark::cluster {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* leading = R"({"ok":true,"version":"0.1.0","state":"up","role":"leader","uptime_s":12.5,
  "chosen":70,"applied":69,"elections":2,"quorum":true,"storage_writable":true,"peers":[
  {"id":"n2","state":"up","rtt_ms":0.25,"silent_ms":30.0,"phi":0.1},{"id":"n3","state":"down","rtt_ms":null}]})";

TEST(metrics_view, tells_each_node_and_its_peers_in_base_units) {
  const auto text = metrics_text({{"n1", leading}, {"n2", ""}});
  for (const auto* line :
       {"bulwark_up{node=\"n1\"} 1\n", "bulwark_up{node=\"n2\"} 0\n",
        "bulwark_build_info{node=\"n1\",version=\"0.1.0\"} 1\n", "bulwark_uptime_seconds{node=\"n1\"} 12.5\n",
        "bulwark_paxos_is_leader{node=\"n1\"} 1\n", "bulwark_paxos_chosen_index{node=\"n1\"} 70\n",
        "bulwark_paxos_elections_total{node=\"n1\"} 2\n", "bulwark_draining{node=\"n1\"} 0\n",
        "bulwark_peer_up{node=\"n1\",peer=\"n3\"} 0\n",
        "bulwark_peer_rtt_seconds{node=\"n1\",peer=\"n2\"} 0.00025\n"})
    EXPECT_THAT(text, HasSubstr(line));
  EXPECT_THAT(text, Not(HasSubstr("rtt_seconds{node=\"n1\",peer=\"n3\"}")))
      << "what is not known is left out";
  EXPECT_THAT(text, Not(HasSubstr("bulwark_connections")));
}

TEST(metrics_view, says_nothing_of_the_verdict_on_one_that_is_not_watched) {
  for (const auto* state : {"connected", "unconnected"}) {
    const auto text = metrics_text(
        {{"n1", std::string{R"({"ok":true,"peers":[{"id":"n2","state":")"} + state + R"("}]})"}});
    EXPECT_THAT(text, Not(HasSubstr("bulwark_peer_up"))) << state;
  }
}

TEST(metrics_view, each_metric_has_one_heading_before_all_its_samples) {
  std::istringstream lines{metrics_text({{"n1", leading}, {"n2", leading}})};
  std::map<std::string, int> headings;
  std::string line, current;
  while (std::getline(lines, line)) {
    if (line.starts_with("# TYPE ")) {
      current = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_EQ(++headings[current], 1) << line;
    } else if (!line.starts_with("#")) {
      EXPECT_EQ(line.substr(0, line.find('{')), current) << line;
    }
  }
  EXPECT_GT(headings.size(), 10u);
}

TEST(metrics_view, takes_whatever_a_node_says) {
  EXPECT_THAT(metrics_text({{"n1", "nonsense"}}), HasSubstr("bulwark_up{node=\"n1\"} 0\n"));
  EXPECT_THAT(metrics_text({{"n1", R"({"ok":true,"chosen":"many","peers":7})"}}),
              HasSubstr("bulwark_up{node=\"n1\"} 1\n"));
  EXPECT_THAT(metrics_text({{"a\"b", ""}}), HasSubstr("bulwark_up{node=\"a\\\"b\"} 0\n"));
}

}  // namespace
}  // namespace bulwark::cluster
