// SPDX-License-Identifier: BSD-3-Clause
#include <spdlog/spdlog.h>

#include <caf/all.hpp>
#include <map>
#include <set>
#include <utility>

#include "bulwark/actors/link.hpp"
#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "bulwark/actors/stable_ref.hpp"
#include "bulwark/actors/unhandled_request.hpp"
#include "bulwark/supervision/core/registry_watch.hpp"
#include "services_loads.hpp"
#include "services_messages.hpp"
#include "services_orphans.hpp"
#include "services_routers.hpp"
#include "services_shown.hpp"
#include "services_state.hpp"

namespace bulwark {

namespace {

constexpr duration look_every = std::chrono::milliseconds{50};
/// After that a claim that was not answered may be said again.
const caf::duration order_limit{std::chrono::seconds{2}};

/// Turns messages into events of the cores, and performs what they decide.
class services_actor final : public service_actor {
 public:
  services_actor(caf::actor_config& config, std::shared_ptr<services_state> state)
      : service_actor{config},
        state_{std::move(state)},
        claims_{state_->options().claims},
        lookup_{state_->options().lookup},
        fences_{*state_},
        routers_{*state_},
        loads_{*state_, routers_},
        orphans_{*this, *state_} {}

  const char* name() const override { return "bulwark.services"; }

  caf::behavior make_behavior() override {
    set_down_handler([this](caf::down_msg& down) { ended(down.source); });
    look_at_group();
    take_over();
    tick();
    return {[this](services_tick) { tick(); },
            [this](group_moved) {
              state_->looking();
              look();
              for (const auto& one : state_->listeners()) send(one, group_moved{});
            },
            [this](const reference_wanted& what) { seek(finding::wanted{what.name}); },
            [this](const service_served& what) { served(what.name); },
            [this](const service_withdrawn& what) { withdrawn(what); },
            [this](const request_fenced& what) { ask_again(what.name); },
            [this](const watch_wanted& what) { begin_watch(what.number); },
            [this](const router_wanted&) { routers_.follow(group_.get(), lookup_, effects_of_routers()); },
            [this](const peer_introduced& peer) { meet(peer); },
            [this](const peer_link_state& link) {
              if (!link.up) part_from(link.peer);
            },
            [this](const wire::service_wanted& question) { answer(question); },
            [this](const wire::service_at& found) { take(found); },
            [this](const wire::loads_wanted& question) { loads_.answer(question, life_); },
            [this](const wire::loads_at& told) { loads_.take(told); }};
  }

 private:
  instant now() { return clock().now(); }

  /// What an earlier life of this actor left behind.
  void take_over() {
    routers_.reset();
    fences_.take_over(life_, [this](const caf::actor& fence) { follow_end_of(fence); });
    for (const auto peer : state_->peers()) seek(finding::peer_met{peer});
    for (const auto& [name, ref] : state_->all_references()) {
      unbind(ref);
      state_->shut_gate(name);
      seek(finding::wanted{name});
    }
    for (const auto& [name, what] : state_->all_serving()) served(name);
    for (const auto& [number, what] : state_->all_watches()) begin_watch(number);
  }

  void look_at_group() {
    group_ = state_->options().group.latest();
    life_ = state_->options().group.life();
  }

  void look() {
    look_at_group();
    fences_.look(life_, group_.get(), now());
    if (group_ && group_ != watched_in_) {
      watched_in_ = group_;
      std::vector<watch_event> events;
      watches_.resynced(group_->names(), events);
      tell_watchers(events);
      for (auto one = early_watches_.begin(); one != early_watches_.end();)
        one = try_watch(one->first, one->second) ? early_watches_.erase(one) : std::next(one);
    }
    claim(publishing::looked{});
    seek(finding::looked{});
    if (group_) orphans_.look(*group_, life_, now(), [this](const group_command& what) { tell(what); });
  }

  void tick() {
    delayed_send(this, look_every, services_tick{});
    look();
    loads_.ask(now());
    for (const auto& [name, one] : state_->all_gates()) expire_requests(one.gate, now());
    state_->gates_left().look(group_.get(), now());
    state_->refused().look(now());
  }

  // -- what this node serves

  void served(const std::string& name) {
    const auto what = state_->serving(name);
    if (!what) return;
    follow_end_of(what->handle);
    fences_.serves(name, what->handle, now());
    if (what->is_claimed) claim(publishing::served{name, what->start});
    seek(finding::serves_here{name, what->start});
  }

