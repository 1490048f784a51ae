// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bulwark/kv/core/reply.hpp"

namespace bulwark::kv {

/// Where clients reach a node.
struct resp_address {
  std::string host{};
  std::uint16_t port = 0;
};

/// What one client connection is called and speaks.
struct client_record {
  std::uint64_t id = 0;
  std::string address{};        ///< of the client, "127.0.0.1:40000"
  std::string local_address{};  ///< of the node
  std::string name{};           ///< by CLIENT SETNAME
  std::string library_name{};   ///< by CLIENT SETINFO
  std::string library_version{};
  protocol spoken = protocol::resp2;
};

/// What the node's replica says of itself.
struct replica_view {
  std::string role{};        ///< "leader", "follower" or "candidate"
  std::uint32_t leader = 0;  ///< number of the node that leads; 0 if none is known
  std::string ballot{};
  std::uint64_t chosen = 0;
  std::uint64_t applied = 0;
  std::uint64_t elections = 0;
  bool quorum = false;

  [[nodiscard]] bool leads() const { return role == "leader"; }
};

/// Facts of the node that do not change while it runs.
struct server_facts {
  std::string node{};     ///< "n1"
  std::string cluster{};  ///< name of the cluster
  std::string version{};  ///< of bulwark
  std::uint16_t port = 0;
  std::uint64_t process = 0;
  std::size_t connections_max = 0;
  std::uint64_t memory_bytes_max = 0;  ///< 0: no bound
  std::size_t bulk_bytes_max = 0;
};

/// Counts that change.
struct server_counts {
  std::uint64_t uptime_seconds = 0;
  std::uint64_t connections = 0;
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;
  std::uint64_t commands = 0;
  std::uint64_t keys = 0;  ///< of this replica, which may lag behind the leader's
  std::uint64_t keys_bytes = 0;
  std::uint64_t revision = 0;
};

/// What a conversation with a client may ask of its surroundings. Implementations are thread-safe and do not
/// block.
class server_view {
 public:
  virtual ~server_view() = default;

  [[nodiscard]] virtual server_facts facts() const = 0;
  [[nodiscard]] virtual server_counts counts() const = 0;
  [[nodiscard]] virtual std::vector<client_record> clients() const = 0;
  [[nodiscard]] virtual std::optional<resp_address> address_of(std::uint32_t node) const = 0;

  /// Milliseconds since 1970, by the clock of this node.
  [[nodiscard]] virtual std::uint64_t unix_ms() const = 0;

  /// A client changed its name or protocol.
  virtual void update(const client_record& client) = 0;
  virtual void count_commands(std::uint64_t commands) = 0;

  /// Whether a conversation may hold so many bytes more than what it just received. If so, it gives them
  /// back.
  [[nodiscard]] virtual bool take_bytes(std::size_t bytes) = 0;
  virtual void give_back_bytes(std::size_t bytes) = 0;
};

}  // namespace bulwark::kv
