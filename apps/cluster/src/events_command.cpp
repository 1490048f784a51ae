// SPDX-License-Identifier: BSD-3-Clause
#include <unistd.h>

#include <iostream>
#include <thread>
#include <utility>

#include "bulwark/cluster/commands.hpp"
#include "bulwark/cluster/control_client.hpp"
#include "bulwark/cluster/events_view.hpp"
#include "bulwark/cluster/table.hpp"
#include "json_fields.hpp"

namespace bulwark::cluster {

namespace {

using namespace std::chrono_literals;

constexpr auto between_questions = 200ms;

/// One node, and how far its events have been seen.
struct watched_node {
  std::string id;
  std::filesystem::path directory;
  std::uint64_t incarnation = 0;  ///< of the process that told the number; 0: none did
  std::uint64_t last = 0;

  [[nodiscard]] std::string question(std::size_t lines) const {
    nlohmann::ordered_json request{{"do", "events"}};
    if (incarnation == 0)
      request["newest"] = lines;
    else
      request["after"] = last;
    return compact(request);
  }

  /// Takes an answer; its events come back unless they are those of a new process, which have to be asked for
  /// from their beginning.
  [[nodiscard]] nlohmann::json take(const nlohmann::json& answer) {
    const auto told = field<std::uint64_t>(answer, "incarnation").value_or(0);
    const bool renewed = incarnation != 0 && told != incarnation;
    incarnation = told;
    last = renewed ? 0 : field<std::uint64_t>(answer, "last").value_or(last);
    const auto events = answer.find("events");
    if (renewed || events == answer.end() || !events->is_array()) return nlohmann::json::array();
    return *events;
  }
};

void print_events(const common_options& common, const watched_node& node, std::uint64_t lost,
                  const nlohmann::json& events) {
  const bool colour = wants_colour(STDOUT_FILENO, common.no_colour);
  if (lost > 0 && !common.json)
    std::cout << tinted(node.id + "  " + std::to_string(lost) + " events are gone", tint::dim, colour)
              << '\n';
  for (const auto& event : events) {
    if (common.json)
      std::cout << compact({{"node", node.id}, {"event", event}}) << '\n';
    else
      std::cout << event_line(event.dump(), node.id, colour) << '\n';
  }
}

/// Asks all nodes once and prints what is new; how many answered.
std::size_t print_new(const common_options& common, std::vector<watched_node>& nodes, std::size_t lines) {
  std::vector<control_question> questions;
  for (const auto& node : nodes) questions.push_back({node.directory, node.question(lines)});
  const auto answers = ask_all(questions, common.timeout);
  std::size_t answered = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!answers[i].ok()) continue;
    ++answered;
    const auto answer = parse_object(answers[i].line);
    const auto lost = field<std::uint64_t>(answer, "lost").value_or(0);
    const auto events = nodes[i].take(answer);
    print_events(common, nodes[i], lost, events);
  }
  std::cout << std::flush;
  return answered;
}

}  // namespace

exit_code run_events(const common_options& common, const std::string& node, std::size_t lines, bool follow) {
  const auto directory = resolve_directory(common.directory);
  const auto config = require_config(directory);
  std::vector<watched_node> nodes;
  for (const auto& one : config.nodes)
    if (node.empty() || node == one.id)
      nodes.push_back({.id = one.id, .directory = directory.node_data(one.id)});
  if (nodes.empty())
    throw failure(exit_code::usage, "there is no node \"" + node + "\" in this cluster",
                  "expected " + config.nodes.front().id + " to " + config.nodes.back().id);
  const auto answered = print_new(common, nodes, lines);
  while (follow && std::cout) {
    std::this_thread::sleep_for(between_questions);
    print_new(common, nodes, lines);
  }
  if (answered == 0)
    throw failure(exit_code::unreachable, "no node of " + directory.root().string() + " answers",
                  "see `bulwark ps`; `bulwark up` starts the cluster");
  return answered == nodes.size() ? exit_code::ok : exit_code::unhealthy;
}

}  // namespace bulwark::cluster