  void withdrawn(const service_withdrawn& what) {
    if (state_->serving(what.name)) return;  // by now it serves again
    fences_.serves(what.name, {}, now());
    if (what.for_good) claim(publishing::withdrawn{what.name});
    seek(finding::serves_here{what.name, 0});
  }

  /// Once for each, however often it comes up.
  void follow_end_of(const caf::actor& whom) {
    if (followed_.insert(whom.address()).second) monitor(whom);
  }

  void ended(const caf::actor_addr& who) {
    followed_.erase(who);
    orphans_.ended(who);
    fences_.ended(who);
    for (const auto& [name, what] : state_->ended(who)) {
      if (what.is_claimed) claim(publishing::ended{name, what.start});
      seek(finding::serves_here{name, 0});
    }
    for (const auto& [name, one] : state_->all_gates()) {
      if (one.gate.address() != who) continue;
      state_->shut_gate(name);
      seek(finding::lost{name, lookup_.bound_to(name)});
    }
    for (const auto& [number, what] : state_->all_watches()) {
      if (what.watcher.address() != who) continue;
      state_->take_watch(number);
      watches_.cancel(number);
      early_watches_.erase(number);
    }
  }

  void claim(const publishing::event& what) {
    std::vector<publishing::effect> effects;
    claims_.step(what, life_, group_.get(), now(), effects);
    for (const auto& one : effects)
      std::visit([this](const auto& command) { tell(names::command{command}); }, one);
  }

  /// What comes of it shows in the group.
  void tell(const group_command& what) {
    request(state_->options().group.speaker, order_limit, group_order{what})
        .then([](const group_answer&) {}, [](const caf::error&) {});
  }

  // -- whom it looks for

  void seek(const finding::event& what) {
    std::vector<finding::effect> effects;
    lookup_.step(what, life_, group_.get(), now(), effects);
    for (const auto& one : effects) std::visit([this](const auto& effect) { perform(effect); }, one);
    routers_.follow(group_.get(), lookup_, effects_of_routers());
  }

  /// The routers want references of their own, and give them up.
  services_routers::seeker effects_of_routers() {
    return [this](const finding::event& what) {
      std::vector<finding::effect> effects;
      lookup_.step(what, life_, group_.get(), now(), effects);
      for (const auto& one : effects) std::visit([this](const auto& effect) { perform(effect); }, one);
    };
  }

  void perform(const finding::ask& effect) {
    if (const auto peer = state_->envoy_of(effect.node))
      send(peer, wire::service_wanted{state_->options().self, effect.name, effect.start});
  }

  void perform(const finding::bind_here& effect) {
    state_->shut_gate(effect.name);
    const auto what = state_->serving(effect.name);
    const auto ref = state_->find_reference(effect.name);
    if (what && ref) bind(ref, what->handle);
    ask_again(effect.name);
  }

  void perform(const finding::bind_there& effect) {
    const auto ref = state_->find_reference(effect.name);
    if (!ref) return;
    auto one = state_->take_gate(effect.name);
    if (!one.gate || one.remote != answered_.address()) {
      if (one.gate) shut(one.gate);
      one.number = state_->next_gate_number();
      one.gate = make_remote_gate(system(), answered_, state_->options().gate,
                                  asking_again(effect.name, one.number));
      one.remote = answered_.address();
      one.owner = answered_owner_;
      follow_end_of(one.gate);
    }
    one.token = effect.token;
    state_->keep_gate(effect.name, one);
    bind(ref, one.gate);
    ask_again(effect.name);
  }

  /// Takes what the fence behind the gate of this number refuses.
  unhandled_request_sink asking_again(const std::string& name, std::uint64_t gate) const {
    return [weak = std::weak_ptr{state_}, name, gate](unhandled_request one) {
      if (const auto state = weak.lock()) return state->fenced(name, gate, std::move(one));
      refuse(*one.element, service_error::fenced);
    };
  }

  /// What was refused while the reference was bound to another, if it is bound now.
  void ask_again(const std::string& name) {
    const auto ref = state_->find_reference(name);
    if (!ref || lookup_.bound_to(name) == 0) return;
    const auto gate = state_->find_gate(name);
    for (auto& one : state_->refused().take_for(name, gate.number)) {
      if (gate.gate)
        bulwark::ask_again(gate.gate, std::move(one));
      else
        caf::actor_cast<caf::abstract_actor*>(ref)->enqueue(std::move(one.element), context());
    }
  }

