// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/core/backoff.hpp"
#include "bulwark/actors/core/time.hpp"
#include "bulwark/actors/last_heard.hpp"

/// Connections between nodes.
///
/// ```
///   node 2 (the higher number dials)                      node 1 (listens)
///   link n1 --dial--> connector ==== TCP ====> door of node 1 = its connector
///   link n1 ---------- hello{session} -------> connector --> link n2
///   link n1 <--------- welcome{session} ---------------------- link n2      both are up now
///   link n1 <========= packets, credit, reset ===============> link n2
/// ```
/// Each pair of nodes has one connection and one dialler, so that two dials never race. Each life of a link
/// agrees with its counterpart on a session by a hello; all that follows carries the number of the session,
/// and what belongs to another one is dropped. Both counterparts watch each other: the end of a process or of
/// a link actor is noticed at once, silence is left to heartbeats.
namespace bulwark {

class tls_endpoint;

/// Channels of a link. Each has its own credit, so that heartbeats get through beside bulk.
inline constexpr std::uint8_t consensus_channel = 0;
inline constexpr std::uint8_t heartbeat_channel = 1;
inline constexpr std::uint8_t membership_channel = 2;
inline constexpr std::size_t link_channels = 3;

/// Who a node is to its peers.
struct node_identity {
  std::string cluster;            ///< nodes of other clusters are refused
  std::uint32_t node = 0;         ///< number, unique in the cluster; not 0
  std::uint64_t incarnation = 0;  ///< differs in each life of the process
};

/// What may be under way on one channel in one direction, without the receiver having taken it.
struct credit_window {
  std::uint32_t messages = 0;
  std::uint64_t bytes = 0;  ///< a single larger packet passes if nothing else is under way
};

/// Where a node listens, or a proxy in front of it.
struct peer_address {
  std::string host;
  std::uint16_t port = 0;
};

struct link_options {
  node_identity self;
  std::uint32_t peer = 0;
  caf::actor connector;  ///< a stable reference
  /// Get the packets of their channel, and every peer_link_state; stable references. May be empty.
  std::array<caf::actor, link_channels> subscribers;
  /// What the peer may send without this side taking it. The peer learns it from hello or welcome.
  std::array<credit_window, link_channels> windows{
      credit_window{4096, 32u << 20}, credit_window{64, 64u << 10}, credit_window{256, 64u << 10}};
  duration hello_timeout = std::chrono::seconds{1};
  /// Is made known to its counterpart on the peer in each session, so that the two can talk over the
  /// connection of the link, and gets peer_introduced and every peer_link_state. A stable reference, to be
  /// closed before the actor system ends. May be empty.
  caf::actor envoy{};
  /// Is told of all that comes from the peer. May be empty.
  std::shared_ptr<last_heard> heard{};
};

/// Sent to the envoy of a link: its counterpart on the peer, of use until the link is down. The handle
/// belongs to the connection of the session that is up, never to an earlier one.
struct peer_introduced {
  std::uint32_t peer = 0;
  std::uint64_t incarnation = 0;  ///< of the process of the peer
  caf::actor envoy;
};

/// Spawns one end of the connection to a peer.
///
/// Takes:   peer_packet from this node, to go out; it is dropped and counted if the peer is not connected, or
///          has given no credit: a peer that stands still never makes this process grow. Credit is given for
///          what the subscribers took out of their mailboxes, so nor does a subscriber that stands still.
/// Gives:   peer_packet and peer_link_state to the subscribers.
/// Answers: get_link_report.
[[nodiscard]] caf::actor spawn_link(caf::actor_system& system, link_options options);

struct connector_options {
  node_identity self;
  std::map<std::uint32_t, peer_address> addresses;  ///< of all peers; those with lower numbers are dialled
  std::map<std::uint32_t, caf::actor> links;        ///< of all peers; stable references
  backoff_options delays{.initial = std::chrono::milliseconds{20}, .max = std::chrono::seconds{1}};
  duration connect_timeout = std::chrono::milliseconds{500};  ///< to open a TCP connection
  std::shared_ptr<tls_endpoint> tls{};                        ///< see tls.hpp; null: connections are plain
};

/// Spawns the actor that dials on behalf of the links, and that answers those who dial this node: it hands a
/// hello to the link of its sender, or refuses it with a reason, which is logged once. It has a thread of its
/// own, and one in which all dials are under way at once, so that peers that do not answer delay nobody. Only
/// one may exist at a time in an actor system.
[[nodiscard]] caf::actor spawn_connector(caf::actor_system& system, connector_options options);

/// Lets peers reach the connector: listens on host:port, where port 0 picks a free one. Returns the port.
/// Call it once per actor system, with the stable reference to the connector, and with the TLS endpoint that
/// the connector has. Throws std::runtime_error if that fails.
[[nodiscard]] std::uint16_t open_door(caf::actor_system& system, const caf::actor& connector,
                                      const std::string& host, std::uint16_t port,
                                      const std::shared_ptr<tls_endpoint>& tls = nullptr);

/// True if the host names this machine only. Other hosts need TLS, or an operator who says that none is
/// needed.
[[nodiscard]] bool is_loopback(std::string_view host);

/// Asks a link how it is. Answered by one link_report, at once.
struct get_link_report {};

struct link_report {
  std::uint32_t peer = 0;
  bool up = false;
  std::uint64_t peer_incarnation = 0;  ///< of the current or last session; 0 before the first
  std::uint64_t sessions = 0;          ///< in the life of this link actor
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t dropped_down = 0;          ///< packets dropped since there was no session
  std::uint64_t dropped_credit = 0;        ///< packets dropped for want of credit
  std::uint64_t refusals = 0;              ///< hellos that the peer refused
  std::string refusal;                     ///< why it refused the last one; empty once it took one
  std::uint64_t bytes_unacknowledged = 0;  ///< under way to the peer, as far as this side knows
};

BULWARK_EMPTY_OBJECT(get_link_report)
BULWARK_OBJECT(link_report, BULWARK_FIELD(peer), BULWARK_FIELD(up), BULWARK_FIELD(peer_incarnation),
               BULWARK_FIELD(sessions), BULWARK_FIELD(packets_sent), BULWARK_FIELD(packets_received),
               BULWARK_FIELD(dropped_down), BULWARK_FIELD(dropped_credit),
               BULWARK_FIELD(bytes_unacknowledged))

/// Registers the message types of links; call it before the actor system is made.
void add_link_messages(caf::actor_system_config& config);

}  // namespace bulwark

CAF_BEGIN_TYPE_ID_BLOCK(bulwark_link_reports, caf::first_custom_type_id + 20)
CAF_ADD_TYPE_ID(bulwark_link_reports, (bulwark::get_link_report))
CAF_ADD_TYPE_ID(bulwark_link_reports, (bulwark::link_report))
CAF_END_TYPE_ID_BLOCK(bulwark_link_reports)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::peer_introduced)
