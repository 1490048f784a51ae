// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/messages.hpp"

#include <caf/all.hpp>

namespace bulwark {

namespace {

/// Counts the nodes with this id below `node` and remembers the path of the last one.
std::size_t count_matches(const tree_node& node, const std::string& id, const std::string& base,
                          std::string& path) {
  std::size_t found = 0;
  for (const auto& below : node.children) {
    const auto here = base.empty() ? below.id : base + '/' + below.id;
    if (below.id == id) {
      ++found;
      path = here;
    }
    found += count_matches(below, id, here, path);
  }
  return found;
}

}  // namespace

std::string find_path(const tree_node& root, const std::string& id) {
  std::string path;
  return count_matches(root, id, {}, path) == 1 ? path : std::string{};
}

std::string to_string(supervision_error error) {
  switch (error) {
    case supervision_error::none: return "none";
    case supervision_error::invalid_spec: return "invalid_spec";
    case supervision_error::not_found: return "not_found";
    case supervision_error::already_started: return "already_started";
    case supervision_error::already_present: return "already_present";
    case supervision_error::running: return "running";
    case supervision_error::restarting: return "restarting";
    case supervision_error::ending: return "ending";
    case supervision_error::simple_one_for_one: return "simple_one_for_one";
    case supervision_error::start_failed: return "start_failed";
    case supervision_error::gave_up: return "gave_up";
  }
  return "unknown";
}

void add_supervision_messages(caf::actor_system_config& config) {
  config.add_error_category(
      caf::atom("supervise"), [](std::uint8_t code, caf::atom_value, const caf::message& context) {
        return to_string(static_cast<supervision_error>(code)) + caf::to_string(context);
      });
  config.add_message_types<caf::id_block::bulwark_supervision>();
}

}  // namespace bulwark
