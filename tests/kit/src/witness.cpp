// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/testkit/witness.hpp"

#include <chrono>
#include <cstdio>
#include <map>
#include <mutex>
#include <ostream>
#include <sstream>
#include <utility>

namespace bulwark::testkit {

struct witness::memory {
  /// What a node has told of its group.
  struct told_group {
    std::shared_ptr<const membership_group> latest;
    std::map<std::uint64_t, membership_change> views;
    std::map<std::string, name_entry> names;
    std::uint64_t names_revision = 0;
  };

  explicit memory(std::function<instant()> time) : clock{std::move(time)}, began{clock()} {}

  /// What differs from what the node told before.
  static std::vector<name_news> news_of(told_group& before, const registry& names) {
    std::vector<name_news> news;
    // A node that starts again tells old states once more, on its way to the present one.
    if (names.revision() <= before.names_revision) return news;
    for (const auto& [name, entry] : before.names)
      if (!names.whereis(name)) news.push_back({name, {}});
    for (const auto& [name, entry] : names.all()) {
      const auto old = before.names.find(name);
      if (old == before.names.end() || old->second.token != entry.token) news.push_back({name, entry});
    }
    const bool gap = names.revision() - before.names_revision != news.size();
    for (auto& one : news) one.after_gap = gap;
    before.names = names.all();
    before.names_revision = names.revision();
    return news;
  }

  template <class What>
  void add(std::uint32_t node, What what) {
    events.push_back({clock() - began, node, std::move(what)});
  }

  void take(std::uint32_t node, const membership_group& group) {
    auto& told = groups[node];
    if (!told.latest || told.latest->nodes().view() != group.nodes().view())
      for (const auto& change : group.nodes().history()) {
        const auto [known, is_new] = told.views.try_emplace(change.view, change);
        if (!is_new && known->second == change) continue;
        known->second = change;
        add(node, change);
      }
    for (auto& news : news_of(told, group.names())) add(node, std::move(news));
    told.latest = std::make_shared<const membership_group>(group);
  }

  const std::function<instant()> clock;
  mutable std::mutex mutex;
  instant began;
  std::vector<witnessed_event> events;
  std::map<std::uint32_t, told_group> groups;
  std::vector<worker_watch> watches;
};

std::ostream& operator<<(std::ostream& out, const name_news& news) {
  out << '"' << news.name << '"';
  if (news.entry.token == 0) return out << " is free";
  return out << " owned by " << news.entry.owner << ", token " << news.entry.token;
}

std::string to_string(const witnessed_event& event) {
  std::ostringstream text;
  if (event.node != 0) text << 'n' << event.node << ": ";
  std::visit([&text](const auto& what) { text << what; }, event.what);
  return text.str();
}

std::ostream& operator<<(std::ostream& out, const witnessed_event& event) { return out << to_string(event); }

witness::witness() : memory_{std::make_shared<memory>([] { return std::chrono::steady_clock::now(); })} {}

witness::witness(const deterministic_system& world)
    : memory_{std::make_shared<memory>([&world] { return world.now(); })} {}

std::function<void(const peer_change&)> witness::verdicts(std::uint32_t node) {
  return [shared = memory_, node](const peer_change& change) {
    const std::lock_guard guard{shared->mutex};
    shared->add(node, change);
  };
}

std::function<void(const membership_group&)> witness::groups(std::uint32_t node) {
  return [shared = memory_, node](const membership_group& group) {
    const std::lock_guard guard{shared->mutex};
    shared->take(node, group);
  };
}

void witness::watch(const caf::actor& router, std::uint32_t node) {
  // Weak, as the memory keeps the watch, and that the sink.
  auto watch = watch_workers(router, [weak = std::weak_ptr{memory_}, node](const worker_event& event) {
    const auto strong = weak.lock();
    if (!strong) return;
    const std::lock_guard guard{strong->mutex};
    strong->add(node, event);
  });
  const std::lock_guard guard{memory_->mutex};
  memory_->watches.push_back(std::move(watch));
}

std::vector<witnessed_event> witness::events() const {
  const std::lock_guard guard{memory_->mutex};
  return memory_->events;
}

std::shared_ptr<const membership_group> witness::group(std::uint32_t node) const {
  const std::lock_guard guard{memory_->mutex};
  const auto found = memory_->groups.find(node);
  return found == memory_->groups.end() ? nullptr : found->second.latest;
}

std::vector<std::uint32_t> witness::nodes() const {
  const std::lock_guard guard{memory_->mutex};
  std::vector<std::uint32_t> all;
  for (const auto& [node, told] : memory_->groups) all.push_back(node);
  return all;
}

void witness::forget() {
  const std::lock_guard guard{memory_->mutex};
  memory_->events.clear();
  memory_->began = memory_->clock();
}

std::string witness::report() const {
  std::string text = "events:\n";
  for (const auto& event : events()) {
    char time[32];
    std::snprintf(time, sizeof time, "%+10.3f s  ", std::chrono::duration<double>(event.at).count());
    text += time + to_string(event) + '\n';
  }
  return text;
}

void PrintTo(const witness& seen, std::ostream* out) { *out << seen.report(); }

}  // namespace bulwark::testkit
