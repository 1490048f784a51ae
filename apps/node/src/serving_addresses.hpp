// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <charconv>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "bulwark/kv/core/server_view.hpp"

namespace bulwark::node {

/// Where clients reach the peers, as they said last. Thread-safe.
class serving_addresses {
 public:
  void set(std::uint32_t node, const std::string& address) {
    const auto colon = address.rfind(':');
    std::uint16_t port = 0;
    const auto* end = address.data() + address.size();
    const bool whole = colon != std::string::npos &&
                       std::from_chars(address.data() + colon + 1, end, port).ptr == end && port != 0;
    const std::lock_guard guard{mutex_};
    if (whole) {
      known_[node] = {address.substr(0, colon), port};
    } else {
      known_.erase(node);
    }
  }
  [[nodiscard]] std::optional<kv::resp_address> of(std::uint32_t node) const {
    const std::lock_guard guard{mutex_};
    const auto found = known_.find(node);
    return found == known_.end() ? std::nullopt : std::optional{found->second};
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::uint32_t, kv::resp_address> known_;
};

}  // namespace bulwark::node
