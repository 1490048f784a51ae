// SPDX-License-Identifier: BSD-3-Clause
#include <spdlog/spdlog.h>

#include <algorithm>
#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/io/basp_broker.hpp>
#include <memory>
#include <random>
#include <set>
#include <utility>

#include "basp.hpp"
#include "bulwark/actors/core/random.hpp"
#include "bulwark/actors/link.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "hello_check.hpp"
#include "link_messages.hpp"
#include "tcp_dialler.hpp"
#include "tcp_stream.hpp"
#include "tls_stream.hpp"

namespace bulwark {

namespace {

/// A dial is due.
struct dial_now {
  std::uint32_t peer = 0;
};

/// A connection was ended, and CAF has not said so.
struct end_overdue {
  std::uint32_t peer = 0;
};

/// A peer was dialled, with or without success.
struct dial_over {
  std::uint32_t peer = 0;
  std::shared_ptr<dialled> outcome;
};

/// A TLS handshake with a peer that was dialled is over.
struct hands_shaken {
  std::uint32_t peer = 0;
  std::shared_ptr<tls_outcome> outcome;
};

/// A hello, and what the certificate at the other end of its connection names the peer.
struct vouched_hello {
  std::shared_ptr<wire::hello> hello;
  std::vector<std::string> names;
};

}  // namespace

}  // namespace bulwark

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::dial_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::dial_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::end_overdue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::hands_shaken)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::vouched_hello)

namespace bulwark {

namespace {

/// For CAF's own handshake on a connection that is open.
constexpr duration handshake_timeout = std::chrono::seconds{3};
/// Between dials that all seem to succeed.
constexpr duration dials_apart = std::chrono::milliseconds{5};
/// For CAF to forget a connection that was ended.
constexpr duration end_timeout = std::chrono::seconds{1};
/// Kinds of refused hellos that are remembered, so that each is logged once.
constexpr std::size_t refusals_remembered = 64;

/// Dials, and hands the connections over to CAF.
///
/// CAF could dial by itself, but does so with a single thread that an address without an answer keeps for
/// minutes. Nor does it notice when it loses the way to a node whose connection is still open: it knows
/// connections by their descriptors, and the end of an old one may take away the route of the one that got
/// the same descriptor. So each session gets a new connection, and a second descriptor of it is kept here to
/// end it for sure.
class connector final : public service_actor {
 public:
  connector(caf::actor_config& config, connector_options options)
      : service_actor{config},
        options_{std::move(options)},
        random_{std::random_device{}()},
        dialler_{options_.connect_timeout} {
    for (const auto& [peer, address] : options_.addresses)
      routes_.emplace(peer, route{backoff{options_.delays}, address});
  }

  const char* name() const override { return "bulwark.connector"; }

  caf::behavior make_behavior() override {
    set_down_handler([this](caf::down_msg& down) { door_closed(down.source); });
    for (const auto& [peer, link] : options_.links) send(link, connector_ready{});
    return {[this](const dial& wish) { take(wish.peer); },
            [this](const dial_now& due) { connect(due.peer); },
            [this](dial_over& over) { connected(over.peer, std::move(*over.outcome)); },
            [this](const end_overdue& late) {
              if (find(late.peer)->ending) ended(late.peer, *find(late.peer));
            },
            [this](const dial_succeeded& peer) { succeeded(peer.peer); },
            [this](hands_shaken& over) { shaken(over.peer, *over.outcome); },
            [this](wire::hello& from_peer) {
              if (options_.tls) return have_vouched(from_peer);
              answer(from_peer, objection_to(from_peer, options_));
            },
            [this](const vouched_hello& known) {
              auto problem = objection_to(*known.hello, known.names, options_.self.cluster);
              if (problem.empty()) problem = objection_to(*known.hello, options_);
              answer(*known.hello, problem);
            }};
  }

 private:
  struct route {
    backoff delays;
    peer_address address;
    caf::actor requester{};    ///< the link that wants the door
    bool under_way = false;    ///< a dial is due or in progress
    tcp_socket connection{};   ///< that CAF was given
    caf::actor_addr door{};    ///< reached through it
    bool ending = false;       ///< its end is awaited
    bool delayed = false;      ///< the last dial came to nothing
    std::string last_error{};  ///< that was logged
  };

  route* find(std::uint32_t peer) {
    const auto found = routes_.find(peer);
    return found == routes_.end() ? nullptr : &found->second;
  }

  // -- dialling

  void take(std::uint32_t peer) {
    auto* to = find(peer);
    if (!to) return;
    to->requester = caf::actor_cast<caf::actor>(current_sender());
    if (std::exchange(to->under_way, true)) return;
    end(peer, *to);
  }

  /// Ends the connection of the session before. A new one is of use only after CAF has forgotten it, and with
  /// it the peer's actors.
  void end(std::uint32_t peer, route& to) {
    std::exchange(to.connection, {}).shut_down();
    if (!to.door) return schedule(peer, to);
    to.ending = true;
    delayed_send(this, end_timeout, end_overdue{peer});
  }

