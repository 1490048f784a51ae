// SPDX-License-Identifier: BSD-3-Clause
#include <arpa/inet.h>
#include <spdlog/spdlog.h>

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/io/basp_broker.hpp>
#include <random>
#include <set>
#include <stdexcept>
#include <utility>

#include "bulwark/actors/core/random.hpp"
#include "bulwark/actors/link.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "link_messages.hpp"
#include "tcp_dial.hpp"

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

}  // namespace

}  // namespace bulwark

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::dial_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::end_overdue)

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
      : service_actor{config}, options_{std::move(options)}, random_{std::random_device{}()} {
    for (const auto& [peer, address] : options_.addresses)
      routes_.emplace(peer, route{backoff{options_.delays}, address});
  }

  const char* name() const override { return "bulwark.connector"; }

  caf::behavior make_behavior() override {
    set_down_handler([this](caf::down_msg& down) { door_closed(down.source); });
    for (const auto& [peer, link] : options_.links) send(link, connector_ready{});
    return {[this](const dial& wish) { take(wish.peer); }, [this](const dial_now& due) { connect(due.peer); },
            [this](const end_overdue& late) {
              if (find(late.peer)->ending) ended(late.peer, *find(late.peer));
            },
            [this](const dial_succeeded& peer) { succeeded(peer.peer); },
            [this](wire::hello& from_peer) { answer(from_peer); }};
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
    auto& to = *find(peer);
    auto [socket, problem] = dial_tcp(to.address, options_.connect_timeout);
    if (problem.empty() && !(to.connection = socket.duplicate())) problem = "no more descriptors";
    if (!problem.empty()) return failed(peer, problem);
    auto& middleman = system().middleman();
    request(middleman.named_broker<caf::io::basp_broker>(caf::atom("BASP")), handshake_timeout,
            caf::connect_atom_v, middleman.backend().new_scribe(socket.release()), to.address.port)
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

  void answer(wire::hello& from_peer) {
    const auto problem = objection_to(from_peer);
    if (problem.empty()) {
      send(options_.links.at(from_peer.from), std::move(from_peer));
      return;
    }
    if (refusals_.size() < refusals_remembered && refusals_.insert(problem).second)
      spdlog::error("connector: refused a hello: {}", problem);
    if (from_peer.link) send(from_peer.link, wire::refusal{from_peer.session, problem});
  }

  [[nodiscard]] std::string objection_to(const wire::hello& from_peer) const {
    const auto& self = options_.self;
    const auto name = [](std::uint32_t node) { return "n" + std::to_string(node); };
    if (from_peer.protocol != wire::protocol_version)
      return name(from_peer.from) + " speaks protocol " + std::to_string(from_peer.protocol) + ", " +
             name(self.node) + " speaks " + std::to_string(wire::protocol_version);
    if (from_peer.cluster != self.cluster)
      return name(from_peer.from) + " belongs to the cluster \"" + from_peer.cluster + "\", " +
             name(self.node) + " to \"" + self.cluster + "\"";
    if (from_peer.from == self.node)
      return from_peer.incarnation == self.incarnation ? "an address leads " + name(self.node) + " to itself"
                                                       : "another process claims to be " + name(self.node);
    if (from_peer.to != self.node)
      return name(from_peer.from) + " looks for " + name(from_peer.to) + ", this is " + name(self.node);
    if (!options_.links.contains(from_peer.from))
      return name(from_peer.from) + " is no peer of " + name(self.node);
    if (from_peer.from < self.node)
      return name(from_peer.from) + " dialled " + name(self.node) + ", but the higher number dials";
    return {};
  }

  const connector_options options_;
  random_stream random_;
  std::map<std::uint32_t, route> routes_;
  std::set<std::string> refusals_;
};

}  // namespace

caf::actor spawn_connector(caf::actor_system& system, connector_options options) {
  return system.spawn<connector, caf::detached>(std::move(options));
}

std::uint16_t open_door(caf::actor_system& system, const caf::actor& connector, const std::string& host,
                        std::uint16_t port) {
  const auto opened = system.middleman().publish(connector, port, host.c_str(), true);
  if (opened) return *opened;
  // CAF only says that it failed.
  auto why = probe_listen({host, port});
  if (why.empty()) why = error_text(opened.error());
  throw std::runtime_error("cannot listen on " + host + ":" + std::to_string(port) + ": " + why);
}

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  in_addr address{};
  return ::inet_pton(AF_INET, std::string{host}.c_str(), &address) == 1 &&
         (ntohl(address.s_addr) >> 24) == 127;
}

}  // namespace bulwark
