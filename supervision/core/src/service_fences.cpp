// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/service_fences.hpp"

#include <algorithm>

#include "bulwark/actors/core/invariant.hpp"

namespace bulwark {

namespace {

bool is_fenced_life(const node_life& life, const membership_group* group) {
  return group && group->nodes().check(life) == membership_error::fenced;
}

}  // namespace

service_fences::service_fences(duration serve_on) : serve_on_{serve_on} {
  BULWARK_INVARIANT(serve_on >= duration::zero());
}

void service_fences::step(const fencing::event& what, const node_life& self, const membership_group* group,
                          instant now, std::vector<fencing::effect>& effects) {
  turn at{self, group, now, effects};
  std::visit([&](const auto& one) { on(one, at); }, what);
}

std::size_t service_fences::size() const noexcept {
  std::size_t all = 0;
  for (const auto& [name, some] : fences_) all += some.size();
  return all;
}

void service_fences::on(const fencing::wanted& what, turn& at) {
  if (is_fenced_life(at.self, at.group)) return;
  auto& some = fences_[what.name];
  const auto found = std::ranges::find_if(
      some, [&](const fence& one) { return one.service == what.service && one.life == at.self; });
  if (found != some.end()) {
    found->serves_on.reset();
    at.effects.emplace_back(fencing::show{found->number, false});
    return;
  }
  some.push_back({++last_number_, what.service, at.self});
  at.effects.emplace_back(fencing::show{last_number_, true});
}

void service_fences::on(const fencing::serves& what, turn& at) {
  const auto found = fences_.find(what.name);
  if (found == fences_.end()) return;
  for (auto& one : found->second) {
    if (one.service == what.service)
      one.serves_on.reset();
    else if (!one.serves_on)
      one.serves_on = at.now + serve_on_;
  }
}

void service_fences::on(const fencing::stands& what, turn&) {
  last_number_ = std::max(last_number_, what.number);
  fences_[what.name].push_back({what.number, what.service, what.life});
}

void service_fences::on(const fencing::ended& what, turn&) {
  const auto found = fences_.find(what.name);
  if (found == fences_.end()) return;
  std::erase_if(found->second, [&](const fence& one) { return one.number == what.number; });
  if (found->second.empty()) fences_.erase(found);
}

void service_fences::on(const fencing::looked&, turn& at) {
  for (auto& [name, some] : fences_)
    std::erase_if(some, [&, &name = name](fence& one) {
      const auto why = review(name, one, at);
      if (why) at.effects.emplace_back(fencing::fence_off{one.number, *why});
      return why.has_value();
    });
  std::erase_if(fences_, [](const auto& one) { return one.second.empty(); });
}

std::optional<fence_reason> service_fences::review(const std::string& name, fence& one, const turn& at) {
  if (one.life != at.self || is_fenced_life(one.life, at.group)) return fence_reason::life_over;
  if (one.serves_on) return at.now >= *one.serves_on ? std::optional{fence_reason::given_up} : std::nullopt;
  // Whoever asks may have seen the grant before this node has: until then others may seem to have the name.
  const auto* entry = at.group ? at.group->names().whereis(name) : nullptr;
  if (entry && entry->owner == one.life)
    one.token = entry->token;
  else if (entry && one.token != 0)
    return fence_reason::taken;
  return std::nullopt;
}

const char* to_string(fence_reason why) noexcept {
  switch (why) {
    case fence_reason::life_over: return "this life of its node is over";
    case fence_reason::taken: return "its name belongs to another life";
    case fence_reason::given_up: break;
  }
  return "its name was given up";
}

}  // namespace bulwark
