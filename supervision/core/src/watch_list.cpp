// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/watch_list.hpp"

#include <algorithm>

namespace bulwark {

std::vector<std::uint32_t> watched_by(const node_life& self, std::vector<std::uint32_t> peers,
                                      const membership* nodes, bool leads) {
  std::sort(peers.begin(), peers.end());
  if (leads || !nodes || peers.size() <= nodes->rules().observers ||
      nodes->check(self) != membership_error::none)
    return peers;
  const auto subjects = nodes->subjects_of(self.node);
  std::erase_if(
      peers, [&](std::uint32_t peer) { return !std::binary_search(subjects.begin(), subjects.end(), peer); });
  return peers;
}

}  // namespace bulwark