  /// First nothing new goes there, then what is under way fails. But a service that its own node starts anew
  /// may answer it yet, if it is a reference that took over what waited; and so may one that gave its name
  /// up.
  void perform(const finding::unbind& effect) {
    if (const auto ref = state_->find_reference(effect.name)) unbind(ref);
    const auto one = state_->find_gate(effect.name);
    const auto* entry = group_ ? group_->names().whereis(effect.name) : nullptr;
    const bool restarts = one.gate && entry && entry->owner == one.owner && state_->envoy_of(one.owner.node);
    if (restarts) return;
    const bool is_reached = one.gate && state_->envoy_of(one.owner.node);
    if (is_reached && group_ && group_->names().end_of(one.token) == name_event::service_down)
      state_->gates_left().keep(state_->take_gate(effect.name).gate, one.owner);
    else
      state_->shut_gate(effect.name);
  }

  void perform(const finding::refuse& effect) {
    state_->shut_gate(effect.name);
    if (const auto ref = state_->find_reference(effect.name)) vacate(ref);
    state_->refused().give_up(effect.name);
  }

  // -- its counterparts on other nodes

  void meet(const peer_introduced& peer) {
    // Whatever came by an earlier connection is dead.
    for (const auto& [name, one] : state_->all_gates())
      if (one.owner.node == peer.peer) state_->shut_gate(name);
    state_->gates_left().lose(peer.peer);
    state_->meet(peer.peer, peer.envoy);
    seek(finding::peer_met{peer.peer});
  }

  void part_from(std::uint32_t peer) {
    if (!state_->part_from(peer)) return;
    seek(finding::peer_lost{peer});
    state_->gates_left().lose(peer);
  }

  void answer(const wire::service_wanted& question) {
    const auto peer = state_->envoy_of(question.from);
    const auto what = state_->serving(question.name);
    if (!peer || !what || what->start != question.start) return;
    const auto fence = fences_.show(question.name, what->handle, life_, group_.get(), now());
    if (!fence) return;
    follow_end_of(fence);
    send(peer,
         wire::service_at{state_->options().self, life_.incarnation, question.name, question.start, fence});
  }

  void take(const wire::service_at& found) {
    const auto peer = state_->envoy_of(found.node);
    // An actor of a third node would be of no use once that node, or the one in between, is lost.
    if (!peer || !found.service || found.service.node() != peer.node()) return;
    answered_ = found.service;
    answered_owner_ = {found.node, found.incarnation};
    seek(finding::answered{found.name, answered_owner_, found.start});
    answered_ = nullptr;
  }

  // -- watches

  void begin_watch(std::uint64_t number) {
    const auto what = state_->find_watch(number);
    if (!what) return;
    follow_end_of(what->watcher);
    if (!try_watch(number, what->name)) early_watches_.emplace(number, what->name);
  }

  /// False if nobody serves the name yet.
  bool try_watch(std::uint64_t number, const std::string& name) {
    const auto what = state_->find_watch(number);
    if (!what) return true;
    if (!group_) return false;
    const auto* entry = group_->names().whereis(name);
    auto token = what->token;
    if (token == 0 && entry) state_->watch_began(number, token = entry->token);
    if (token == 0) return false;
    std::vector<watch_event> events;
    watches_.add(number, name, token, group_->names(), events);
    tell_watchers(events);
    return true;
  }

  void tell_watchers(const std::vector<watch_event>& events) {
    for (const auto& event : events)
      if (const auto what = state_->take_watch(event.watch))
        send(what->watcher, service_ended{event.name, static_cast<std::uint8_t>(event.what), event.token});
  }

  const std::shared_ptr<services_state> state_;
  std::shared_ptr<const membership_group> group_;
  node_life life_;
  service_claims claims_;
  service_lookup lookup_;
  registry_watch watches_;
  std::shared_ptr<const membership_group> watched_in_;  ///< what the watches know
  std::map<std::uint64_t, std::string> early_watches_;  ///< of names that nobody serves yet
  services_shown fences_;
  services_routers routers_;
  services_loads loads_;
  services_orphans orphans_;
  std::set<caf::actor_addr> followed_;  ///< whose end is told
  caf::actor answered_;                 ///< while such an answer is handled
  node_life answered_owner_;            ///< likewise
};

}  // namespace

caf::actor spawn_services_actor(caf::actor_system& system, std::shared_ptr<services_state> state) {
  return system.spawn<services_actor>(std::move(state));
}

}  // namespace bulwark
