// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "bulwark/consensus/core/codec.hpp"
#include "bulwark/consensus/core/ids.hpp"
#include "bulwark/consensus/core/messages.hpp"

namespace bulwark::consensus {

/// Gathers the messages of one turn into one packet of frames per peer. `Sink` is called as sink(node_id,
/// std::string packet).
class packet_outbox {
 public:
  packet_outbox(group_id group, std::size_t packet_bytes) : group_{group}, packet_bytes_{packet_bytes} {}

  /// Adds a message; a packet that is large enough goes out at once.
  template <class Sink>
  void add(const envelope& what, Sink&& sink) {
    auto& packet = packets_[what.to];
    encode(group_, what, packet);
    if (packet.size() >= packet_bytes_) sink(what.to, std::exchange(packet, {}));
  }

  template <class Sink>
  void flush(Sink&& sink) {
    for (auto& [peer, packet] : packets_)
      if (!packet.empty()) sink(peer, std::exchange(packet, {}));
  }

 private:
  const group_id group_;
  const std::size_t packet_bytes_;
  std::map<node_id, std::string> packets_;
};

}  // namespace bulwark::consensus
