// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "bulwark/actors/router.hpp"

namespace bulwark {

/// Tells those who watch a router what happens to its workers: in the order in which it happened, but outside
/// the router's lock, so that whoever is told may use the router.
///
/// Owner:  one router_hub; thread-safe
/// Bounds: remembers the last untold_max events while somebody is being told, and nothing if nobody watches
class worker_news {
 public:
  [[nodiscard]] worker_watch add(worker_sink told);

  /// Under the router's lock, which makes the order.
  void note(worker_event event);

  /// Under no lock. What is noted while another thread tells, or from within a sink, is told there.
  void tell();

 private:
  static constexpr std::size_t untold_max = 65536;

  using sink_list = std::vector<std::shared_ptr<const worker_sink>>;

  /// Under the lock. Those who watch; forgets the others.
  [[nodiscard]] sink_list watchers();

  std::mutex mutex_;
  std::atomic<bool> watched_{false};
  std::vector<std::weak_ptr<const worker_sink>> sinks_;
  std::deque<worker_event> untold_;
  bool telling_ = false;
};

}  // namespace bulwark
