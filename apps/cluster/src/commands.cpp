// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/cluster/commands.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <csignal>
#include <iostream>

#include "bulwark/cluster/cluster_view.hpp"
#include "bulwark/cluster/control_client.hpp"
#include "bulwark/cluster/health.hpp"
#include "bulwark/cluster/members_view.hpp"
#include "bulwark/cluster/metrics_view.hpp"
#include "bulwark/cluster/rebuild_plan.hpp"
#include "bulwark/cluster/table.hpp"
#include "bulwark/cluster/tree_view.hpp"
#include "json_fields.hpp"

namespace bulwark::cluster {

using nlohmann::ordered_json;
using namespace std::chrono_literals;

namespace {

bool colour_for(const common_options& common) { return wants_colour(STDOUT_FILENO, common.no_colour); }

std::string known_ids(const cluster_config& config) {
  return "expected " + config.nodes.front().id +
         (config.nodes.size() > 1 ? " to " + config.nodes.back().id : "");
}

const node_entry& require_node(const cluster_config& config, const std::string& id) {
  if (const auto* node = config.find(id)) return *node;
  throw failure(exit_code::usage, "there is no node \"" + id + "\" in this cluster", known_ids(config));
}

/// The answer, if it says ok. Errors: throws failure.
ordered_json require_answer(const control_answer& answer, const std::string& who, const std::string& advice) {
  if (!answer.ok())
    throw failure(exit_code::unreachable, who + " cannot be reached: " + answer.error, advice);
  const auto told = parse_object(answer.line);
  if (field<bool>(told, "ok").value_or(false)) return told;
  throw failure(
      exit_code::unhealthy,
      who + " refused: " + field<std::string>(told, "error").value_or("the answer was not understood"));
}

ordered_json ask_launcher(const cluster_directory& directory, const ordered_json& request,
                          std::chrono::milliseconds timeout) {
  return require_answer(ask({directory.root(), compact(request)}, timeout),
                        "the launcher of " + directory.root().string(),
                        "is the cluster up? `bulwark up` starts it");
}

/// Has the launcher do something to a node and says so.
exit_code act_on_node(const common_options& common, const std::string& id, ordered_json request,
                      const std::string& done, std::chrono::milliseconds timeout) {
  const auto directory = resolve_directory(common.directory);
  require_node(require_config(directory), id);
  request["node"] = id;
  ask_launcher(directory, request, timeout);
  if (common.json)
    std::cout << compact({{"ok", true}, {"node", id}, {"done", done}}) << std::endl;
  else
    std::cout << id << " " << done << std::endl;
  return exit_code::ok;
}

std::string signal_text(int signal) {
  const char* name = ::sigabbrev_np(signal);  // null for real-time signals
  return std::to_string(signal) + (name ? " (" + std::string(name) + ")" : "");
}

/// What each node answers to the request, by its name; an empty text from one that does not.
std::vector<std::pair<std::string, std::string>> told_by_all(const common_options& common,
                                                             const cluster_directory& directory,
                                                             const char* request) {
  const auto config = require_config(directory);
  std::vector<control_question> questions;
  for (const auto& node : config.nodes) questions.push_back({directory.node_data(node.id), request});
  const auto answers = ask_all(questions, common.timeout);
  std::vector<std::pair<std::string, std::string>> told;
  for (std::size_t i = 0; i < answers.size(); ++i)
    told.emplace_back(config.nodes[i].id, answers[i].ok() ? answers[i].line : "");
  return told;
}

exit_code kill_actor(const common_options& common, const std::string& id, const std::string& actor) {
  const auto directory = resolve_directory(common.directory);
  require_node(require_config(directory), id);
  const ordered_json request{{"do", "kill"}, {"actor", actor}};
  const auto answer = ask({directory.node_data(id), compact(request)}, std::max(common.timeout, 2000ms));
  const auto told = require_answer(answer, id, "see `bulwark ps`");
  const auto killed = field<std::string>(told, "killed").value_or(actor);
  if (common.json)
    std::cout << compact({{"ok", true}, {"node", id}, {"done", "killed"}, {"actor", killed}}) << std::endl;
  else
    std::cout << id << "/" << killed << " killed" << std::endl;
  return exit_code::ok;
}

}  // namespace

exit_code run_ps(const common_options& common) {
  const auto view = observe(resolve_directory(common.directory), common.timeout);
  std::cout << (common.json ? ps_json(view) : ps_table(view, colour_for(common))) << std::flush;
  if (view.launched) return exit_code::ok;
  throw failure(exit_code::unreachable,
                "the launcher of " + view.directory + " does not answer: " + view.launcher_error,
                "`bulwark up` starts the cluster");
}

exit_code run_status(const common_options& common) {
  const auto view = observe(resolve_directory(common.directory), common.timeout);
  const auto judged = judge(view);
  std::cout << (common.json ? status_json(view, judged) : status_text(view, judged, colour_for(common)))
            << std::flush;
  return judged.code;
}

exit_code run_members(const common_options& common) {
  const auto directory = resolve_directory(common.directory);
  const auto told = told_by_all(common, directory, R"({"do":"members"})");
  const auto shown = show_members(told, common.json, colour_for(common));
  std::cout << shown.text << std::flush;
  if (shown.any) return shown.all_are_up ? exit_code::ok : exit_code::unhealthy;
  throw failure(exit_code::unreachable, "no node of " + directory.root().string() + " answers",
                "see `bulwark ps`; `bulwark up` starts the cluster");
}

exit_code run_metrics(const common_options& common) {
  const auto told = told_by_all(common, resolve_directory(common.directory), R"({"do":"status"})");
  std::cout << metrics_text(told) << std::flush;
  const bool any = std::ranges::any_of(told, [](const auto& one) { return !one.second.empty(); });
  return any ? exit_code::ok : exit_code::unreachable;
}

exit_code run_tree(const common_options& common, const std::string& node) {
  const auto directory = resolve_directory(common.directory);
  const auto config = require_config(directory);
  std::vector<node_entry> nodes = config.nodes;
  if (!node.empty()) nodes = {require_node(config, node)};
  std::vector<control_question> questions;
  for (const auto& n : nodes) questions.push_back({directory.node_data(n.id), R"({"do":"tree"})"});
  // A tree is gathered from many actors, so it takes longer than a status.
  const auto answers = ask_all(questions, std::max(common.timeout, 2000ms));
  ordered_json list = ordered_json::array();
  std::size_t missing = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto& answer = answers[i];
    if (!answer.ok()) ++missing;
    if (common.json) {
      ordered_json entry{{"id", nodes[i].id}, {"tree", nullptr}};
      if (answer.ok()) entry["tree"] = parse_object(answer.line).value("tree", nlohmann::json());
      if (!answer.ok()) entry["error"] = answer.error;
      list.push_back(std::move(entry));
    } else if (answer.ok()) {
      std::cout << (i > 0 ? "\n" : "") << draw_tree(answer.line, nodes[i].id, colour_for(common));
    } else {
      std::cout << (i > 0 ? "\n" : "") << nodes[i].id << "  " << answer.error << "\n";
    }
  }
  if (common.json) std::cout << pretty(list);
  std::cout << std::flush;
  if (missing == nodes.size()) return exit_code::unreachable;
  return missing > 0 ? exit_code::unhealthy : exit_code::ok;
}

