// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/error.hpp>
#include <caf/expected.hpp>
#include <caf/fwd.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/core/time.hpp"
#include "bulwark/actors/remote_gate.hpp"
#include "bulwark/actors/router.hpp"
#include "bulwark/supervision/core/service_claims.hpp"
#include "bulwark/supervision/core/service_lookup.hpp"
#include "bulwark/supervision/group_port.hpp"
#include "bulwark/supervision/supervisor.hpp"

/// Services across nodes: published under a name, found from any node, followed wherever they go.
///
/// ```
///   node 1                                         node 2
///   user's actor                                   services.publish("inventory", it)
///       | send, request                                |
///   reference of "inventory"                       services ---- claims the name ----> group
///       | bound to                                     |
///   gate ------------- connection of the link -----> service
///   services <---- who serves it? this one ------> services
/// ```
namespace bulwark {

struct services_options {
  std::uint32_t self = 0;  ///< number of this node
  group_port group;
  claim_options claims{};
  lookup_options lookup{};
  remote_gate_options gate{};  ///< of each reference that is bound to a service of another node
  /// A service that gave its name up still serves other nodes for so long, which may not have heard of it.
  duration serve_on = std::chrono::seconds{1};
  std::size_t hold_max = 1024;        ///< messages that each reference holds while its name is free
  std::size_t references_max = 4096;  ///< names that are looked for, instances of routers included
  std::size_t services_max = 4096;    ///< names that are published
  std::size_t watches_max = 16384;
  std::size_t routers_max = 256;
  /// How often the nodes on which a router of this node has instances are asked how loaded those are, see
  /// services::router; 0: never.
  duration ask_loads_every = std::chrono::milliseconds{200};
  /// In the routers of this node, the weight of an instance counts times this while its node behaves
  /// unusually, see services::set_anomalous; above 0 and at most 1: no difference.
  double anomalous_weight = 1;

  /// Empty if the options can work, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;
};

/// Tells a watcher how a service ended; see services::watch.
struct service_ended {
  std::string name;
  std::uint8_t what = 0;    ///< a name_event: node_down, service_down or restarted
  std::uint64_t token = 0;  ///< that holds the name now, if restarted

  [[nodiscard]] name_event event() const noexcept { return static_cast<name_event>(what); }
};

BULWARK_OBJECT(service_ended, BULWARK_FIELD(name), BULWARK_FIELD(what), BULWARK_FIELD(token))

class services_state;

/// The services of the cluster, as one node sees them. A handle: copies share everything.
///
/// Threads: all functions are thread-safe, and quick
/// Errors:  a bad argument is answered `sec::invalid_argument` with a context that says what was expected; a
///          bound that is reached `service_error::overloaded`; after close() `sec::request_receiver_down`
/// Bounds:  see services_options
class services {
 public:
  /// Throws std::invalid_argument if the options cannot work. The messages of add_services_messages() must
  /// be registered.
  services(caf::actor_system& system, services_options options);

  /// What does the work, to be hung into a supervision tree. It may be restarted: what was published, found
  /// and watched stays.
  [[nodiscard]] child as_child() const;

  /// For link_options::envoy.
  [[nodiscard]] const caf::actor& envoy() const;

  /// To be called whenever the group has moved on. Any thread.
  void look() const;

  /// The service has this name from now on, on all nodes: once the group has granted it, and as long as it
  /// lives. Published again under the same name it counts as restarted. It must be an actor of this process;
  /// of a supervised child publish its stable reference, or see published(). If another node holds the name,
  /// it is claimed as soon as that is free.
  ///
  /// Other nodes get a fence in front of it (see make_service_fence), which goes up as soon as this node sees
  /// that its life is over or that another one has the name: `service_error::fenced`. But nothing is
  /// exclusive about a published service: one whose node is cut off goes on until it notices. See
  /// distributed_child() for what must never run twice.
  caf::error publish(const std::string& name, const caf::actor& service) const;

  /// Gives the name up. No effect if this node does not publish it.
  void withdraw(const std::string& name) const;

  /// A stable reference to whoever serves the name, on whichever node: the same one for all who ask here.
  /// While nobody does, it holds up to hold_max messages; after `patience` of the lookup_options it refuses
  /// them with `sec::request_receiver_down`, until somebody serves again. What is under way to a service when
  /// its node, its connection or itself is lost, is answered `sec::request_receiver_down` as well: nobody
  /// knows whether it was handled. What a fence refused was not: the reference asks it once more of whoever
  /// serves the name next, and answers `service_error::fenced` only if that fails or takes too long.
  [[nodiscard]] caf::expected<caf::actor> whereis(const std::string& name) const;

  /// The same with a typed interface, `caf::typed_actor<...>`. Nobody checks that the service has it.
  template <class Handle>
  [[nodiscard]] caf::expected<Handle> whereis_typed(const std::string& name) const {
    auto found = whereis(name);
    if (!found) return std::move(found.error());
    return caf::actor_cast<Handle>(caf::actor_cast<caf::strong_actor_ptr>(*found));
  }

  /// The watcher gets one service_ended, and only one, for what serves the name now, or else serves it next.
  caf::error watch(const std::string& name, const caf::actor& watcher) const;

  /// A router of all instances of the service, on whichever nodes: of "pricer" those named "pricer/1",
  /// "pricer/b" … They join once they are reached and leave when they or their nodes end; those on a node
  /// that drains get nothing new. What others have sent to an instance on another node counts as its load,
  /// as that node told it last; see services_options::ask_loads_every. Made once per node and service: the
  /// first call's options count.
  [[nodiscard]] caf::expected<caf::actor> router(const std::string& service,
                                                 router_options options = {}) const;

  /// What this node thinks of another one, by what it knows: that it behaves unusually, or as usual again.
  /// See services_options::anomalous_weight and heartbeat_options::on_anomaly.
  void set_anomalous(std::uint32_t node, bool on) const;

  /// Messages for what this node served that came when it was not entitled to that any more: requests were
  /// answered `service_error::fenced`, others dropped.
  [[nodiscard]] std::uint64_t fenced() const;

  /// Ends references, routers and fences; to be called before the actor system ends.
  void close() const;

  [[nodiscard]] const std::shared_ptr<services_state>& state() const noexcept { return state_; }

 private:
  std::shared_ptr<services_state> state_;
};

/// Makes a child publish each of its incarnations under this name: its reference if it has one, which is
/// given up when the child is gone, else the incarnation itself. The name is claimed when the child is
/// started.
[[nodiscard]] child published(const services& where, std::string name, child one);

/// Registers the message types of services; call it before the actor system is made.
void add_services_messages(caf::actor_system_config& config);

}  // namespace bulwark

CAF_BEGIN_TYPE_ID_BLOCK(bulwark_services, caf::first_custom_type_id + 80)
CAF_ADD_TYPE_ID(bulwark_services, (bulwark::service_ended))
CAF_END_TYPE_ID_BLOCK(bulwark_services)
