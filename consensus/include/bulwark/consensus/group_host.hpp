// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bulwark/actors/certificates.hpp"
#include "bulwark/actors/link.hpp"
#include "bulwark/consensus/group_member.hpp"
#include "bulwark/consensus/log_store.hpp"

namespace bulwark::consensus {

/// The number of a group that is known by its name only: the same in every process and release. Not 0.
[[nodiscard]] group_id group_id_of(std::string_view name);

struct group_host_options {
  std::string cluster = "default";              ///< members of others are refused
  std::uint32_t self = 0;                       ///< number of this member, 1 or more
  peer_address listen{"127.0.0.1", 0};          ///< where the others reach it; port 0 picks a free one
  std::map<std::uint32_t, peer_address> peers;  ///< the other members, and nodes that may get members
  std::vector<std::uint32_t> voters;            ///< of each group at first; empty: all of them, and self
  std::filesystem::path directory;              ///< for the data of all groups; made if it is not there
  duration interval = std::chrono::milliseconds{100};  ///< T_interval: time between heartbeats
  duration timeout = std::chrono::milliseconds{400};   ///< T_timeout
  std::chrono::milliseconds lease{0};                  ///< see replica_options::lease
  std::size_t snapshot_bytes = 64u << 20;  ///< a snapshot of a group after so many bytes of its commands
  duration quiet_after{0};                 ///< see replica_options::quiet_after; the same on all members
  event_sink sink{};                       ///< gets what its supervisors do
  tls_files tls{};                         ///< how members know each other; none: anybody may connect
  bool insecure = false;                   ///< may listen where other machines reach it, without TLS
  /// Opens the log; empty: files in `directory`.
  std::function<std::unique_ptr<log_store>()> open_log{};
};

/// One of the groups of a group_host; the group ends here, and its data stays, when this goes away.
/// Thread-safe; may outlive the host, and is of no use then, but not the actor system.
class hosted_group {
 public:
  ~hosted_group();
  hosted_group(hosted_group&&) noexcept;
  hosted_group& operator=(hosted_group&&) noexcept;

  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] group_id id() const;
  /// Stable references.
  [[nodiscard]] const caf::actor& front() const;
  [[nodiscard]] const caf::actor& replica()
      const;  ///< takes get_replica_status, transfer_leadership, change_group

 private:
  friend class group_host;
  struct impl;
  explicit hosted_group(std::unique_ptr<impl> made);
  std::unique_ptr<impl> impl_;
};

/// A member of any number of Paxos groups that share one set of links and one log: what several groups write
/// or send at the same time shares an fsync and a packet. Each group has a leader of its own.
///
/// ```
/// host (one_for_one)
/// |- links        connector, link-n2, link-n3 ...
/// |- exchange     between the links and the replicas
/// '- consensus (rest_for_one)
///    |- log
///    '- groups (one_for_one): one of (rest_for_one) replica, front for each, by its name
/// ```
/// If a replica crashes, its group restarts, and the others do not notice. If the log fails, all do.
///
/// Threads: all functions may be called from any thread; one owner destroys it
/// Errors:  the constructor throws as that of group_member; add() throws std::invalid_argument
/// Bounds:  one in each actor system, as it listens for the peers
class group_host {
 public:
  group_host(caf::actor_system& system, group_host_options options);
  /// Stops the tree and waits until it has ended.
  ~group_host();
  group_host(const group_host&) = delete;
  group_host& operator=(const group_host&) = delete;

  /// Begins to take part in a group. All members must give it the same name, or at least the same `id`, which
  /// by default is group_id_of(name). Throws std::invalid_argument if the name is empty, or it or the id is
  /// in use here.
  [[nodiscard]] hosted_group add(std::string name, group_member::machine_factory machine,
                                 group_member::front_factory front, group_id id = {});

  [[nodiscard]] const caf::actor& supervisor() const;  ///< takes get_tree, kill_child
  [[nodiscard]] const caf::actor& exchange() const;    ///< takes get_group_exchange_report
  [[nodiscard]] std::uint16_t port() const;            ///< where it listens

 private:
  friend class hosted_group;
  struct impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace bulwark::consensus