int parse_signal(const std::string& text) {
  int signal = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), signal);
  if (error == std::errc() && end == text.data() + text.size() && signal > 0 && signal < NSIG) return signal;
  std::string name;
  for (const char c : text) name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (name.starts_with("SIG")) name.erase(0, 3);
  for (int candidate = 1; candidate < NSIG; ++candidate)
    if (const char* known = ::sigabbrev_np(candidate); known && name == known) return candidate;
  throw failure(exit_code::usage, "\"" + text + "\" is no signal",
                "expected a name like KILL or TERM, or a number");
}

exit_code run_kill(const common_options& common, const std::string& target, const std::string& signal) {
  const auto slash = target.find('/');
  if (slash == std::string::npos) {
    const int wanted = signal.empty() ? SIGKILL : parse_signal(signal);
    return act_on_node(common, target, {{"do", "kill"}, {"signal", wanted}},
                       "got signal " + signal_text(wanted), std::max(common.timeout, 2000ms));
  }
  if (!signal.empty())
    throw failure(exit_code::usage, "an actor takes no signal", "leave --signal out, or name the node alone");
  const auto actor = target.substr(slash + 1);
  if (actor.empty())
    throw failure(
        exit_code::usage, "\"" + target + "\" names no actor",
        "expected NODE or NODE/ACTOR; `bulwark tree " + target.substr(0, slash) + "` shows the actors");
  return kill_actor(common, target.substr(0, slash), actor);
}

exit_code run_pause(const common_options& common, const std::string& node) {
  return act_on_node(common, node, {{"do", "pause"}}, "paused", std::max(common.timeout, 2000ms));
}

exit_code run_resume(const common_options& common, const std::string& node) {
  return act_on_node(common, node, {{"do", "resume"}}, "resumed", std::max(common.timeout, 2000ms));
}

exit_code run_restart(const common_options& common, const std::string& node) {
  return act_on_node(common, node, {{"do", "restart"}}, "restarted", std::max(common.timeout, 60000ms));
}

exit_code run_drain(const common_options& common, const std::string& node, bool forced) {
  const auto directory = resolve_directory(common.directory);
  require_node(require_config(directory), node);
  if (!forced) require_quorum_without(observe(directory, common.timeout), node);
  return act_on_node(common, node, {{"do", "hold"}, {"for_good", true}}, "drained and stopped",
                     std::max(common.timeout, 60000ms));
}

exit_code run_down(const common_options& common) {
  const auto directory = resolve_directory(common.directory);
  require_config(directory);
  const auto answer = ask({directory.root(), R"({"do":"down"})"}, std::max(common.timeout, 30000ms));
  const bool ran = answer.how != control_answer::outcome::absent;
  if (ran)
    require_answer(answer, "the launcher of " + directory.root().string(),
                   "is it stopped? see its pid in up.lock");
  if (common.json)
    std::cout << compact({{"ok", true}, {"was_running", ran}}) << std::endl;
  else
    std::cout << (ran ? "stopped the cluster in " : "nothing runs in ") << directory.root().string()
              << std::endl;
  return exit_code::ok;
}

void show_failure(const failure& what, bool as_json, bool no_colour) {
  if (as_json) {
    ordered_json object{
        {"ok", false}, {"error", what.what()}, {"advice", nullptr}, {"exit_code", number(what.code())}};
    if (!what.advice().empty()) object["advice"] = what.advice();
    std::cerr << compact(object) << std::endl;
    return;
  }
  const bool colour = wants_colour(STDERR_FILENO, no_colour);
  std::cerr << tinted("bulwark:", tint::bad, colour) << " " << what.what() << std::endl;
  if (!what.advice().empty()) std::cerr << "  " << what.advice() << std::endl;
}

}  // namespace bulwark::cluster
