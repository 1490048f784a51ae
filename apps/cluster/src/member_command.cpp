// SPDX-License-Identifier: BSD-3-Clause
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <set>
#include <thread>

#include "bulwark/cluster/cluster_view.hpp"
#include "bulwark/cluster/commands.hpp"
#include "bulwark/cluster/control_client.hpp"
#include "bulwark/cluster/member_plan.hpp"
#include "bulwark/cluster/table.hpp"
#include "json_fields.hpp"
#include "member_change.hpp"

namespace bulwark::cluster {

using nlohmann::ordered_json;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

constexpr auto retry_pause = 50ms;

/// Longer than a replica works on one change.
constexpr auto change_limit = 15000ms;

/// What may be otherwise in a moment.
bool may_pass(const std::string& outcome) {
  static const std::set<std::string> passing{"behind", "busy", "lost", "not the leader",
                                             "too few voters reached"};
  return passing.contains(outcome);
}

std::string advice_for(const std::string& outcome) {
  if (outcome == "behind") return "it does not answer or lags: see `bulwark ps`";
  if (outcome == "too few voters reached")
    return "a majority of those who would vote must be up: see `bulwark member list`";
  return "see `bulwark member list`";
}

/// Leads the cluster to the goal, one change after the other.
class member_work {
 public:
  member_work(const common_options& common, member_goal goal, std::chrono::seconds patience)
      : common_{common},
        directory_{resolve_directory(common.directory)},
        goal_{std::move(goal)},
        until_{clock::now() + patience} {
    const auto config = require_config(directory_);
    for (const auto& id : {goal_.node, goal_.by})
      if (!id.empty() && !config.find(id))
        throw failure(exit_code::usage, "there is no node \"" + id + "\" in this cluster",
                      "see `bulwark ps`");
  }

  /// The group as it is in the end.
  voting_view run() {
    for (;; std::this_thread::sleep_for(retry_pause)) {
      const auto view = observe(directory_, common_.timeout);
      if (!view.any_answer())
        throw failure(exit_code::unreachable, "no node of " + view.directory + " answers",
                      "`bulwark up` starts the cluster");
      const auto leader = view.leader();
      if (leader.empty()) {
        if (clock::now() >= until_)
          throw failure(exit_code::no_quorum, "no node leads now", "see `bulwark status`");
        continue;
      }
      const auto step = next_step(view, leader, goal_);
      if (!step) return voting_in(view);
      take(*step, leader);
    }
  }

 private:
  void take(const member_step& step, const std::string& leader) {
    const auto request =
        step.change == "move"
            ? ordered_json{{"do", "move_leader"}, {"to", step.node}}
            : ordered_json{
                  {"do", "change_group"}, {"change", step.change}, {"node", step.node}, {"by", step.by}};
    const auto answer = ask({directory_.node_data(leader), compact(request)}, change_limit);
    const auto told = parse_object(answer.line);
    if (answer.ok() && field<bool>(told, "ok").value_or(false)) return;
    const auto outcome = field<std::string>(told, "outcome").value_or(answer.ok() ? "" : "lost");
    const bool passes = may_pass(outcome) || step.change == "move";
    if (passes && clock::now() < until_) return;
    throw failure(exit_code::unhealthy,
                  field<std::string>(told, "error").value_or(leader + " does not answer: " + answer.error),
                  advice_for(outcome));
  }

  const common_options& common_;
  const cluster_directory directory_;
  const member_goal goal_;
  const clock::time_point until_;
};

ordered_json json_of(const voting_view& group) {
  return {{"voters", group.voters}, {"learners", group.learners}, {"configured", or_null(group.configured)}};
}

std::string text_of(const voting_view& group) {
  std::string text = std::to_string(group.voters.size()) + " vote:";
  for (const auto& id : group.voters) text += " " + id;
  if (!group.learners.empty()) text += "; learning:";
  for (const auto& id : group.learners) text += " " + id;
  return text;
}

std::string group_table(const cluster_view& view, const voting_view& group, bool colour) {
  using align = table::align;
  table out{{{"NODE", align::left},
             {"MEMBER", align::left},
             {"STATE", align::left},
             {"ROLE", align::left},
             {"APPLIED", align::right}}};
  for (const auto& node : view.nodes) {
    const bool votes = group.votes(node.id);
    const char* member = votes ? "voter" : group.learns(node.id) ? "learner" : "outside";
    out.add({{node.id},
             {member},
             {node.state, node.state == "up" ? tint::good
                          : votes            ? tint::bad
                                             : tint::warn},
             {node.role.value_or("-")},
             {node.applied ? std::to_string(*node.applied) : "-"}});
  }
  return out.render(colour);
}

}  // namespace

exit_code run_member_list(const common_options& common) {
  const auto view = observe(resolve_directory(common.directory), common.timeout);
  const auto group = voting_in(view);
  if (!group.configured)
    throw failure(exit_code::unreachable, "no node of " + view.directory + " answers",
                  "`bulwark up` starts the cluster");
  if (common.json) {
    auto out = json_of(group);
    auto& outside = out["outside"] = ordered_json::array();
    for (const auto& node : view.nodes)
      if (!group.votes(node.id) && !group.learns(node.id)) outside.push_back(node.id);
    std::cout << pretty(out);
  } else {
    std::cout << text_of(group) << " (by slot " << *group.configured << ")\n"
              << group_table(view, group, wants_colour(STDOUT_FILENO, common.no_colour));
  }
  return exit_code::ok;
}

voting_view change_members(const common_options& common, const member_goal& goal,
                           std::chrono::seconds patience) {
  return member_work{common, goal, patience}.run();
}

exit_code run_member_change(const common_options& common, const member_goal& goal,
                            std::chrono::seconds patience) {
  const auto group = change_members(common, goal, patience);
  if (common.json)
    std::cout << pretty(json_of(group));
  else
    std::cout << text_of(group) << std::endl;
  return exit_code::ok;
}

}  // namespace bulwark::cluster
