// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bulwark/actors/core/routing_policy.hpp"
#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/core/state_machine.hpp"
#include "bulwark/kv/core/conversation.hpp"

/// The client side of a node: a RESP port whose commands go to the node's replica.
///
/// ```
/// clients (rest_for_one)
/// ├─ sessions (one_for_one): session1..sessionN   each speaks with its share of the client connections
/// └─ front                                        accepts; a router gives each connection to the least
/// loaded session
/// ```
/// Wiring, once per node:
/// ```
/// kv::service clients{options};
/// supervisor "sessions": child "session" + i, start = clients.session_child(i), for i = 1 ..
/// options.sessions supervisor "clients":  child "front",       start = clients.front_child()
/// replica_actor_options::machine = clients.machine_factory()
/// ```
namespace bulwark::kv {

struct front_options {
  std::string host = "127.0.0.1";
  std::uint16_t port =
      0;  ///< 0: a free one, chosen at the first start of the front and kept when it is restarted
  std::size_t sessions = 4;                                 ///< session workers
  routing_policy routing{routing_kind::least_connections};  ///< of connections to session workers
  caf::actor
      replica;  ///< answers consensus::submit and consensus::get_replica_status; outlives its incarnations

  std::string node = "n1";
  std::string cluster = "default";
  std::string version = "0.1.0";

  conversation_limits conversation{};
  std::size_t connections_max = 12000;  ///< more are told so and closed
  std::size_t output_bytes_pause =
      1u << 20;  ///< unsent to one client: until it reads, no more of its commands are executed
  std::size_t output_bytes_max = 64u << 20;  ///< unsent to one client: it is cut off
  std::size_t buffers_bytes_max =
      512u << 20;  ///< of all clients together: whoever adds to more, and holds much, is cut off
  duration answer_timeout =
      std::chrono::seconds{7};  ///< for a replica that does not answer at all; above its request_timeout
  duration status_timeout = std::chrono::seconds{1};  ///< for INFO, ROLE and HELLO

  std::function<void(std::uint16_t port)>
      on_listening{};  ///< called in the thread that starts the front, at each start
  std::function<std::optional<resp_address>(std::uint32_t node)>
      address_of{};  ///< thread-safe; where clients reach a node

  /// Empty if the options can work, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;
};

/// What of the client side outlives its actors: limits, counts, the port, the router over the sessions.
/// Thread-safe. Copies share it, and so do the children: it may be destroyed before them.
class service {
 public:
  using child_start = std::function<caf::actor(caf::actor_system&, caf::actor supervisor)>;

  /// Raises the limit of open files of the process as far as allowed. @pre options.validate().empty()
  explicit service(front_options options);

  /// Starts session worker `number`. When it ends, for whatever reason, its clients see the end of their
  /// connections.
  [[nodiscard]] child_start session_child(std::size_t number) const;

  /// Starts the front: binds, listens, accepts. Throws std::system_error if the port cannot be bound.
  /// When it ends, all client connections are closed and the port is free.
  [[nodiscard]] child_start front_child() const;

  /// Makes key-value machines whose totals INFO shows.
  [[nodiscard]] std::function<std::unique_ptr<consensus::state_machine>()> machine_factory() const;

  /// From now on new connections are refused, and each open one ends once all that its client sent is
  /// answered.
  void drain();

  /// Client connections that are open now.
  [[nodiscard]] std::size_t connections() const;

  /// 0 before the front first listened.
  [[nodiscard]] std::uint16_t port() const;

  struct shared;

 private:
  std::shared_ptr<shared> shared_;
};

}  // namespace bulwark::kv
