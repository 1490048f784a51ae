// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/service_lookup.hpp"

#include "bulwark/actors/core/invariant.hpp"

namespace bulwark {

std::string lookup_options::validate() const {
  if (ask_again <= duration::zero()) return "ask_again is not above zero";
  if (patience < duration::zero()) return "patience is below zero";
  return {};
}

service_lookup::service_lookup(const lookup_options& options) : options_{options} {
  BULWARK_INVARIANT(options.validate().empty());
}

std::uint64_t service_lookup::bound_to(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? 0 : found->second.token;
}

void service_lookup::step(const finding::event& what, const node_life& self, const membership_group* group,
                          instant now, std::vector<finding::effect>& effects) {
  turn at{self, group, now, effects};
  std::visit([&](const auto& one) { on(one, at); }, what);
}

void service_lookup::on(const finding::wanted& what, turn& at) {
  const auto [found, is_new] = names_.try_emplace(what.name);
  if (is_new) found->second.free_since = at.now;
  review(what.name, found->second, at);
}

void service_lookup::on(const finding::dropped& what, turn&) { names_.erase(what.name); }

void service_lookup::on(const finding::serves_here& what, turn& at) {
  if (what.start == 0)
    here_.erase(what.name);
  else
    here_[what.name] = what.start;
  if (const auto found = names_.find(what.name); found != names_.end()) {
    auto& one = found->second;
    if (one.token != 0 && one.node == at.self.node) set_free(what.name, one, at);
    review(what.name, one, at);
  }
}

void service_lookup::on(const finding::peer_met& what, turn& at) {
  peers_.insert(what.node);
  // An envoy that was introduced anew belongs to another connection: what came by the one before is dead.
  for (auto& [name, one] : names_) {
    if (one.token != 0 && one.node == what.node) set_free(name, one, at);
    one.next_ask = at.now;
  }
  review_all(at);
}

void service_lookup::on(const finding::peer_lost& what, turn& at) {
  peers_.erase(what.node);
  for (auto& [name, one] : names_)
    if (one.token != 0 && one.node == what.node) set_free(name, one, at);
}

void service_lookup::on(const finding::answered& what, turn& at) {
  const auto found = names_.find(what.name);
  const auto* entry = at.group ? at.group->names().whereis(what.name) : nullptr;
  if (found == names_.end() || !entry || !peers_.contains(what.owner.node)) return;
  auto& one = found->second;
  if (one.token != 0 || entry->owner != what.owner || entry->start != what.start) return;
  bind(one, entry->token, what.owner.node);
  at.effects.emplace_back(finding::bind_there{what.name, entry->token, what.owner.node});
}

void service_lookup::on(const finding::lost& what, turn& at) {
  const auto found = names_.find(what.name);
  if (found == names_.end() || found->second.token != what.token) return;
  auto& one = found->second;
  // It is asked for again, as it may only have been the way to it that ended.
  one.next_ask = at.now + options_.ask_again;
  set_free(what.name, one, at);
}

void service_lookup::on(const finding::looked&, turn& at) { review_all(at); }

void service_lookup::review_all(turn& at) {
  for (auto& [name, one] : names_) review(name, one, at);
}

void service_lookup::review(const std::string& name, target& one, turn& at) {
  const auto* entry = at.group ? at.group->names().whereis(name) : nullptr;
  // This node may know that its life is over before the group shows it.
  const bool outlived = entry && one.node == at.self.node && entry->owner != at.self;
  if (one.token != 0 && (!entry || entry->token != one.token || outlived)) {
    one.next_ask = at.now;
    set_free(name, one, at);
  }
  if (one.token == 0 && entry) seek(name, one, *entry, at);
  if (one.token != 0 || one.refuses || at.now < one.free_since + options_.patience) return;
  one.refuses = true;
  at.effects.emplace_back(finding::refuse{name});
}

void service_lookup::seek(const std::string& name, target& one, const name_entry& entry, turn& at) {
  if (entry.owner.node == at.self.node) {
    const auto here = here_.find(name);
    if (entry.owner != at.self || here == here_.end() || here->second != entry.start) return;
    bind(one, entry.token, at.self.node);
    at.effects.emplace_back(finding::bind_here{name, entry.token});
    return;
  }
  if (!peers_.contains(entry.owner.node) || at.now < one.next_ask) return;
  one.next_ask = at.now + options_.ask_again;
  at.effects.emplace_back(finding::ask{entry.owner.node, name, entry.start});
}

void service_lookup::bind(target& one, std::uint64_t token, std::uint32_t node) {
  one.token = token;
  one.node = node;
  one.refuses = false;
}

void service_lookup::set_free(const std::string& name, target& one, turn& at) {
  one.token = 0;
  one.free_since = at.now;
  at.effects.emplace_back(finding::unbind{name});
}

bool is_instance_of(const std::string& service, const std::string& name) {
  return name.size() > service.size() + 1 && name.starts_with(service) && name[service.size()] == '/' &&
         name.find('/', service.size() + 1) == std::string::npos;
}

}  // namespace bulwark
