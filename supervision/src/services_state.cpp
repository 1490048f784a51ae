// SPDX-License-Identifier: BSD-3-Clause
#include "services_state.hpp"

#include <algorithm>
#include <utility>

#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/stable_ref.hpp"
#include "services_messages.hpp"

namespace bulwark {

namespace {

constexpr std::size_t published_name_bytes_max = 255;
/// Starts that a runner may count by itself, see next_start().
constexpr std::uint64_t starts_apart = std::uint64_t{1} << 20;

caf::error wrong(std::string text) { return caf::make_error(caf::sec::invalid_argument, std::move(text)); }
caf::error closed() { return caf::make_error(caf::sec::request_receiver_down); }
caf::error too_many() { return service_error::overloaded; }

caf::error objection_to(const std::string& name) {
  if (!name.empty() && name.size() <= published_name_bytes_max) return {};
  return wrong("the name of a service has " + std::to_string(name.size()) + " bytes; expected 1 to 255");
}

}  // namespace

services_state::services_state(caf::actor_system& system, services_options options)
    : system_{system},
      options_{std::move(options)},
      envoy_{make_stable_ref(system, {.name = "services", .hold_max = 65536})},
      fences_{options_.services_max},
      gates_left_{options_.references_max},
      refused_{options_.gate.in_flight_max} {}

void services_state::look() {
  if (!look_pending_.exchange(true)) caf::anon_send(envoy_, group_moved{});
}

std::uint64_t services_state::next_start() {
  const std::lock_guard guard{mutex_};
  return starts_ += starts_apart;
}

// -- what is published ----------------------------------------------------------------------------------

caf::error services_state::publish(const std::string& name, const caf::actor& service) {
  if (auto problem = objection_to(name)) return problem;
  if (name.starts_with(placement::child_name({})))
    return wrong("\"" + name + "\" is a name of distributed children; expected one that begins otherwise");
  if (!service || service.node() != system_.node())
    return wrong("\"" + name +
                 "\" is to be served by an actor of another process, or by none; expected one "
                 "of this process");
  {
    const std::lock_guard guard{mutex_};
    if (closed_) return closed();
    const auto asked_for = references_.find(name);
    if (asked_for != references_.end() && asked_for->second.ref == service)
      return wrong("\"" + name + "\" is to be served by the reference to it; expected the service itself");
    if (!serving_.contains(name) && serving_.size() >= options_.services_max) return too_many();
    serving_[name] = {starts_ += starts_apart, service, true};
  }
  caf::anon_send(envoy_, service_served{name});
  return {};
}

void services_state::serve(const std::string& name, std::uint64_t start, const caf::actor& service) {
  {
    const std::lock_guard guard{mutex_};
    if (closed_) return;
    serving_[name] = {start, service, false};
  }
  caf::anon_send(envoy_, service_served{name});
}

void services_state::withdraw(const std::string& name, std::uint64_t start, bool for_good) {
  {
    const std::lock_guard guard{mutex_};
    const auto found = serving_.find(name);
    if (found == serving_.end() || (start != 0 && found->second.start != start)) return;
    serving_.erase(found);
  }
  caf::anon_send(envoy_, service_withdrawn{name, for_good});
}

std::optional<services_state::publication> services_state::serving(const std::string& name) const {
  const std::lock_guard guard{mutex_};
  const auto found = serving_.find(name);
  return found == serving_.end() ? std::nullopt : std::optional{found->second};
}

std::map<std::string, services_state::publication> services_state::all_serving() const {
  const std::lock_guard guard{mutex_};
  return serving_;
}

std::map<std::string, services_state::publication> services_state::ended(const caf::actor_addr& service) {
  const std::lock_guard guard{mutex_};
  std::map<std::string, publication> gone;
  for (auto one = serving_.begin(); one != serving_.end();) {
    if (one->second.handle.address() != service) {
      ++one;
      continue;
    }
    gone.insert(std::move(*one));
    one = serving_.erase(one);
  }
  return gone;
}

// -- references -----------------------------------------------------------------------------------------

caf::expected<caf::actor> services_state::reference(const std::string& name, bool for_user) {
  if (auto problem = objection_to(name)) return problem;
  caf::actor ref;
  {
    const std::lock_guard guard{mutex_};
    if (closed_) return closed();
    auto found = references_.find(name);
    if (found != references_.end()) {
      found->second.is_users = found->second.is_users || for_user;
      return found->second.ref;
    }
    if (references_.size() >= options_.references_max) return too_many();
    ref = make_stable_ref(system_, {.name = name, .hold_max = options_.hold_max});
    references_.emplace(name, reference_entry{ref, for_user});
  }
  caf::anon_send(envoy_, reference_wanted{name});
  return ref;
}

void services_state::drop_reference(const std::string& name) {
  caf::actor ref;
  {
    const std::lock_guard guard{mutex_};
    const auto found = references_.find(name);
    if (found == references_.end() || found->second.is_users) return;
    ref = found->second.ref;
    references_.erase(found);
  }
  bulwark::close(ref, caf::make_error(caf::exit_reason::unreachable));
}

caf::actor services_state::find_reference(const std::string& name) const {
  const std::lock_guard guard{mutex_};
  const auto found = references_.find(name);
  return found == references_.end() ? caf::actor{} : found->second.ref;
}

std::map<std::string, caf::actor> services_state::all_references() const {
  const std::lock_guard guard{mutex_};
  std::map<std::string, caf::actor> all;
  for (const auto& [name, one] : references_) all.emplace(name, one.ref);
  return all;
}

// -- watches --------------------------------------------------------------------------------------------

caf::error services_state::watch(const std::string& name, const caf::actor& watcher) {
  if (auto problem = objection_to(name)) return problem;
  if (!watcher) return wrong("nobody is to watch \"" + name + "\"; expected an actor");
  std::uint64_t number = 0;
  {
    const std::lock_guard guard{mutex_};
    if (closed_) return closed();
    if (watches_.size() >= options_.watches_max) return too_many();
    number = ++watch_numbers_;
    watches_.emplace(number, service_watch{name, 0, watcher});
  }
  caf::anon_send(envoy_, watch_wanted{number});
  return {};
}

std::optional<services_state::service_watch> services_state::find_watch(std::uint64_t number) const {
  const std::lock_guard guard{mutex_};
  const auto found = watches_.find(number);
  return found == watches_.end() ? std::nullopt : std::optional{found->second};
}

void services_state::watch_began(std::uint64_t number, std::uint64_t token) {
  const std::lock_guard guard{mutex_};
  if (const auto found = watches_.find(number); found != watches_.end()) found->second.token = token;
}

std::optional<services_state::service_watch> services_state::take_watch(std::uint64_t number) {
  const std::lock_guard guard{mutex_};
  const auto found = watches_.find(number);
  if (found == watches_.end()) return std::nullopt;
  auto one = std::move(found->second);
  watches_.erase(found);
  return one;
}

std::map<std::uint64_t, services_state::service_watch> services_state::all_watches() const {
  const std::lock_guard guard{mutex_};
  return watches_;
}

// -- routers --------------------------------------------------------------------------------------------

caf::expected<caf::actor> services_state::router(const std::string& service, router_options options) {
  if (auto problem = objection_to(service)) return problem;
  if (auto problem = validate(options); !problem.empty()) return wrong(std::move(problem));
  caf::actor made;
  {
    const std::lock_guard guard{mutex_};
    if (closed_) return closed();
    if (const auto found = routers_.find(service); found != routers_.end()) return found->second;
    if (routers_.size() >= options_.routers_max) return too_many();
    if (options.name.empty()) options.name = service;
    made = make_router(system_, std::move(options));
    routers_.emplace(service, made);
  }
  caf::anon_send(envoy_, router_wanted{service});
  return made;
}

caf::actor services_state::find_router(const std::string& service) const {
  const std::lock_guard guard{mutex_};
  const auto found = routers_.find(service);
  return found == routers_.end() ? caf::actor{} : found->second;
}

std::map<std::string, caf::actor> services_state::all_routers() const {
  const std::lock_guard guard{mutex_};
  return routers_;
}

// -- what else outlives the actor -----------------------------------------------------------------------

void services_state::keep_gate(const std::string& name, gate_entry one) {
  shut_gate(name);
  {
    const std::lock_guard guard{mutex_};
    if (!closed_) {
      gates_[name] = std::move(one);
      return;
    }
  }
  shut(one.gate);
}

services_state::gate_entry services_state::take_gate(const std::string& name) {
  const std::lock_guard guard{mutex_};
  auto found = gates_.extract(name);
  return found ? std::move(found.mapped()) : gate_entry{};
}

void services_state::shut_gate(const std::string& name) {
  if (const auto gone = take_gate(name); gone.gate) shut(gone.gate);
}

services_state::gate_entry services_state::find_gate(const std::string& name) const {
  const std::lock_guard guard{mutex_};
  const auto found = gates_.find(name);
  return found == gates_.end() ? gate_entry{} : found->second;
}

std::map<std::string, services_state::gate_entry> services_state::all_gates() const {
  const std::lock_guard guard{mutex_};
  return gates_;
}

void services_state::fenced(const std::string& name, std::uint64_t gate, unhandled_request one) {
  bool is_users = false;
  {
    const std::lock_guard guard{mutex_};
    const auto found = references_.find(name);
    is_users = found != references_.end() && found->second.is_users;
  }
  if (!is_users) return refuse(*one.element, service_error::fenced);
  if (refused_.keep(name, gate, std::move(one))) caf::anon_send(envoy_, request_fenced{name});
}

void services_state::meet(std::uint32_t peer, const caf::actor& envoy) {
  const std::lock_guard guard{mutex_};
  if (!closed_) envoys_[peer] = envoy;
}

bool services_state::part_from(std::uint32_t peer) {
  caf::actor last;  // released after the lock
  const std::lock_guard guard{mutex_};
  const auto found = envoys_.find(peer);
  if (found == envoys_.end()) return false;
  last = std::move(found->second);
  envoys_.erase(found);
  return true;
}

caf::actor services_state::envoy_of(std::uint32_t peer) const {
  const std::lock_guard guard{mutex_};
  const auto found = envoys_.find(peer);
  return found == envoys_.end() ? caf::actor{} : found->second;
}

std::vector<std::uint32_t> services_state::peers() const {
  const std::lock_guard guard{mutex_};
  std::vector<std::uint32_t> all;
  for (const auto& [peer, envoy] : envoys_) all.push_back(peer);
  return all;
}

void services_state::set_anomalous(std::uint32_t node, bool on) {
  {
    const std::lock_guard guard{mutex_};
    if (closed_ || anomalous_.contains(node) == on) return;
    if (on)
      anomalous_.insert(node);
    else
      anomalous_.erase(node);
  }
  look();
}

bool services_state::is_anomalous(std::uint32_t node) const {
  const std::lock_guard guard{mutex_};
  return anomalous_.contains(node);
}

void services_state::listen(const caf::actor& who) {
  const std::lock_guard guard{mutex_};
  listeners_.push_back(who.address());
}

void services_state::unlisten(const caf::actor_addr& who) {
  const std::lock_guard guard{mutex_};
  std::erase(listeners_, who);
}

std::vector<caf::actor> services_state::listeners() const {
  const std::lock_guard guard{mutex_};
  std::vector<caf::actor> all;
  for (const auto& one : listeners_)
    if (auto who = caf::actor_cast<caf::actor>(one)) all.push_back(std::move(who));
  return all;
}

void services_state::keep_tree(const std::string& child, const caf::actor& tree) {
  const std::lock_guard guard{mutex_};
  trees_[child] = tree.address();
}

caf::actor services_state::last_tree(const std::string& child) const {
  const std::lock_guard guard{mutex_};
  const auto found = trees_.find(child);
  return found == trees_.end() ? caf::actor{} : caf::actor_cast<caf::actor>(found->second);
}

void services_state::add_keeper(const std::string& child) {
  const std::lock_guard guard{mutex_};
  keepers_.insert(child);
}

void services_state::remove_keeper(const std::string& child) {
  const std::lock_guard guard{mutex_};
  if (const auto found = keepers_.find(child); found != keepers_.end()) keepers_.erase(found);
}

bool services_state::has_keeper(const std::string& child) const {
  const std::lock_guard guard{mutex_};
  return keepers_.contains(child);
}

void services_state::close() {
  std::map<std::string, reference_entry> references;
  std::map<std::string, gate_entry> gates;
  std::map<std::string, caf::actor> routers;
  std::map<std::string, publication> serving;
  std::map<std::uint64_t, service_watch> watches;
  std::map<std::uint32_t, caf::actor> envoys;
  {
    const std::lock_guard guard{mutex_};
    closed_ = true;
    references.swap(references_);
    gates.swap(gates_);
    routers.swap(routers_);
    serving.swap(serving_);
    watches.swap(watches_);
    envoys.swap(envoys_);
  }
  const auto reason = caf::make_error(caf::exit_reason::unreachable);
  for (const auto& [name, one] : gates) shut(one.gate);
  gates_left_.close();
  refused_.close();
  fences_.close();
  for (const auto& [name, one] : references) bulwark::close(one.ref, reason);
  for (const auto& [name, router] : routers) caf::anon_send_exit(router, caf::exit_reason::user_shutdown);
  bulwark::close(envoy_, reason);
}

}  // namespace bulwark
