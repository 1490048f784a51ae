// SPDX-License-Identifier: BSD-3-Clause
#include "services_shown.hpp"

#include <spdlog/spdlog.h>

#include <utility>
#include <variant>
#include <vector>

#include "bulwark/actors/service_fence.hpp"
#include "services_state.hpp"

namespace bulwark {

// -- what outlives the actor ----------------------------------------------------------------------------

void fences_shown::keep(std::uint64_t number, shown one) {
  {
    const std::lock_guard guard{mutex_};
    if (!closed_) {
      open_.insert_or_assign(number, std::move(one));
      return;
    }
  }
  end_fence(one.fence);
}

caf::actor fences_shown::find(std::uint64_t number) const {
  const std::lock_guard guard{mutex_};
  const auto found = open_.find(number);
  return found == open_.end() ? caf::actor{} : found->second.fence;
}

std::map<std::uint64_t, fences_shown::shown> fences_shown::all() const {
  const std::lock_guard guard{mutex_};
  return open_;
}

fences_shown::shown fences_shown::fence_off(std::uint64_t number) {
  shown one;
  caf::actor oldest;
  {
    const std::lock_guard guard{mutex_};
    const auto found = open_.find(number);
    if (found == open_.end()) return one;
    one = std::move(found->second);
    open_.erase(found);
    fenced_.push_back(one.fence);
    if (fenced_.size() > fenced_max_) {
      oldest = std::move(fenced_.front());
      fenced_.pop_front();
      refused_before_ += refused_by(oldest);
    }
  }
  bulwark::fence_off(one.fence);
  if (oldest) end_fence(oldest);
  return one;
}

void fences_shown::fence_off_all(const std::string& name) {
  for (const auto& [number, one] : all())
    if (one.name == name) fence_off(number);
}

void fences_shown::forget(std::uint64_t number) {
  shown last;  // released after the lock
  const std::lock_guard guard{mutex_};
  const auto found = open_.find(number);
  if (found == open_.end()) return;
  last = std::move(found->second);
  open_.erase(found);
}

std::uint64_t fences_shown::refused() const {
  const std::lock_guard guard{mutex_};
  auto all = refused_before_;
  for (const auto& one : fenced_) all += refused_by(one);
  return all;
}

void fences_shown::close() {
  std::map<std::uint64_t, shown> open;
  std::deque<caf::actor> fenced;
  {
    const std::lock_guard guard{mutex_};
    closed_ = true;
    open.swap(open_);
    fenced.swap(fenced_);
    for (const auto& one : fenced) refused_before_ += refused_by(one);
  }
  for (const auto& [number, one] : open) end_fence(one.fence);
  for (const auto& one : fenced) end_fence(one);
}

// -- what the actor does ----------------------------------------------------------------------------------

services_shown::services_shown(services_state& state)
    : system_{state.system()}, store_{state.fences()}, core_{state.options().serve_on} {}

caf::actor services_shown::show(const std::string& name, const caf::actor& service, const node_life& self,
                                const membership_group* group, instant now) {
  wanted_ = name;
  service_ = service;
  step(fencing::wanted{name, service.id()}, self, group, now);
  service_ = nullptr;
  return std::exchange(answered_, {});
}

void services_shown::serves(const std::string& name, const caf::actor& service, instant now) {
  step(fencing::serves{name, service ? service.id() : caf::invalid_actor_id}, {}, nullptr, now);
}

void services_shown::look(const node_life& self, const membership_group* group, instant now) {
  step(fencing::looked{}, self, group, now);
}

void services_shown::ended(const caf::actor_addr& who) {
  for (const auto& [number, one] : store_.all()) {
    if (one.fence.address() != who) continue;
    store_.forget(number);
    step(fencing::ended{one.name, number}, {}, nullptr, {});
  }
}

void services_shown::step(const fencing::event& what, const node_life& self, const membership_group* group,
                          instant now) {
  std::vector<fencing::effect> effects;
  core_.step(what, self, group, now, effects);
  for (const auto& one : effects) std::visit([&](const auto& effect) { perform(effect, self); }, one);
}

void services_shown::perform(const fencing::show& effect, const node_life& self) {
  if (effect.is_new)
    store_.keep(effect.number,
                {wanted_, answered_ = make_service_fence(system_, service_), service_.id(), self});
  else
    answered_ = store_.find(effect.number);
}

void services_shown::perform(const fencing::fence_off& effect, const node_life&) {
  const auto one = store_.fence_off(effect.number);
  if (!one.fence) return;
  const auto level = effect.why == fence_reason::given_up ? spdlog::level::debug : spdlog::level::warn;
  spdlog::log(level, "services: {} as of {} is fenced off: {}", one.name, to_string(one.life),
              to_string(effect.why));
}

}  // namespace bulwark
