// SPDX-License-Identifier: BSD-3-Clause
// Goal: the launcher waits for a node as long as its policy says, and no longer: to get ready, to end, held
// or parked. Method: a launcher in this process with short deadlines, whose nodes only seem to be some and
// are told to misbehave; it is asked over its control socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "bulwark/cluster/control_client.hpp"
#include "bulwark/cluster/launcher.hpp"
#include "command_runner.hpp"

namespace bulwark::cluster::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;
using kind = launcher_event::kind;

class node_deadlines : public testing::Test {
 protected:
  node_deadlines() {
    auto name = (fs::temp_directory_path() / "bulwark-deadlines-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
  }
  ~node_deadlines() override {
    if (runs_.joinable()) {
      for (const auto* word : {"stubborn", "mute", "crash"})
        for (const auto* id : {"n1.", "n2."}) fs::remove(root_ / (std::string{id} + word));
      order(R"({"do":"down"})");
      runs_.join();
    }
    fs::remove_all(root_);
  }

  /// Two nodes.
  void launch() {
    launcher_options options{.directory = cluster_directory{root_},
                             .config = plan_cluster(2, 29000, "deadlines"),
                             .program = FAKE_BULWARK,
                             .node_arguments = {},
                             .policy = policy,
                             .handle_signals = false,
                             .on_event = {}};
    options.on_event = [this](const launcher_event& event) {
      const std::lock_guard guard{mutex_};
      events_.push_back(event);
    };
    runs_ = std::thread{[options = std::move(options)] { launcher{options}.run({}); }};
  }

  void tell(const std::string& file) const { std::ofstream(root_ / file) << "."; }
  std::string order(const std::string& request, std::chrono::seconds limit = 15s) const {
    return ask({root_, request}, limit).line;
  }
  std::string order(const char* what, const char* node, std::chrono::seconds limit = 15s) const {
    return order(R"({"do":")" + std::string{what} + R"(","node":")" + node + "\"}", limit);
  }

  std::ptrdiff_t count(kind what, const std::string& id) {
    const std::lock_guard guard{mutex_};
    return std::ranges::count_if(events_,
                                 [&](const auto& event) { return event.what == what && event.id == id; });
  }
  bool came(kind what, const std::string& id, std::ptrdiff_t times = 1) {
    return eventually([&] { return count(what, id) >= times; });
  }
  std::string state_of(std::size_t index) const {
    const auto answer = nlohmann::json::parse(order(R"({"do":"ps"})"), nullptr, false);
    return answer.contains("nodes") ? answer["nodes"].at(index).value("state", "") : "";
  }

  fs::path root_;
  restart_policy policy{.delay_first = 10ms, .delay_max = 50ms};

 private:
  std::mutex mutex_;
  std::vector<launcher_event> events_;
  std::thread runs_;
};

TEST_F(node_deadlines, one_that_does_not_end_is_killed) {
  policy.stop_deadline = 200ms;
  tell("n1.stubborn");
  launch();
  ASSERT_TRUE(came(kind::node_ready, "n1"));
  EXPECT_THAT(order("restart", "n1", 4s), HasSubstr(R"("ok":true)"));
}

TEST_F(node_deadlines, one_that_does_not_get_ready_is_killed_and_tried_again) {
  policy.start_deadline = 200ms;
  tell("n1.mute");
  launch();
  EXPECT_TRUE(came(kind::node_started, "n1", 3));
  EXPECT_TRUE(came(kind::node_ready, "n2"));
  EXPECT_EQ(count(kind::node_started, "n2"), 1);
}

TEST_F(node_deadlines, one_that_is_held_comes_back_after_a_while_unless_it_is_held_for_good) {
  policy.held = 300ms;
  launch();
  ASSERT_TRUE(came(kind::node_ready, "n1") && came(kind::node_ready, "n2"));
  EXPECT_THAT(order(R"({"do":"hold","node":"n2","for_good":true})"), HasSubstr(R"("ok":true)"));
  EXPECT_THAT(order("hold", "n1"), HasSubstr(R"("ok":true)"));
  EXPECT_TRUE(came(kind::node_ready, "n1", 2));
  EXPECT_EQ(state_of(1), "down");
  EXPECT_THAT(order("restart", "n2"), HasSubstr(R"("ok":true)"));
  EXPECT_THAT(order("hold", "n2"), HasSubstr(R"("ok":true)"));
  EXPECT_TRUE(came(kind::node_ready, "n2", 3)) << "for good was the time before";
}

TEST_F(node_deadlines, one_that_is_being_held_is_not_restarted) {
  policy.stop_deadline = 1s;
  tell("n1.stubborn");
  launch();
  ASSERT_TRUE(came(kind::node_ready, "n1"));
  auto held = std::async(std::launch::async, [this] { return order("hold", "n1"); });
  ASSERT_TRUE(eventually([&] { return state_of(0) == "draining"; }));
  EXPECT_THAT(order("restart", "n1"), HasSubstr("n1 is being held"));
  EXPECT_THAT(held.get(), HasSubstr(R"("ok":true)"));
}

TEST_F(node_deadlines, whoever_waits_for_a_node_hears_that_the_cluster_is_being_stopped) {
  launch();
  ASSERT_TRUE(came(kind::node_ready, "n1"));
  tell("n1.mute");
  auto restarted = std::async(std::launch::async, [this] { return order("restart", "n1"); });
  ASSERT_TRUE(came(kind::node_started, "n1", 2));
  EXPECT_THAT(order(R"({"do":"down"})"), HasSubstr(R"("ok":true)"));
  EXPECT_THAT(restarted.get(), HasSubstr("the cluster is being stopped"));
}

TEST_F(node_deadlines, one_that_ends_too_often_is_parked_and_tried_again_later) {
  policy.restarts_max = 2;
  policy.parked = 500ms;
  launch();
  ASSERT_TRUE(came(kind::node_ready, "n1"));
  tell("n1.crash");
  (void)order("kill", "n1");
  ASSERT_TRUE(came(kind::node_parked, "n1"));
  fs::remove(root_ / "n1.crash");
  EXPECT_TRUE(came(kind::node_ready, "n1", 2));
  EXPECT_EQ(count(kind::node_started, "n2"), 1);
}

}  // namespace
}  // namespace bulwark::cluster::test