  void door_closed(const caf::actor_addr& door) {
    for (auto& [peer, to] : routes_) {
      if (to.door != door) continue;
      to.door = nullptr;
      if (to.ending) ended(peer, to);
    }
  }

  void ended(std::uint32_t peer, route& to) {
    to.ending = false;
    to.door = nullptr;
    schedule(peer, to);
  }

  void schedule(std::uint32_t peer, route& to) {
    const auto delay = std::exchange(to.delayed, true) ? to.delays.next(random_.next01()) : dials_apart;
    delayed_send(this, delay, dial_now{peer});
  }

  void connect(std::uint32_t peer) {
    auto report = [self = caf::actor_cast<caf::actor_addr>(this), peer](dialled outcome) {
      if (const auto alive = caf::actor_cast<caf::actor>(self))
        caf::anon_send(alive, dial_over{peer, std::make_shared<dialled>(std::move(outcome))});
    };
    dialler_.dial(find(peer)->address, std::move(report));
  }

  void connected(std::uint32_t peer, dialled outcome) {
    auto& to = *find(peer);
    auto [socket, problem] = std::move(outcome);
    if (problem.empty() && !(to.connection = socket.duplicate())) problem = "no more descriptors";
    if (!problem.empty()) return failed(peer, problem);
    if (options_.tls) return shake_hands(peer, std::move(socket));
    hand_over(peer, make_tcp_scribe(system(), std::move(socket)));
  }

  void shake_hands(std::uint32_t peer, tcp_socket socket) {
    auto report = [self = caf::actor_cast<caf::actor_addr>(this), peer](tls_outcome outcome) {
      if (const auto alive = caf::actor_cast<caf::actor>(self))
        caf::anon_send(alive, hands_shaken{peer, std::make_shared<tls_outcome>(std::move(outcome))});
    };
    options_.tls->handshakes().dialled(std::move(socket), certificate_name(peer, options_.self.cluster),
                                       std::move(report));
  }

  void shaken(std::uint32_t peer, tls_outcome& outcome) {
    if (!outcome.session) return failed(peer, outcome.problem);
    hand_over(peer, make_tls_scribe(system(), std::move(outcome.session)));
  }

  void hand_over(std::uint32_t peer, caf::io::scribe_ptr connection) {
    request(basp_of(system()), handshake_timeout, caf::connect_atom_v, std::move(connection),
            find(peer)->address.port)
        .then(
            [this, peer](const caf::node_id&, caf::strong_actor_ptr& door, const std::set<std::string>&) {
              if (!door) return failed(peer, "something else than a node listens there");
              found(*find(peer), caf::actor_cast<caf::actor>(door));
            },
            [this, peer](caf::error& why) { failed(peer, error_text(why)); });
  }

  void found(route& to, const caf::actor& door) {
    to.under_way = false;
    to.door = door.address();
    monitor(door);
    send(to.requester, door_found{door});
  }

  void failed(std::uint32_t peer, const std::string& why) {
    auto& to = *find(peer);
    std::exchange(to.connection, {}).shut_down();
    if (std::exchange(to.last_error, why) != why)
      spdlog::warn("connector: cannot reach n{} at {}:{}: {}; trying on", peer, to.address.host,
                   to.address.port, why);
    schedule(peer, to);
  }

  void succeeded(std::uint32_t peer) {
    auto* to = find(peer);
    if (!to) return;
    to->delayed = false;
    to->delays.reset();
    to->last_error.clear();
  }

  // -- the door

  /// Has the network thread, which alone may, look up whose connection a hello came by.
  void have_vouched(wire::hello& from_peer) {
    auto look_up = [basp = basp_of(system()), guests = options_.tls->guests(),
                    self = caf::actor_cast<caf::actor>(this),
                    hello = std::make_shared<wire::hello>(std::move(from_peer))] {
      if (!hello->link) return;
      const auto connection = connection_to(hello->link.node(), basp);
      caf::anon_send(self, vouched_hello{hello, connection ? guests->names(connection->id())
                                                           : std::vector<std::string>{}});
    };
    system().middleman().backend().post(std::move(look_up));
  }

  void answer(wire::hello& from_peer, const std::string& problem) {
    if (problem.empty()) {
      send(options_.links.at(from_peer.from), std::move(from_peer));
      return;
    }
    if (refusals_.size() < refusals_remembered && refusals_.insert(problem).second)
      spdlog::error("connector: refused a hello: {}", problem);
    if (from_peer.link) send(from_peer.link, wire::refusal{from_peer.session, problem});
  }

  const connector_options options_;
  random_stream random_;
  std::map<std::uint32_t, route> routes_;
  std::set<std::string> refusals_;
  tcp_dialler dialler_;
};

}  // namespace

caf::actor spawn_connector(caf::actor_system& system, connector_options options) {
  return system.spawn<connector, caf::detached>(std::move(options));
}

}  // namespace bulwark
