// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "bulwark/actors/core/time.hpp"

namespace bulwark {

/// When anything at all came from a peer: told by its link, asked by whoever judges whether the peer lives.
///
/// Thread-safe.
class last_heard {
 public:
  void set(instant when) noexcept {
    since_.store(when.time_since_epoch().count(), std::memory_order_relaxed);
  }

  /// None: nothing came yet.
  [[nodiscard]] std::optional<instant> get() const noexcept {
    const auto since = since_.load(std::memory_order_relaxed);
    return since == never ? std::nullopt : std::optional{instant{duration{since}}};
  }

 private:
  static constexpr duration::rep never = duration::min().count();

  std::atomic<duration::rep> since_ = never;
};

/// Of each peer, by its number.
using hearings = std::map<std::uint32_t, std::shared_ptr<last_heard>>;

}  // namespace bulwark
