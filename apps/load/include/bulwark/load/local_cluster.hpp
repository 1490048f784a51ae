// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/actors/core/event.hpp"
#include "bulwark/actors/core/time.hpp"
#include "bulwark/load/endpoint.hpp"
#include "bulwark/load/port_block.hpp"
#include "bulwark/load/process.hpp"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace bulwark::load {

struct cluster_options {
  std::filesystem::path program;  ///< the program `bulwark`
  unsigned nodes = 5;
  std::vector<std::string> extra{};  ///< further arguments of `bulwark up`
  duration ready_within = std::chrono::seconds(20);
};

/// A node's process as the launcher knows it.
struct node_process {
  std::string id;  ///< "n1"
  pid_t pid = 0;   ///< 0 while it is down
  endpoint resp;
  std::string state;
  std::uint64_t restarts = 0;

  /// Sends it a signal. False if it is down: kill(2) would take process 0 for the caller and all its kin.
  bool signal(int number) const;
};

/// What a node says of itself.
struct node_status {
  struct peer {
    std::string id;
    std::string state;  ///< up, suspect, down; of one that the node does not watch: connected, unconnected

    [[nodiscard]] bool is_well() const { return state == "up" || state == "connected"; }
  };

  std::string id;
  std::string state;   ///< starting, up, draining
  std::string role;    ///< leader, follower, learner
  std::string leader;  ///< empty if it knows none
  bool quorum = false;
  std::uint64_t chosen = 0;
  std::uint64_t applied = 0;
  std::uint64_t elections = 0;  ///< leaders that it has seen come
  std::vector<peer> peers;
};

/// One line of a node's supervision tree.
struct actor_status {
  std::string path;  ///< "consensus/log"; the root has the empty path
  std::string state;
  std::uint64_t restarts = 0;
};

/// A real cluster on loopback, started by the program's own launcher, in a temporary directory and on free
/// ports.
///
/// It ends with its owner, in every way: the launcher is a child that the kernel kills with the thread that
/// started it, and nodes are children of the launcher. Not thread-safe, but the const functions that ask
/// something are.
class local_cluster {
 public:
  /// Starts the cluster and waits for all nodes and a leader. Throws std::runtime_error with the launcher's
  /// last words.
  explicit local_cluster(cluster_options options);
  local_cluster(const local_cluster&) = delete;
  local_cluster& operator=(const local_cluster&) = delete;
  ~local_cluster();

  const std::filesystem::path& directory() const { return directory_.path(); }

  /// Leaves the directory in place in the end.
  void keep_directory() { directory_.keep(); }

  /// Stops all processes; the directory stays until the destructor. False if they did not end when asked to,
  /// within 12 s, and were killed.
  bool stop();

  /// Client addresses of all nodes, n1 first.
  std::vector<endpoint> endpoints() const;
  /// Client address of "n3".
  endpoint endpoint_of(const std::string& id) const;

  /// "n1", "n2", ...
  const std::vector<std::string>& ids() const { return ids_; }

  /// The launcher's table; empty if it does not answer.
  std::vector<node_process> processes() const;
  std::optional<node_process> process_of(const std::string& id) const;

  /// What a node says; nothing if it does not answer within `patience`.
  std::optional<node_status> status(const std::string& id,
                                    duration patience = std::chrono::milliseconds(300)) const;
  std::optional<std::vector<actor_status>> tree(const std::string& id) const;

  /// What the supervisors of all nodes did, as far as the processes that run now remember, in the order of
  /// time (to a few milliseconds); paths begin with the node: "n2/consensus/replica".
  std::vector<supervision_event> events() const;

  /// The node that leads by its own word and is believed by a majority, if there is one.
  std::optional<std::string> leader() const;

  /// Waits for a leader other than `except`. Throws std::runtime_error if there is none in time.
  std::string await_leader(duration patience, const std::string& except = {}) const;

  /// Waits until all nodes are up, connected with each other, agree on a leader and have applied what it has
  /// chosen.
  bool await_all_up(duration patience) const;

  /// Sends a signal straight to a node's process, behind the launcher's back. False if there is no process.
  bool signal(const std::string& id, int number) const;

  /// Kills an actor of a node ("consensus/replica"). False if the node refused or did not answer.
  bool kill_actor(const std::string& id, const std::string& path) const;

  /// Runs `bulwark ARGUMENTS... --dir DIRECTORY` to its end.
  run_result command(std::vector<std::string> arguments, duration patience = std::chrono::seconds(15)) const;

  /// What each node says of itself now, a line each, for messages.
  std::string describe() const;

  /// The end of a node's log, for messages.
  std::string log_tail(const std::string& id) const;

 private:
  std::string ask(const std::filesystem::path& where, const std::string& request, duration patience) const;
  bool is_ready() const;

  cluster_options options_;
  port_block ports_;
  temporary_directory directory_;
  std::vector<std::string> ids_;
  std::optional<process> launcher_;
};

/// For failed assertions: what all nodes say of themselves, and their events.
void PrintTo(const local_cluster& cluster, std::ostream* out);

/// Asks again and again, with short rests, until it is true or time is up.
bool eventually(duration patience, const std::function<bool()>& is_true,
                duration rest = std::chrono::milliseconds(20));

}  // namespace bulwark::load
