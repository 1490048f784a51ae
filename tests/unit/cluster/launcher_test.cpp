// SPDX-License-Identifier: BSD-3-Clause
// Goal: a local cluster is launched, supervised, broken, looked at and stopped as the command line promises,
// and leaves nothing behind. Method: the real command line and launcher in real processes, with nodes that
// only seem to be some; the tests wait for facts with a deadline, never for a time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "bulwark/cluster/control_client.hpp"
#include "bulwark/cluster/ports.hpp"
#include "command_runner.hpp"

namespace bulwark::cluster::test {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::json;
using namespace std::chrono_literals;
using testing::HasSubstr;

/// A base port whose neighbours are free. Below the range that the kernel gives to clients, by process and so
/// apart from tests that run at the same time.
std::uint16_t free_base_port() {
  for (int attempt = 0; attempt < 50; ++attempt) {
    const auto base = static_cast<std::uint16_t>(20000 + (::getpid() + attempt * 7) % 50 * 200);
    bool free = true;
    for (std::uint16_t i = 1; i <= 3; ++i)
      free = free && port_is_free(static_cast<std::uint16_t>(base + i)) &&
             port_is_free(static_cast<std::uint16_t>(base + 100 + i));
    if (free) return base;
  }
  throw std::runtime_error("no free ports");
}

class local_cluster : public testing::Test {
 protected:
  local_cluster() {
    auto name = (fs::temp_directory_path() / "bulwark-cluster-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
  }
  ~local_cluster() override {
    if (fs::exists(root_ / "control.sock")) bulwark("down");
    fs::remove_all(root_);
  }

  command_result bulwark(const std::string& words, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments;
    std::istringstream in(words);
    for (std::string word; in >> word;) arguments.push_back(word);
    arguments.insert(arguments.end(), {"--dir", root_.string()});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_bulwark(arguments);
  }

  command_result up() const { return bulwark("up -d --nodes 3 --base-port " + std::to_string(base_port_)); }

  json ps() const { return json::parse(bulwark("ps -o json --timeout 5000").out, nullptr, false); }
  json node(std::size_t index) const {
    const auto list = ps();
    return list.is_array() && list.size() > index ? list[index] : json::object();
  }
  pid_t pid_of(std::size_t index) const { return node(index).value("pid", 0); }
  bool is(std::size_t index, const char* state) const { return node(index).value("state", "") == state; }
  bool restarted(std::size_t index, pid_t before) const {
    const auto now = node(index);
    return now.value("state", "") == "up" && now["pid"] != before;
  }
  pid_t launcher_pid() const { return std::stoi(text_of(root_ / "up.lock")); }
  void tell(const std::string& file) const { std::ofstream(root_ / file) << "."; }

  fs::path root_;
  std::uint16_t base_port_ = free_base_port();
};

TEST_F(local_cluster, comes_up_in_the_background_is_listed_and_goes_down_without_a_trace) {
  const auto started = up();
  ASSERT_EQ(started.code, 0) << started.err;
  EXPECT_THAT(started.out, HasSubstr("3/3 ready"));
  EXPECT_THAT(started.out, HasSubstr("leader n1 (ballot 1.n1)"));
  EXPECT_THAT(started.out, HasSubstr("redis-cli -p " + std::to_string(base_port_ + 101)));

  const auto list = ps();
  ASSERT_EQ(list.size(), 3u);
  for (const auto& n : list) EXPECT_EQ(n["state"], "up");
  EXPECT_EQ(list[0]["role"], "leader");
  EXPECT_EQ(list[1]["role"], "follower");
  EXPECT_EQ(bulwark("status").code, 0);
  EXPECT_THAT(bulwark("tree n2").out, HasSubstr("└─ heartbeats  restarts 2"));
  EXPECT_THAT(bulwark("logs n2").out, HasSubstr("n2 starts"));

  const auto launcher = launcher_pid();
  const auto stopped = bulwark("down");
  EXPECT_EQ(stopped.code, 0) << stopped.err;
  for (const auto& n : list) EXPECT_FALSE(process_exists(n["pid"]));
  EXPECT_TRUE(eventually([&] { return !process_exists(launcher); }));
  EXPECT_FALSE(fs::exists(root_ / "control.sock"));

  const auto after = bulwark("ps -o json");
  EXPECT_EQ(after.code, 3);
  EXPECT_EQ(json::parse(after.out)[2]["state"], "down");
  EXPECT_EQ(json::parse(after.err)["exit_code"], 3);
  EXPECT_EQ(bulwark("status").code, 3);
  EXPECT_EQ(bulwark("down").code, 0);
}

TEST_F(local_cluster, a_killed_node_comes_back_as_a_new_process) {
  ASSERT_EQ(up().code, 0);
  const auto before = pid_of(1);
  ASSERT_GT(before, 0);
  EXPECT_EQ(bulwark("kill n2").code, 0);
  ASSERT_TRUE(eventually([&] { return restarted(1, before); }));
  EXPECT_EQ(node(1)["restarts"], 1);
  EXPECT_THAT(node(1)["reason"].get<std::string>(), HasSubstr("signal 9"));
  EXPECT_EQ(node(0)["restarts"], 0);
  EXPECT_THAT(text_of(root_ / "up.log"),
              HasSubstr("n2 ended: killed by signal 9 (Killed); starts again now"));

  ::kill(pid_of(2), SIGKILL);  // behind the launcher's back
  EXPECT_TRUE(eventually([&] { return is(2, "up") && node(2)["restarts"] == 1; }));
}

TEST_F(local_cluster, a_paused_node_is_listed_as_such_and_goes_on_when_resumed) {
  ASSERT_EQ(up().code, 0);
  EXPECT_EQ(bulwark("pause n3").code, 0);
  const auto list = json::parse(bulwark("ps -o json").out);
  EXPECT_EQ(list[2]["state"], "paused");
  EXPECT_TRUE(list[2]["role"].is_null());
  EXPECT_EQ(list[0]["state"], "up");
  EXPECT_EQ(bulwark("status --timeout 300").code, 1);
  EXPECT_EQ(bulwark("resume n3").code, 0);
  EXPECT_TRUE(eventually([&] { return is(2, "up"); }));
  EXPECT_EQ(bulwark("pause n3").code, 0);
  EXPECT_EQ(bulwark("down").code, 0) << "a paused node must not keep the cluster up";
}

TEST_F(local_cluster, pause_answers_once_every_thread_stands_still) {
  ASSERT_EQ(up().code, 0);
  const fs::path threads_of_n3 = "/proc/" + std::to_string(pid_of(2)) + "/task";
  for (int times = 0; times < 20; ++times) {
    ASSERT_EQ(bulwark("pause n3").code, 0);
    std::size_t threads = 0;
    for (const auto& thread : fs::directory_iterator(threads_of_n3)) {
      EXPECT_THAT(text_of(thread.path() / "stat"), HasSubstr(") T ")) << "pause " << times;
      ++threads;
    }
    EXPECT_GE(threads, 1u);
    ASSERT_EQ(bulwark("resume n3").code, 0);
  }
}

TEST_F(local_cluster, a_signal_that_does_not_exist_harms_nobody) {
  ASSERT_EQ(up().code, 0);
  for (const auto* signal : {"-1", "0", "65", "1e30", "9.5"})
    ask({root_, R"({"do":"kill","node":"n1","signal":)" + std::string(signal) + "}"}, 2s);
  const auto refused = ask({root_, R"({"do":"kill","node":"n1","signal":65})"}, 2s);
  EXPECT_THAT(refused.line, HasSubstr("no signal 65: expected 1 to 64"));
  for (const auto* request : {"", "[]", "{}", "\xff", R"({"do":7})", R"({"do":"pause","node":{}})"})
    EXPECT_THAT(ask({root_, request}, 2s).line, HasSubstr(R"("ok":false)")) << request;
  EXPECT_EQ(ps().size(), 3u);
  EXPECT_EQ(bulwark("kill n2 --signal 34").out, "n2 got signal 34\n");
}

TEST_F(local_cluster, restart_waits_until_the_node_is_ready_again) {
  ASSERT_EQ(up().code, 0);
  const auto before = pid_of(0);
  const auto result = bulwark("restart n1");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(restarted(0, before));
}

TEST_F(local_cluster, a_node_that_is_held_stays_down_until_it_is_restarted) {
  ASSERT_EQ(up().code, 0);
  const std::string hold = R"({"do":"hold","node":"n2"})";
  for (int i = 0; i < 2; ++i) EXPECT_THAT(ask({root_, hold}, 15s).line, HasSubstr(R"("ok":true)"));
  EXPECT_EQ(node(1)["state"], "down");
  EXPECT_NE(bulwark("kill n2").code, 0) << "there is a process";
  EXPECT_EQ(node(0)["restarts"], 0);
  EXPECT_EQ(bulwark("restart n2").code, 0);
  EXPECT_EQ(node(1)["state"], "up");
}

TEST_F(local_cluster, a_node_that_crash_loops_can_be_held) {
  ASSERT_EQ(up().code, 0);
  tell("n2.crash");
  EXPECT_EQ(bulwark("kill n2").code, 0);
  ASSERT_TRUE(eventually([&] { return node(1).value("restarts", 0) >= 3; }));
  EXPECT_THAT(ask({root_, R"({"do":"hold","node":"n2"})"}, 15s).line, HasSubstr(R"("ok":true)"));
  const auto before = node(1)["restarts"];
  fs::remove(root_ / "n2.crash");
  EXPECT_EQ(node(1)["state"], "down");
  EXPECT_EQ(node(1)["restarts"], before);
  EXPECT_EQ(bulwark("restart n2").code, 0);
}

TEST_F(local_cluster, a_node_that_crash_loops_is_retried_slower_and_slower_and_harms_no_other) {
  ASSERT_EQ(up().code, 0);
  tell("n2.crash");
  EXPECT_EQ(bulwark("kill n2").code, 0);
  ASSERT_TRUE(eventually([&] { return node(1).value("restarts", 0) >= 4; }));
  EXPECT_THAT(node(1)["reason"].get<std::string>(), HasSubstr("exit code 70: told to crash"));
  const auto status = bulwark("status");
  EXPECT_EQ(status.code, 1);
  EXPECT_EQ(node(0)["restarts"], 0);
  const auto log = text_of(root_ / "up.log");
  EXPECT_THAT(log, HasSubstr("n2 ended: exit code 70: told to crash; starts again in"));
  fs::remove(root_ / "n2.crash");
  EXPECT_TRUE(eventually([&] { return is(1, "up"); }));
}

TEST_F(local_cluster, the_nodes_die_with_a_killed_launcher_and_the_next_one_just_works) {
  ASSERT_EQ(up().code, 0);
  const auto list = ps();
  ::kill(launcher_pid(), SIGKILL);
  for (const auto& n : list) EXPECT_TRUE(eventually([&] { return !process_exists(n["pid"]); }));
  const auto again = bulwark("up -d");
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(ps().size(), 3u);
}

TEST_F(local_cluster, is_run_by_one_launcher_and_keeps_its_size) {
  ASSERT_EQ(up().code, 0);
  const auto second = bulwark("up");
  EXPECT_EQ(second.code, 1);
  EXPECT_THAT(second.err,
              HasSubstr("already run by another `bulwark up` (pid " + std::to_string(launcher_pid())));
  ASSERT_EQ(bulwark("down").code, 0);
  const auto larger = bulwark("up --nodes 5");
  EXPECT_EQ(larger.code, 2);
  EXPECT_THAT(larger.err, HasSubstr("has 3 nodes, not 5"));
}

TEST_F(local_cluster, that_does_not_get_ready_is_stopped_and_its_logs_are_shown) {
  tell("n2.mute");
  const auto result = bulwark("up -d --wait 2 --nodes 3 --base-port " + std::to_string(base_port_));
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("longer than 2 s"));
  EXPECT_THAT(result.err, HasSubstr("n2 | n2 starts"));
  EXPECT_FALSE(fs::exists(root_ / "control.sock"));
}

TEST_F(local_cluster, runs_in_the_foreground_until_a_signal_and_heeds_options) {
  const auto output = root_ / "foreground";
  const auto pid =
      start_bulwark({"up", "--nodes", "5", "--nodes", "3", "--base-port", std::to_string(base_port_), "--dir",
                     root_.string(), "--log-level", "trace"},
                    output);
  ASSERT_TRUE(eventually([&] { return text_of(output).find("Ctrl-C stops all") != std::string::npos; }));
  EXPECT_THAT(text_of(root_ / "n1.log"), HasSubstr("--log-level trace"));
  EXPECT_EQ(bulwark("kill n3").code, 0);
  EXPECT_TRUE(eventually(
      [&] { return text_of(output).find("✘ n3 ended: killed by signal 9") != std::string::npos; }));
  ::kill(pid, SIGINT);
  EXPECT_EQ(await_end(pid, 15s), 0);
  EXPECT_THAT(text_of(output), HasSubstr("stopping all nodes: interrupted"));
}

TEST_F(local_cluster, a_second_signal_kills_what_does_not_end) {
  tell("n1.stubborn");
  const auto output = root_ / "foreground";
  const auto pid = start_bulwark(
      {"up", "--nodes", "3", "--base-port", std::to_string(base_port_), "--dir", root_.string()}, output);
  ASSERT_TRUE(eventually([&] { return text_of(output).find("Ctrl-C stops all") != std::string::npos; }));
  ::kill(pid, SIGTERM);
  ASSERT_TRUE(eventually([&] { return text_of(output).find("n3 stopped") != std::string::npos; }));
  ::kill(pid, SIGTERM);
  EXPECT_EQ(await_end(pid, 8s), 0)
      << "the stop deadline is 10 s, so only the second signal can have ended it";
}

TEST_F(local_cluster, actors_are_killed_through_their_node) {
  ASSERT_EQ(up().code, 0);
  const auto killed = bulwark("kill n2/heartbeats");
  EXPECT_EQ(killed.code, 0) << killed.err;
  EXPECT_EQ(killed.out, "n2/heartbeats killed\n");
  const auto unknown = bulwark("kill n2/nobody -o json");
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(json::parse(unknown.err)["error"].get<std::string>(), HasSubstr("expected heartbeats"));
}

TEST_F(local_cluster, taken_ports_are_named_with_their_holder) {
  ASSERT_EQ(up().code, 0);
  // The fake nodes do not listen, so this test does.
  const auto port = static_cast<std::uint16_t>(base_port_ + 103);
  const port_taker taken(port);
  ASSERT_EQ(bulwark("down").code, 0);
  const auto result = bulwark("up -d");
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("port " + std::to_string(port) + " is in use by "));
  EXPECT_THAT(result.err, HasSubstr("(pid " + std::to_string(::getpid()) + ")"));
}

TEST_F(local_cluster, its_directory_may_have_a_path_longer_than_a_socket_address) {
  const auto top = root_;
  root_ /= std::string(150, 'd');
  const auto result = up();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(node(1)["role"], "follower");
  EXPECT_EQ(bulwark("down").code, 0);
  root_ = top;
}

TEST_F(local_cluster, wrong_usage_is_told_apart_from_trouble) {
  for (const auto* words : {"explode", "kill", "ps -o yaml", "up --nodes many", "up --nodes 0", "tree a b"})
    EXPECT_EQ(bulwark(words).code, 2) << words;
  const auto result = bulwark("ps");
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("there is no cluster in " + root_.string()));
  EXPECT_THAT(result.err, HasSubstr("bulwark up"));
  const auto as_json = json::parse(bulwark("kill -o json").err);
  EXPECT_EQ(as_json["ok"], false);
  EXPECT_EQ(as_json["exit_code"], 2);
  EXPECT_EQ(run_bulwark({"--help"}).code, 0);
  EXPECT_EQ(run_bulwark({"up", "--help"}).code, 0);
  EXPECT_THAT(run_bulwark({"version"}).out, HasSubstr("bulwark 0."));
}

}  // namespace
}  // namespace bulwark::cluster::test
