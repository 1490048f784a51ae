// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <chrono>
#include <iostream>
#include <set>
#include <string>
#include <thread>

#include "bulwark/cluster/cluster_view.hpp"
#include "bulwark/cluster/commands.hpp"
#include "bulwark/cluster/control_client.hpp"
#include "json_fields.hpp"

namespace bulwark::cluster {

using nlohmann::ordered_json;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

/// How often to look while waiting.
constexpr auto look_again = 50ms;

const node_view* find(const cluster_view& view, const std::string& id) {
  const auto found =
      std::find_if(view.nodes.begin(), view.nodes.end(), [&](const auto& node) { return node.id == id; });
  return found == view.nodes.end() ? nullptr : &*found;
}

/// The node that all follow and that leads by its own word; empty if it is not so.
std::string leader_of_all(const cluster_view& view) {
  const auto& first = view.nodes.front().leader;
  for (const auto& node : view.nodes)
    if (!node.leader || node.leader != first) return {};
  const auto* leads = first ? find(view, *first) : nullptr;
  return leads && leads->role == "leader" ? *first : std::string{};
}

/// Why no node may be stopped now; empty if one may.
std::string trouble_in(const cluster_view& view) {
  for (const auto& node : view.nodes) {
    if (node.state != "up") return node.id + " is " + node.state;
    if (!node.answered || !node.applied || !node.chosen) return node.id + " does not answer";
  }
  const auto leader = leader_of_all(view);
  return leader.empty() ? "the nodes do not follow one leader" : std::string{};
}

/// Restarts one node after the other, each only while all others are up and know what is chosen.
class rolling_restart {
 public:
  rolling_restart(const common_options& common, std::chrono::seconds patience)
      : common_{common}, directory_{resolve_directory(common.directory)}, patience_{patience} {}

  void run() {
    const auto nodes = require_config(directory_).nodes.size();
    if (nodes < 3)
      throw failure(exit_code::usage,
                    "a cluster of " + std::to_string(nodes) + " cannot serve without one of its nodes",
                    "`bulwark restart NODE` restarts one, with a pause");
    const auto began = clock::now();
    while (done_.size() < nodes) {
      const auto view = await_whole();
      const auto id = next_of(view);
      const auto begun = clock::now();
      restart(id);
      done_.insert(id);
      await_caught_up(id);
      say(id, begun, nodes);
    }
    conclude(began);
  }

 private:
  using moment = clock::time_point;

  /// Followers first: each transfer of leadership is a moment in which requests wait.
  [[nodiscard]] std::string next_of(const cluster_view& view) const {
    const auto leader = leader_of_all(view);
    for (const auto& node : view.nodes)
      if (node.id != leader && !done_.contains(node.id)) return node.id;
    return leader;
  }

  cluster_view await_whole() {
    for (const auto until = clock::now() + patience_;; std::this_thread::sleep_for(look_again)) {
      auto view = observe(directory_, common_.timeout);
      const auto trouble = trouble_in(view);
      if (trouble.empty()) return view;
      if (!view.launched)
        throw failure(exit_code::unreachable, "the launcher does not answer: " + view.launcher_error,
                      "`bulwark up` starts the cluster");
      if (clock::now() >= until) give_up(trouble);
    }
  }

  /// It has applied what the group had chosen when it came back.
  void await_caught_up(const std::string& id) {
    std::uint64_t goal = 0;
    for (const auto& node : await_whole().nodes) goal = std::max(goal, node.chosen.value_or(0));
    for (const auto until = clock::now() + patience_;; std::this_thread::sleep_for(look_again)) {
      const auto view = observe(directory_, common_.timeout);
      const auto* node = find(view, id);
      if (node && node->applied && *node->applied >= goal) return;
      if (clock::now() >= until) give_up(id + " has not caught up");
    }
  }

  void restart(const std::string& id) const {
    const ordered_json request{{"do", "restart"}, {"node", id}};
    const auto answer = ask({directory_.root(), compact(request)},
                            std::max<std::chrono::milliseconds>(common_.timeout, patience_));
    const auto told = parse_object(answer.line);
    if (answer.ok() && field<bool>(told, "ok").value_or(false)) return;
    give_up(answer.ok() ? field<std::string>(told, "error").value_or(id + " was not restarted")
                        : answer.error);
  }

  [[noreturn]] void give_up(const std::string& why) const {
    std::string restarted;
    for (const auto& id : done_) restarted += " " + id;
    throw failure(exit_code::unhealthy, why + ", so no further node is restarted",
                  (restarted.empty() ? "none was restarted" : "restarted so far:" + restarted) +
                      "; see `bulwark status`, and begin again once it is well");
  }

  void say(const std::string& id, moment begun, std::size_t nodes) const {
    if (common_.json) return;
    const std::chrono::duration<double> took = clock::now() - begun;
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.1f", took.count());
    std::cout << id << " restarted and caught up in " << seconds << " s (" << done_.size() << " of " << nodes
              << ")" << std::endl;
  }

  void conclude(moment began) const {
    if (!common_.json) return;
    const std::chrono::duration<double> took = clock::now() - began;
    std::cout << compact({{"ok", true}, {"restarted", done_}, {"took_s", took.count()}}) << std::endl;
  }

  const common_options& common_;
  const cluster_directory directory_;
  const std::chrono::seconds patience_;
  std::set<std::string> done_;
};

}  // namespace

exit_code run_rolling_restart(const common_options& common, std::chrono::seconds patience) {
  rolling_restart{common, patience}.run();
  return exit_code::ok;
}

}  // namespace bulwark::cluster
