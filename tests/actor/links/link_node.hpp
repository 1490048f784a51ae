// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bulwark/actors/link.hpp"
#include "bulwark/actors/messages.hpp"

namespace bulwark::test {

/// What a subscriber of links got, and whether it takes messages at all. Thread-safe.
class inbox {
 public:
  /// Waits until `holds`; false if it does not within ten seconds. `holds` is called under the lock.
  bool await(const std::function<bool(const inbox&)>& holds);

  /// Readable within `await`.
  std::vector<peer_packet> packets;
  std::map<std::uint32_t, std::vector<peer_introduced>> introduced;  ///< envoys of each peer, in order
  std::map<std::uint32_t, std::vector<bool>> states;  ///< of each peer, in the order they were told

  [[nodiscard]] bool up(std::uint32_t peer) const {
    const auto found = states.find(peer);
    return found != states.end() && !found->second.empty() && found->second.back();
  }

  [[nodiscard]] std::size_t received();
  [[nodiscard]] std::vector<peer_packet> received_packets();

  /// While stalled the subscriber stands still in the middle of a message.
  void stall(bool on);

  void take(const peer_packet& packet);
  void take(const peer_link_state& state);
  void take(const peer_introduced& peer);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stalled_ = false;
};

struct link_node_options {
  std::uint32_t id = 0;
  std::string cluster = "test";
  std::uint64_t incarnation = 1;
  std::uint16_t port = 0;                          ///< to listen on
  std::map<std::uint32_t, std::uint16_t> peers{};  ///< number -> port; 0 for one that is never dialled
  std::array<credit_window, link_channels> windows = link_options{}.windows;
  std::shared_ptr<tls_endpoint> tls{};
};

/// The network of one node in an actor system of its own: connector, links, and a subscriber for each
/// channel. Stands in for the supervisor: what the test kills it also starts again.
class link_node {
 public:
  explicit link_node(link_node_options options);
  ~link_node();
  link_node(const link_node&) = delete;
  link_node& operator=(const link_node&) = delete;

  [[nodiscard]] std::uint16_t port() const;

  /// Hands a packet to the link of `peer`.
  void send(std::uint32_t peer, std::string bytes, std::uint8_t channel = consensus_channel);
  void send_to_link(std::uint32_t peer, peer_packet packet);

  [[nodiscard]] link_report report(std::uint32_t peer);
  /// Asks until the report is as wanted; false if it is not within ten seconds.
  bool await_report(std::uint32_t peer, const std::function<bool(const link_report&)>& wanted);

  /// Both ends know each other: this one says so.
  bool await_up(std::uint32_t peer);
  bool await_down(std::uint32_t peer);

  void kill_link(std::uint32_t peer);
  void start_link(std::uint32_t peer);
  void kill_connector();
  void start_connector();

  [[nodiscard]] inbox& consensus();
  [[nodiscard]] inbox& heartbeats();
  [[nodiscard]] inbox& envoy();  ///< takes the membership channel as well

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

/// Opens a connection to the port and closes it at once, as a port scan or a health check does.
void knock(std::uint16_t port);

/// Listens, and leaves those who dial without an answer, as a host does that has lost its power or its cable.
class black_hole {
 public:
  black_hole();
  black_hole(const black_hole&) = delete;
  black_hole& operator=(const black_hole&) = delete;
  ~black_hole();

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  std::vector<int> sockets_;  ///< the one that listens, and connections that fill its queue
  std::uint16_t port_ = 0;
};

/// A port that nothing listens on right now.
[[nodiscard]] std::uint16_t free_port();

}  // namespace bulwark::test
