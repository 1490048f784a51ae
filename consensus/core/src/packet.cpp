// SPDX-License-Identifier: BSD-3-Clause
#include <cstddef>
#include <cstdint>

#include "bulwark/consensus/core/codec.hpp"
#include "bulwark/consensus/core/wire.hpp"

namespace bulwark::consensus {

std::string split_packet(std::string_view packet, std::vector<std::pair<group_id, std::string_view>>& out) {
  const auto before = out.size();
  std::size_t begin = 0;
  wire_reader in{packet};
  while (in.left() > 0) {
    const auto at = packet.size() - in.left();
    std::string_view frame;
    std::uint8_t skipped = 0;
    std::uint32_t group = 0;
    const bool whole = in.get_bytes(frame);
    wire_reader header{frame};
    if (!whole || !header.get(skipped) || !header.get(skipped) || !header.get(group)) {
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(before), out.end());
      return "a cut frame (at byte " + std::to_string(at) + " of the packet)";
    }
    if (out.size() == before || out.back().first != group_id{group}) {
      begin = at;
      out.emplace_back(group_id{group}, std::string_view{});
    }
    out.back().second = packet.substr(begin, packet.size() - in.left() - begin);
  }
  return {};
}

}  // namespace bulwark::consensus
