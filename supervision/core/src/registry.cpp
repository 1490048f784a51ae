// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/registry.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

namespace bulwark {

namespace {

constexpr std::size_t service_name_bytes_max = 255;

registry_error error_of(membership_error error) {
  switch (error) {
    case membership_error::none: return registry_error::none;
    case membership_error::fenced: return registry_error::fenced;
    default: return registry_error::unknown_node;
  }
}

}  // namespace

registry_result registry::apply(const names::command& what, const membership& nodes, change_list& changes) {
  return std::visit([&](const auto& one) { return on(one, nodes, changes); }, what);
}

registry_result registry::on(const names::claim& what, const membership& nodes, change_list& changes) {
  if (what.name.empty() || what.name.size() > service_name_bytes_max || what.start == 0)
    return {registry_error::bad_argument, {}};
  if (const auto error = error_of(nodes.check(what.owner)); error != registry_error::none) return {error, {}};
  if (const auto found = held_.find(what.name); found != held_.end()) {
    auto& entry = found->second;
    if (entry.owner != what.owner || what.start < entry.start) return {registry_error::taken, entry};
    if (entry.start != what.start) grant(entry, what, name_event::restarted, changes);
    return {registry_error::none, entry};
  }
  if (held_.size() >= names_max) return {registry_error::full, {}};
  auto& entry = held_[what.name];
  entry.must_wait = lost_.erase(what.name) > 0 || forgot_lost_;
  grant(entry, what, name_event::granted, changes);
  return {registry_error::none, entry};
}

registry_result registry::on(const names::release& what, const membership&, change_list& changes) {
  const auto error = check(what.name, what.token);
  const auto found = held_.find(what.name);
  if (error != registry_error::none) return {error, found == held_.end() ? name_entry{} : found->second};
  if (found->second.must_wait) lose(what.name, what.token);
  held_.erase(found);
  publish({0, what.name, name_event::service_down, what.token, 0}, changes);
  return {};
}

registry_result registry::on(const names::settled& what, const membership&, change_list&) {
  const auto error = check(what.name, what.token);
  const auto found = held_.find(what.name);
  if (found == held_.end()) return {error, {}};
  if (error == registry_error::none) found->second.must_wait = false;
  return {error, found->second};
}

void registry::grant(name_entry& entry, const names::claim& what, name_event how, change_list& changes) {
  const auto before = entry.token;
  entry.owner = what.owner;
  entry.start = what.start;
  entry.token = ++last_token_;
  publish({0, what.name, how, before, entry.token}, changes);
}

void registry::on(const membership_change& change, change_list& changes) {
  if (change.to != member_state::down) return;
  for (auto one = held_.begin(); one != held_.end();) {
    const auto& [name, entry] = *one;
    if (entry.owner != change.life) {
      ++one;
      continue;
    }
    // One that said that it leaves has stopped its services before; of all others nobody knows.
    if (change.cause != down_cause::left || entry.must_wait) lose(name, entry.token);
    publish({0, name, name_event::node_down, entry.token, 0}, changes);
    one = held_.erase(one);
  }
}

void registry::lose(const std::string& name, std::uint64_t token) {
  if (lost_.size() < names_max)
    lost_.emplace(name, token);
  else
    forgot_lost_ = true;
}

void registry::publish(name_change change, change_list& changes) {
  change.revision = ++revision_;
  if (change.before != 0) {
    if (ended_.size() == ended_max) ended_.pop_front();
    ended_.push_back({change.before, change.what});
  }
  changes.push_back(std::move(change));
}

const name_entry* registry::whereis(const std::string& name) const {
  const auto found = held_.find(name);
  return found == held_.end() ? nullptr : &found->second;
}

registry_error registry::check(const std::string& name, std::uint64_t token) const {
  const auto* entry = whereis(name);
  if (!entry) return registry_error::unknown_name;
  return entry->token == token ? registry_error::none : registry_error::stale_token;
}

std::optional<name_event> registry::end_of(std::uint64_t token) const {
  const auto found = std::find_if(ended_.rbegin(), ended_.rend(),
                                  [&](const ended_token& one) { return one.token == token; });
  return found == ended_.rend() ? std::nullopt : std::optional{found->how};
}

const char* to_string(registry_error error) noexcept {
  switch (error) {
    case registry_error::none: return "no error";
    case registry_error::bad_argument: return "expected a name of 1 to 255 bytes and a start of 1 or more";
    case registry_error::unknown_node: return "the owner is no member; it has to join first";
    case registry_error::fenced:
      return "this life of the owner is over; it has to join with a higher incarnation";
    case registry_error::taken: return "the name has a live owner";
    case registry_error::unknown_name: return "nobody holds the name";
    case registry_error::stale_token: return "the name was given to somebody else meanwhile";
    case registry_error::full: break;
  }
  return "there is no room for another name";
}

const char* to_string(name_event event) noexcept {
  switch (event) {
    case name_event::granted: return "granted";
    case name_event::restarted: return "restarted";
    case name_event::service_down: return "service_down";
    case name_event::node_down: break;
  }
  return "node_down";
}

std::ostream& operator<<(std::ostream& out, registry_error error) { return out << to_string(error); }
std::ostream& operator<<(std::ostream& out, name_event event) { return out << to_string(event); }

}  // namespace bulwark
