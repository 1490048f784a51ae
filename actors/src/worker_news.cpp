// SPDX-License-Identifier: BSD-3-Clause
#include "worker_news.hpp"

#include <utility>

namespace bulwark {

worker_watch worker_news::add(worker_sink told) {
  auto sink = std::make_shared<const worker_sink>(std::move(told));
  const std::lock_guard lock{mutex_};
  sinks_.push_back(sink);
  watched_.store(true);
  return sink;
}

worker_news::sink_list worker_news::watchers() {
  sink_list all;
  std::erase_if(sinks_, [&all](const auto& weak) {
    auto sink = weak.lock();
    const bool gone = sink == nullptr;
    if (!gone) all.push_back(std::move(sink));
    return gone;
  });
  watched_.store(!sinks_.empty());
  return all;
}

void worker_news::note(worker_event event) {
  if (!watched_.load()) return;
  const std::lock_guard lock{mutex_};
  if (untold_.size() >= untold_max) untold_.pop_front();
  untold_.push_back(std::move(event));
}

void worker_news::tell() {
  if (!watched_.load()) return;
  std::unique_lock lock{mutex_};
  if (std::exchange(telling_, true)) return;
  while (!untold_.empty()) {
    const auto event = std::move(untold_.front());
    untold_.pop_front();
    auto all = watchers();
    lock.unlock();
    for (const auto& sink : all) (*sink)(event);
    all.clear();  // may end the last of what a sink holds
    lock.lock();
  }
  telling_ = false;
}

}  // namespace bulwark
