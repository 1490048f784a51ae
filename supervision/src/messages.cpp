// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/messages.hpp"

#include <caf/actor_system_config.hpp>

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

void add_supervision_messages(caf::actor_system_config& config) {
  config.add_message_types<caf::id_block::bulwark_supervision>();
}

}  // namespace bulwark
