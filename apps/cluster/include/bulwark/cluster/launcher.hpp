// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bulwark/cluster/cluster_config.hpp"
#include "bulwark/cluster/directory.hpp"

namespace bulwark::cluster {

/// Something worth telling about a running cluster.
struct launcher_event {
  enum class kind {
    node_started,    ///< its process runs
    node_ready,      ///< it listens; `seconds` since its start
    node_ended,      ///< unasked; `text` is the reason, `seconds` until it is started again
    node_parked,     ///< it failed too often in a row; tried again after `seconds`
    node_stopped,    ///< as asked
    leader_changed,  ///< `id` leads now, or nobody if empty; `text` is the ballot
    cluster_ready,   ///< all nodes were ready and a leader was known, for the first time; `seconds` since the
                     ///< start
    stopping,        ///< `text` says why
    trouble,         ///< `text`
  };
  kind what = kind::trouble;
  std::string id;
  std::int64_t pid = 0;
  std::string text;
  double seconds = 0;
};

/// How often and how fast a node's process is restarted.
struct restart_policy {
  std::chrono::milliseconds delay_first{50};
  std::chrono::milliseconds delay_max{5000};
  std::chrono::milliseconds calm{10000};  ///< a node that ran so long starts from delay_first again
  std::uint32_t restarts_max = 20;        ///< more of them within `window` park the node
  std::chrono::milliseconds window{60000};
  std::chrono::milliseconds parked{30000};  ///< how long a parked node waits before it is tried again
  std::chrono::milliseconds held{60000};    ///< how long one that is held waits for its restart
  std::chrono::milliseconds start_deadline{
      60000};  ///< a node that is not ready by then is killed and tried again
  std::chrono::milliseconds stop_deadline{10000};  ///< after SIGTERM; then SIGKILL
};

struct launcher_options {
  cluster_directory directory;
  cluster_config config;
  std::filesystem::path program;            ///< run as `program node --id …`; empty: own_program()
  std::vector<std::string> node_arguments;  ///< added to every node's command line
  restart_policy policy;
  std::uint64_t log_bytes_max = 64u << 20;  ///< of each log file; one older file of that size is kept
  bool handle_signals = true;  ///< SIGINT, SIGTERM and SIGHUP stop the cluster; a second one kills it
  std::function<void(const launcher_event&)> on_event;
};

/// The command line of a node of a local cluster, from argv[0] on.
std::vector<std::string> node_command_line(const launcher_options& options, const node_entry& node);

/// Runs the nodes of a local cluster as processes, restarts those that end, and serves control.sock in its
/// directory.
///
/// Each node has a restart plan of its own, the one that supervisors of actors use, so that one that
/// crash-loops never takes the others with it: it is parked for a while and tried again. If this process
/// dies, the kernel kills the nodes.
///
/// Control: one JSON object per line. `ps` ->
/// {ok,pid,cluster,nodes:[{id,pid,resp,listen,data,state,restarts,uptime_s,reason}]};
///          `kill` {node, signal (a number)}; `pause`, `resume`, `restart`, `hold` {node}; `down`. Answers
///          {ok:false,error} on failure; `restart` answers once the node is ready again, `hold` once it has
///          ended (it stays down until `restart`, or for a minute, should whoever asked for it be gone by
///          then), `down` once all are stopped and the lock is free.
/// Threads: none of its own; run() must be called on a thread that lives as long as the nodes shall.
/// Errors:  the constructor throws if the control socket cannot be made. The caller holds the directory's
/// lock.
class launcher {
 public:
  explicit launcher(launcher_options options);
  ~launcher();
  launcher(const launcher&) = delete;
  launcher& operator=(const launcher&) = delete;

  /// Starts the nodes and returns when all are stopped, by a signal, `down` or stop().
  /// `before_last_word` is called then, before a waiting `down` is answered: time to free the lock.
  void run(const std::function<void()>& before_last_word);

  /// Begins to stop the nodes; for use in on_event, on the thread of run().
  void stop(const std::string& why);

  /// Calls `hung_up` on the thread of run() when the reader of the pipe `writing_end` goes away. The
  /// descriptor is duplicated.
  void watch_reader(int writing_end, std::function<void()> hung_up);

 private:
  class impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace bulwark::cluster
