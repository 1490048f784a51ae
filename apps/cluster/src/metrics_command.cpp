// SPDX-License-Identifier: BSD-3-Clause
#include <iostream>

#include "bulwark/cluster/commands.hpp"
#include "bulwark/cluster/control_client.hpp"
#include "bulwark/cluster/directory.hpp"
#include "bulwark/cluster/metrics_view.hpp"

namespace bulwark::cluster {

exit_code run_metrics(const common_options& common) {
  const auto directory = resolve_directory(common.directory);
  const auto config = require_config(directory);
  std::vector<control_question> questions;
  for (const auto& node : config.nodes)
    questions.push_back({directory.node_data(node.id), R"({"do":"status"})"});
  const auto answers = ask_all(questions, common.timeout);
  std::vector<std::pair<std::string, std::string>> told;
  std::size_t answered = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    answered += answers[i].ok() ? 1 : 0;
    told.emplace_back(config.nodes[i].id, answers[i].ok() ? answers[i].line : "");
  }
  std::cout << metrics_text(told) << std::flush;
  return answered > 0 ? exit_code::ok : exit_code::unreachable;
}

}  // namespace bulwark::cluster
