// SPDX-License-Identifier: BSD-3-Clause
// Goal: wall clocks that jump cost nothing that was promised: reads, with leases too, are linearizable, no
//       command runs twice, and a node whose clock went back while it was down is taken in again.
// Method: three real processes whose wall clocks are moved under them by a preloaded library, under clients
//         whose history is recorded.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bulwark/cluster/control_client.hpp"
#include "bulwark/load/client.hpp"
#include "power_cut/control_page.hpp"
#include "recorded_history.hpp"
#include "support.hpp"

namespace bulwark::cluster_test {
namespace {

using load::eventually;

/// The wall clock of the processes that are started with launch_prefix().
class moved_clock {
 public:
  explicit moved_clock(std::filesystem::path file) : file_{std::move(file)}, offset_ns_{file_} {}

  [[nodiscard]] std::vector<std::string> launch_prefix() const {
    return {"/usr/bin/env", std::string{"LD_PRELOAD="} + CLOCK_SHIM, "MOVED_CLOCK=" + file_.string()};
  }
  void move_to(std::chrono::nanoseconds ahead) { offset_ns_->store(ahead.count()); }

 private:
  std::filesystem::path file_;
  power_cut::control_page<std::atomic<std::int64_t>> offset_ns_;
};

struct clock_jumps : testing::Test {
  static constexpr unsigned count = 3;

  std::map<unsigned, moved_clock> clocks;
  bare_nodes nodes{
      count, bare_nodes::cables::direct, {"--lease-ms", "200"}, [this](unsigned number, const auto& data) {
        return clocks.try_emplace(number, data.string() + ".clock").first->second.launch_prefix();
      }};
  recorded_history history{{.endpoints = nodes.endpoints()}};

  nlohmann::json ask(unsigned number, const std::string& what) {
    const auto answer = cluster::ask({nodes.data(number), what}, 1s);
    return nlohmann::json::parse(answer.line, nullptr, false);
  }
  /// The life in which a node is an up member, as it knows itself; 0: in none.
  std::uint64_t life_of(unsigned number) {
    const auto told = ask(number, R"({"do":"members"})");
    if (!told.is_object() || !told.contains("members")) return 0;
    for (const auto& one : told["members"])
      if (one.value("id", std::string{}) == "n" + std::to_string(number) &&
          one.value("state", std::string{}) == "up")
        return one.value("incarnation", std::uint64_t{0});
    return 0;
  }
  bool await_life_after(unsigned number, std::uint64_t before) {
    return eventually(30s, [&] { return life_of(number) > before; });
  }
  void conclude() {
    history.stop();
    EXPECT_TRUE(history.read_all(20s));
    EXPECT_EQ(history.check(), "");
  }
};

TEST_F(clock_jumps, under_load_change_nothing) {
  ASSERT_TRUE(history.await_more(100, 20s));
  for (const auto ahead : {1h, -1h, 24h * 400, -24h * 400, 0h}) {
    const auto leader = nodes.await_leader(20s);
    clocks.at(leader).move_to(ahead);
    ASSERT_TRUE(history.await_more(200, 20s)) << "leader, " << ahead.count() << " h";
    clocks.at(leader % count + 1).move_to(-ahead);
    ASSERT_TRUE(history.await_more(200, 20s)) << "follower, " << -ahead.count() << " h";
  }
  conclude();
}

TEST_F(clock_jumps, run_no_command_of_a_session_twice) {
  load::client client{{.endpoints = nodes.endpoints()}};
  const auto once = [&] { return client.call({"SESSION", "till", "1", "INCR", "sold"}); };
  ASSERT_TRUE(eventually(20s, [&] { return once().answer.number == 1; }));
  for (const auto ahead : {2h, -2h, 24h}) {
    for (auto& [number, clock] : clocks) clock.move_to(ahead);
    ASSERT_TRUE(history.await_more(200, 20s));
    const auto again = once();
    EXPECT_TRUE(again.answer.number == 1 || again.error.starts_with("NOSESSION")) << again.error;
    const auto sold = client.call({"GET", "sold"});
    EXPECT_TRUE(sold.answer.is("1")) << to_string(sold.answer) << sold.error;
  }
  conclude();
}

TEST_F(clock_jumps, while_a_node_is_down_do_not_keep_it_out) {
  ASSERT_TRUE(history.await_more(100, 20s));
  for (unsigned number = 1; number <= count; ++number) ASSERT_TRUE(await_life_after(number, 0));
  for (const auto ahead : {-24h, 24h, -48h}) {
    const auto leader = nodes.await_leader(20s);
    const auto life = life_of(leader);
    const auto process = ask(leader, R"({"do":"status"})").value("incarnation", std::uint64_t{0});
    nodes.kill(leader);
    clocks.at(leader).move_to(ahead);
    ASSERT_TRUE(history.await_more(50, 20s));
    nodes.start(leader);
    ASSERT_TRUE(nodes.await_listening(leader, 20s));
    // Processes are told apart by their clocks: so it was really moved.
    const auto next = ask(leader, R"({"do":"status"})").value("incarnation", std::uint64_t{0});
    EXPECT_EQ(next > process, ahead > 0h);
    ASSERT_TRUE(await_life_after(leader, life)) << nodes.log_of(leader);
    ASSERT_TRUE(history.await_more(100, 20s));
  }
  conclude();
}

}  // namespace
}  // namespace bulwark::cluster_test
