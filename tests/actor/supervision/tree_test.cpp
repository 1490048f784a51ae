// SPDX-License-Identifier: BSD-3-Clause
// Goal: a whole tree is told in bounded time, as data, JSON and text, whoever in it is silent.
// Method: a tree put together by hand for the two notations; real systems and real time for the question.
#include "bulwark/supervision/tree.hpp"

#include <gmock/gmock.h>
#include <caf/all.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/node_config.hpp"
#include "bulwark/supervision/supervisor.hpp"
#include "workers.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;

tree_node node_of(std::string id, std::string kind, std::string state) {
  tree_node node;
  node.id = std::move(id);
  node.kind = std::move(kind);
  node.state = std::move(state);
  return node;
}

tree_node example_tree() {
  auto worker = node_of("w \"1\"", "worker", "up");
  worker.restarts = 2;
  worker.last_reason = "boom";
  worker.uptime_ms = 1500;
  worker.mailbox = 3;
  auto sub = node_of("sub", "supervisor", "silent");
  const auto last = node_of("z", "worker", "waiting");
  auto root = node_of("root", "supervisor", "up");
  root.strategy = "one_for_one";
  root.uptime_ms = 60'000;
  root.mailbox = 0;
  sub.children = {last};
  root.children = {worker, sub, last};
  return root;
}

TEST(tree_notation, json_says_all_that_is_known) {
  EXPECT_EQ(
      to_json(example_tree()),
      R"({"id":"root","kind":"supervisor","state":"up","restarts":0,"uptime_s":60.000,"strategy":"one_for_one",)"
      R"("mailbox":0,"children":[)"
      R"({"id":"w \"1\"","kind":"worker","state":"up","restarts":2,"uptime_s":1.500,"last_reason":"boom","mailbox":3},)"
      R"({"id":"sub","kind":"supervisor","state":"silent","restarts":0,"uptime_s":0.000,"children":[)"
      R"({"id":"z","kind":"worker","state":"waiting","restarts":0,"uptime_s":0.000}]},)"
      R"({"id":"z","kind":"worker","state":"waiting","restarts":0,"uptime_s":0.000}]})");
}

TEST(tree_notation, text_is_for_people) {
  EXPECT_EQ(to_text(example_tree()),
            "root (one_for_one)  up 60.0 s\n"
            "├─ w \"1\"  up 1.5 s  mailbox 3  restarts 2  ← boom\n"
            "├─ sub  silent\n"
            "│  └─ z  waiting\n"
            "└─ z  waiting\n");
}

/// Takes the question and never answers.
caf::behavior silent_behavior(service_actor* self, bool) {
  auto never = std::make_shared<std::vector<reply_promise>>();
  return {[self, never](const get_tree&) {
    never->emplace_back(self);
    return reply_promise::later();
  }};
}

class tree_in_real_time : public testing::Test {
 protected:
  tree_in_real_time() { add_supervision_messages(config); }

  node_config config;
  caf::actor_system system{config};
};

TEST_F(tree_in_real_time, is_asked_by_anybody_with_one_call) {
  test_worker a{system, "a"}, b{system, "b"};
  supervisor_options sub{.name = "sub", .children = {b.as_child()}};
  auto root = spawn_supervisor(system, {.name = "root", .children = {a.as_child(), supervisor_child(sub)}});
  const auto tree = tree_of(system, root, 10s);
  ASSERT_EQ(tree.children.size(), 2u);
  EXPECT_EQ(tree.id + ' ' + tree.children[0].id + ' ' + tree.children[1].id, "root a sub");
  ASSERT_EQ(tree.children[1].children.size(), 1u);
  EXPECT_EQ(tree.children[1].children[0].id, "b");
  ask_to_stop(root);
}

TEST_F(tree_in_real_time, who_does_not_answer_is_shown_as_silent) {
  test_worker a{system, "a"};
  auto silent = a.as_child();
  silent.ref = nullptr;
  silent.spec.id = "silent";
  silent.spec.type = child_type::supervisor;
  silent.start = [](caf::actor_system& in, const caf::actor&) { return in.spawn(silent_behavior, true); };
  auto root = spawn_supervisor(system, {.name = "root", .children = {a.as_child(), silent}});
  const auto tree = tree_of(system, root, 200ms);
  ASSERT_EQ(tree.children.size(), 2u);
  EXPECT_EQ(tree.children[0].state, "up");
  EXPECT_EQ(tree.children[1].state, "silent");
  const auto itself = system.spawn(silent_behavior, true);
  EXPECT_EQ(tree_of(system, itself, 20ms).state, "silent");
  ask_to_stop(itself);
  ask_to_stop(root);
}

TEST_F(tree_in_real_time, of_a_supervisor_that_has_ended_is_down) {
  auto root = spawn_supervisor(system, {.name = "root"});
  caf::scoped_actor waiter{system};
  ask_to_stop(root);
  waiter->wait_for(root);
  EXPECT_EQ(tree_of(system, root, 10s).state, "down");
  EXPECT_EQ(tree_of(system, {}, 10s).state, "down");
}

}  // namespace
}  // namespace bulwark
