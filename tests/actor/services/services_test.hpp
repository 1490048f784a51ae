// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <mutex>

#include "bulwark/actors/stable_ref.hpp"
#include "three_nodes.hpp"

namespace bulwark::test {

/// Takes each request and never answers it.
inline caf::behavior silent_service(caf::event_based_actor* self, std::shared_ptr<std::atomic<int>> taken) {
  return {[self, taken](std::int32_t) -> caf::result<std::int32_t> {
    static_cast<void>(self->make_response_promise<std::int32_t>());
    ++*taken;
    return caf::delegated<std::int32_t>{};
  }};
}

/// What a watcher was told. Thread-safe.
class told_events {
 public:
  void add(const service_ended& what) {
    const std::lock_guard guard{mutex_};
    all_.push_back(what);
  }
  [[nodiscard]] std::vector<name_event> all() const {
    const std::lock_guard guard{mutex_};
    std::vector<name_event> events;
    for (const auto& one : all_) events.push_back(one.event());
    return events;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<service_ended> all_;
};

inline caf::behavior watching(std::shared_ptr<told_events> told) {
  return {[told](const service_ended& what) { told->add(what); }};
}

class services_test : public three_nodes {
 protected:
  using three_nodes::three_nodes;

  /// A service of a node under this name.
  caf::actor serve(std::uint32_t node, const std::string& name) {
    auto made = at(node).host([node] { return adding_service(static_cast<std::int32_t>(node)); });
    EXPECT_FALSE(at(node).names().publish(name, made));
    return made;
  }
  /// It is known to all nodes who holds the name.
  bool await_owner(const std::string& name, std::uint32_t node) {
    return await([&, this] {
      for (std::uint32_t by = 1; by <= 3; ++by)
        if (has(by) && owner(by, name).owner.node != node) return false;
      return true;
    });
  }
  std::int32_t answer(std::uint32_t from, const std::string& name, std::int32_t what) {
    const auto got = ask<std::int32_t>(from, at(from).ref(name), what);
    EXPECT_TRUE(got.ok) << error_text(got.problem);
    return got.answer;
  }
};

}  // namespace bulwark::test
