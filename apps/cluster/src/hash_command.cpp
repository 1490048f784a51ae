// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <iostream>
#include <optional>
#include <set>
#include <thread>

#include "bulwark/cluster/cluster_view.hpp"
#include "bulwark/cluster/commands.hpp"
#include "bulwark/cluster/control_client.hpp"
#include "bulwark/cluster/table.hpp"
#include "json_fields.hpp"

namespace bulwark::cluster {

using nlohmann::ordered_json;
using namespace std::chrono_literals;

namespace {

/// How often to ask, each time for a slot further ahead.
constexpr int rounds_max = 8;
constexpr std::uint64_t slots_ahead = 8;

struct node_hash {
  std::string id;
  std::string trouble;  ///< why there is no hash
  std::uint64_t at = 0;
  std::string hash;
  std::uint64_t bytes = 0;
};

std::vector<node_hash> ask_hashes(const cluster_directory& directory, const cluster_config& config,
                                  std::optional<std::uint64_t> at, std::chrono::milliseconds patience) {
  ordered_json request{{"do", "hash"}};
  if (at) request["at"] = *at;
  std::vector<control_question> questions;
  for (const auto& node : config.nodes) questions.push_back({directory.node_data(node.id), compact(request)});
  const auto answers = ask_all(questions, patience);
  std::vector<node_hash> found;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto told = parse_object(answers[i].line);
    node_hash one{config.nodes[i].id, {}, 0, {}, 0};
    if (!answers[i].ok())
      one.trouble = answers[i].error;
    else if (!field<bool>(told, "ok").value_or(false))
      one.trouble = field<std::string>(told, "error").value_or("the answer was not understood");
    one.at = field<std::uint64_t>(told, "slot").value_or(0);
    one.hash = field<std::string>(told, "hash").value_or("");
    one.bytes = field<std::uint64_t>(told, "bytes").value_or(0);
    found.push_back(std::move(one));
  }
  return found;
}

/// All that answered did so for one and the same slot.
bool comparable(const std::vector<node_hash>& all) {
  std::set<std::uint64_t> slots;
  for (const auto& one : all)
    if (!one.hash.empty()) slots.insert(one.at);
  return slots.size() == 1;
}

std::uint64_t furthest(const std::vector<node_hash>& all) {
  std::uint64_t at = 0;
  for (const auto& one : all) at = std::max(at, one.at);
  return at;
}

std::vector<node_hash> compare(const cluster_directory& directory, const cluster_config& config,
                               std::chrono::milliseconds timeout) {
  auto patience = std::max(timeout, 1000ms);
  auto all = ask_hashes(directory, config, std::nullopt, patience);
  for (int round = 1; round < rounds_max && !comparable(all); ++round) {
    // Nodes that only lag a little are there in a moment; if clients write, a slot to come is waited for. It
    // may never come, if they end; and a large state takes long: so the patience grows.
    std::this_thread::sleep_for(100ms);
    patience += 500ms;
    auto now = ask_hashes(directory, config, std::nullopt, patience);
    const auto passed = furthest(now) - std::min(furthest(now), furthest(all));
    all = std::move(now);
    if (!comparable(all) && passed > 0)
      all = ask_hashes(directory, config, furthest(all) + std::max(slots_ahead, 4 * passed), patience);
  }
  return all;
}

}  // namespace

exit_code run_hash(const common_options& common) {
  const auto directory = resolve_directory(common.directory);
  const auto all = compare(directory, require_config(directory), common.timeout);
  const auto answered =
      std::count_if(all.begin(), all.end(), [](const node_hash& one) { return !one.hash.empty(); });
  if (answered == 0)
    throw failure(exit_code::unreachable, "no node told its state: " + all.front().trouble,
                  "see `bulwark ps`");
  if (!comparable(all))
    throw failure(exit_code::unhealthy, "the nodes did not come to one slot", "try again");
  std::set<std::string> hashes;
  for (const auto& one : all)
    if (!one.hash.empty()) hashes.insert(one.hash);
  const bool equal = hashes.size() == 1;
  const bool fine = equal && answered == static_cast<std::ptrdiff_t>(all.size());
  if (common.json) {
    ordered_json out{{"equal", equal}, {"slot", furthest(all)}};
    auto& nodes = out["nodes"] = ordered_json::array();
    for (const auto& one : all)
      nodes.push_back({{"id", one.id}, {"hash", one.hash}, {"bytes", one.bytes}, {"error", one.trouble}});
    std::cout << pretty(out);
  } else {
    std::cout << "slot " << furthest(all) << ": "
              << (equal ? "all states that were told are equal" : "THE STATES DIFFER") << "\n";
    for (const auto& one : all)
      std::cout << "  " << one.id << "  "
                << (one.hash.empty() ? one.trouble : one.hash + "  " + std::to_string(one.bytes) + " bytes")
                << "\n";
    std::cout << std::flush;
  }
  return fine ? exit_code::ok : exit_code::unhealthy;
}

}  // namespace bulwark::cluster
