// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <iostream>

#include "bulwark/cluster/cluster_view.hpp"
#include "bulwark/cluster/commands.hpp"
#include "bulwark/cluster/control_client.hpp"
#include "json_fields.hpp"

namespace bulwark::cluster {

using nlohmann::ordered_json;
using namespace std::chrono_literals;

namespace {

/// The node that leads by its own word.
std::string leader_of(const cluster_view& view) {
  if (auto leader = view.leader(); !leader.empty()) return leader;
  if (!view.any_answer())
    throw failure(exit_code::unreachable, "no node of " + view.directory + " answers",
                  "`bulwark up` starts the cluster");
  throw failure(exit_code::no_quorum, "no node leads now", "see `bulwark status`");
}

}  // namespace

exit_code run_leader_move(const common_options& common, const std::string& node) {
  const auto directory = resolve_directory(common.directory);
  const auto config = require_config(directory);
  if (!config.find(node))
    throw failure(exit_code::usage, "there is no node \"" + node + "\" in this cluster", "see `bulwark ps`");
  const auto before = leader_of(observe(directory, common.timeout));
  const ordered_json request{{"do", "move_leader"}, {"to", node}};
  // Long enough for any T_interval + T_timeout that makes sense.
  const auto answer = ask({directory.node_data(before), compact(request)}, std::max(common.timeout, 10000ms));
  if (!answer.ok())
    throw failure(exit_code::unreachable, before + ", which leads, cannot be reached: " + answer.error,
                  "see `bulwark ps`");
  const auto told = parse_object(answer.line);
  if (!field<bool>(told, "ok").value_or(false))
    throw failure(exit_code::unhealthy,
                  field<std::string>(told, "error").value_or("the answer was not understood"),
                  before + " goes on leading unless `bulwark ps` shows another node");
  if (common.json)
    std::cout << compact({{"ok", true}, {"leader", node}, {"before", before}}) << std::endl;
  else
    std::cout << node << (node == before ? " leads already" : " leads now, before it was " + before)
              << std::endl;
  return exit_code::ok;
}

}  // namespace bulwark::cluster
