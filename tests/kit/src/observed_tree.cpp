// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/testkit/observed_tree.hpp"

#include <gtest/gtest.h>
#include <caf/all.hpp>
#include <cstdio>
#include <ostream>

#include "bulwark/actors/compat.hpp"
#include "bulwark/testkit/reply.hpp"

namespace bulwark::testkit {

namespace {

void append_lines(const tree_node& node, const std::string& base, std::vector<std::string>& lines) {
  for (const auto& below : node.children) {
    const auto path = base.empty() ? below.id : base + '/' + below.id;
    lines.push_back(path + ' ' + below.state);
    append_lines(below, path, lines);
  }
}

std::string time_since(instant begin, instant now) {
  char text[32];
  std::snprintf(text, sizeof text, "%+10.3f s  ", std::chrono::duration<double>(now - begin).count());
  return text;
}

caf::actor incarnation_of(const child_path& whom) {
  auto handle = whom.tree->find(whom.path);
  if (!handle) ADD_FAILURE() << "there is no \"" << whom.path << "\" to act on\n" << whom.tree->report();
  return handle;
}

}  // namespace

observed_tree::observed_tree(deterministic_system& world, supervisor_options options)
    : world_{world}, since_{world.now()} {
  options.sink = recorder_.sink();
  root_ = spawn_supervisor(world_.system(), std::move(options));
  world_.drain();
}

observed_tree::~observed_tree() {
  const auto limit = std::chrono::minutes{1};
  const auto before = report();
  ask_to_stop(root_);
  root_ = nullptr;
  world_.advance(limit);
  const auto left = world_.system().registry().running();
  if (left > 0)
    ADD_FAILURE() << left << " actors are left one minute after the tree was stopped; before that:\n"
                  << before;
}

caf::actor observed_tree::find(std::string_view path) {
  auto at = root_;
  while (at && !path.empty()) {
    const auto slash = path.find('/');
    const auto id = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    const auto list = ask<child_list>(world_.system(), at, which_children{});
    world_.drain();
    at = nullptr;
    if (!list->value) break;
    for (const auto& one : list->value->children)
      if (one.id == id) at = one.handle;
  }
  return at;
}

std::vector<std::string> observed_tree::lines() const {
  std::vector<std::string> result;
  const auto tree = ask<tree_node>(world_.system(), root_, get_tree{});
  world_.drain();
  if (tree->value) append_lines(*tree->value, {}, result);
  return result;
}

std::string observed_tree::report() const {
  std::string text = "events:\n";
  for (const auto& event : recorder_.events()) text += time_since(since_, event.at) + to_string(event) + '\n';
  text += "tree:\n";
  for (const auto& line : lines()) text += "  " + line + '\n';
  return text;
}

void crash(const child_path& victim, std::string_view what) {
  const auto handle = incarnation_of(victim);
  if (!handle) return;
  auto reason = caf::make_error(caf::sec::runtime_error, std::string{"injected"}, std::string{what});
  caf::anon_send<caf::message_priority::high>(
      handle, caf::exit_msg{caf::actor_cast<caf::actor_addr>(handle), std::move(reason)});
  victim.tree->drain();
}

void kill(const child_path& victim) {
  kill_now(incarnation_of(victim));
  victim.tree->drain();
}

void send(const child_path& whom, caf::message what) {
  if (const auto handle = incarnation_of(whom)) caf::anon_send(handle, std::move(what));
  whom.tree->drain();
}

void for_all_schedules(std::uint64_t count,
                       const std::function<void(deterministic_system& world, std::uint64_t seed)>& body) {
  deterministic_system world;
  for (std::uint64_t seed = 0; seed < count; ++seed) {
    SCOPED_TRACE("schedule " + std::to_string(seed));
    world.shuffle(seed);
    body(world, seed);
    const auto left = world.system().registry().running();
    if (left > 0) ADD_FAILURE() << left << " actors are left";
    if (testing::Test::HasFailure()) return;
  }
}

void PrintTo(const observed_tree& tree, std::ostream* out) { *out << tree.report(); }

}  // namespace bulwark::testkit
