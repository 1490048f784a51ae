// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bulwark/cluster/cluster_config.hpp"
#include "bulwark/cluster/failure.hpp"
#include "bulwark/cluster/member_plan.hpp"

namespace bulwark::cluster {

/// What every command of the command line takes.
struct common_options {
  std::string directory;                   ///< empty: the default
  bool json = false;                       ///< -o json
  bool no_colour = false;                  ///< --no-color
  std::chrono::milliseconds timeout{500};  ///< for one answer of one process
};

/// The commands of the command line that look at a local cluster and work on it. Each prints to standard
/// output and returns the program's exit code. Errors: they throw failure, for show_failure().
exit_code run_ps(const common_options& common);
exit_code run_status(const common_options& common);
/// The members as the nodes agreed on them; unhealthy unless all are up.
exit_code run_members(const common_options& common);
/// `node` is "n2", or empty for all nodes.
exit_code run_tree(const common_options& common, const std::string& node);
/// `target` is "n2" for a process, or "n2/clients/session1" for an actor in it. `signal` is a name with or
/// without SIG, or a number; it goes with a process only.
exit_code run_kill(const common_options& common, const std::string& target, const std::string& signal);
exit_code run_pause(const common_options& common, const std::string& node);
exit_code run_resume(const common_options& common, const std::string& node);
/// Stops the node's process as SIGTERM does, starts it again and waits until it is ready.
exit_code run_restart(const common_options& common, const std::string& node);
/// Stops a node in an orderly way, and leaves it stopped until `restart`: it hands leadership over, answers
/// what it was asked, and sends its clients elsewhere. Errors: throws failure (no_quorum) if the others could
/// not go on without it, unless `forced`.
exit_code run_drain(const common_options& common, const std::string& node, bool forced);
/// Prints what all nodes say of themselves as metrics, for Prometheus; unreachable if none answers.
exit_code run_metrics(const common_options& common);
/// Restarts all nodes, one after the other, the leader last: each only while all others are up and follow one
/// leader, and the next only once it has caught up. Errors: throws failure if one of these does not come
/// about within `patience`; then no further node is touched.
exit_code run_rolling_restart(const common_options& common, std::chrono::seconds patience);
/// Has the node that leads hand over to `node`, and prints who leads then. Errors: throws failure if nobody
/// leads, or the leader could not hand over.
exit_code run_leader_move(const common_options& common, const std::string& node);
/// Prints who votes, who learns, and who does neither.
exit_code run_member_list(const common_options& common);
/// Changes who votes, step by step, and prints who does then. What may pass, such as a learner that lags, is
/// waited for. Errors: throws failure if the goal is not reached within `patience`; it may be begun again.
exit_code run_member_change(const common_options& common, const member_goal& goal,
                            std::chrono::seconds patience);
/// Sets the damaged log of a node aside and brings the node back as the group allows it: without a vote,
/// until it knows what the others know. May be begun again if it was cut off, however far it had got. Errors:
/// throws failure if the log is not damaged, unless `forced`, if the others would have no majority, or if a
/// step takes longer than `patience`.
exit_code run_rebuild(const common_options& common, const std::string& node, bool forced,
                      std::chrono::seconds patience);
/// Compares the states of all nodes, right behind one and the same slot, and prints them; unhealthy if two
/// differ. While clients write, the nodes are asked for a slot to come.
exit_code run_hash(const common_options& common);
/// Writes the state of the node that leads to a file: a backup.
exit_code run_snapshot_save(const common_options& common, const std::string& file);
/// Reads such a file, and says what is in it; unhealthy if it is damaged.
exit_code run_snapshot_verify(const common_options& common, const std::string& file);
/// Prepares a new cluster whose nodes begin with the state in such a file, and starts nothing. Errors: throws
/// failure if there is a cluster already, or the file is damaged.
exit_code run_snapshot_restore(const common_options& common, const std::string& file,
                               const cluster_wish& wish);
struct certificate_options {
  std::string directory;
  std::string cluster = "default";
  std::uint32_t nodes = 0;  ///< n1 to this
  std::uint32_t days = 365;
};
/// Makes a certificate authority, and certificates for nodes, as far as they are not there; prints which
/// files were written, never what is in a key. Errors: throws failure if files that are there cannot be used.
exit_code run_certificate_make(const common_options& common, const certificate_options& wanted);
/// Prints whose a certificate is, who signed it, and when it holds; unhealthy if not now.
exit_code run_certificate_show(const common_options& common, const std::string& file);
/// Stops all nodes and the launcher and waits for them. Fine if nothing runs.
exit_code run_down(const common_options& common);
/// Prints the last `lines` events of each node's tree; with `follow`, goes on until interrupted.
exit_code run_events(const common_options& common, const std::string& node, std::size_t lines, bool follow);
/// Prints what a node's log on disk holds, whether the node runs or not; with `records`, each record. `where`
/// is "n2", or a directory. Unhealthy if something is damaged.
exit_code run_log_inspect(const common_options& common, const std::string& where, bool records);
/// Prints the last `lines` lines of each log; with `follow`, goes on until interrupted.
exit_code run_logs(const common_options& common, const std::string& node, std::size_t lines, bool follow);

struct up_options {
  cluster_wish wish;
  bool detach = false;
  std::chrono::seconds wait{60};            ///< with detach: how long the cluster may take to get ready
  std::vector<std::string> node_arguments;  ///< for every node's command line
  std::string restore;                      ///< a saved state that a new cluster begins with; empty: none
};

/// Runs a local cluster until it is stopped; with `detach`, leaves it to a process in the background once it
/// is ready. Must be called on the main thread, before the process has others.
exit_code run_up(const common_options& common, const up_options& options);

/// The number of a signal: "9", "KILL", "SIGKILL", "kill". Errors: throws failure (usage).
int parse_signal(const std::string& text);

/// Prints a failure on standard error: a text for people, or {"ok":false,"error","advice","exit_code"}.
void show_failure(const failure& what, bool json, bool no_colour);

}  // namespace bulwark::cluster
