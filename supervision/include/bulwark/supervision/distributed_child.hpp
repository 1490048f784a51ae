// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <caf/fwd.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/supervision/core/placement_runner.hpp"
#include "bulwark/supervision/services.hpp"
#include "bulwark/supervision/supervisor.hpp"

namespace bulwark {

/// What a distributed child holds while it runs. Thread-safe.
class run_permit {
 public:
  explicit run_permit(std::uint64_t token) : token_{token} {}

  /// Goes along with whatever the child changes elsewhere; who has seen a higher one refuses.
  [[nodiscard]] std::uint64_t token() const noexcept { return token_; }

  /// Whether the child may act now, by the lease. To be asked with each thing that it does elsewhere where
  /// nobody looks at the token: a process that stood still wakes behind the end of its lease.
  [[nodiscard]] bool may_act(instant now) const noexcept { return now < until_.load(); }

  /// For whoever keeps the lease.
  void extend(instant until) noexcept { until_.store(until); }
  void end() noexcept { until_.store(instant{}); }

 private:
  const std::uint64_t token_;
  std::atomic<instant> until_{instant{}};
};
using permit_ptr = std::shared_ptr<run_permit>;

struct distributed_child_options {
  std::string name;        ///< unique in the cluster, 1 to 240 bytes
  std::string role{};      ///< only on nodes that have it; empty: on any
  std::uint32_t node = 0;  ///< on this one whenever it is placed anew and can take it; 0: no preference
  runner_options runner{};
  /// Of the supervisor above the child, on the node where it runs. If that gives up, the name is given up and
  /// claimed again.
  supervisor_flags flags{.strategy = restart_strategy::one_for_one, .intensity = 5};
  /// Makes the child for one grant; called where it is to run. Its reference
  /// should be left empty: then one is made, and closed when the child has stopped. One that is given has to
  /// be closed before the actor system ends.
  std::function<child(const permit_ptr& permit)> make{};
  event_sink sink{};  ///< gets what that supervisor does

  /// Empty if the options can work, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;
};

/// A child that runs on exactly one node of the cluster. Every node hangs it into a tree, with the same
/// options; what runs there is a keeper, which starts the child while it belongs to its node.
///
/// Where it belongs the group decides (see placement): by role, preferred node and load. A crash is answered
/// where it happens, by a supervisor. When its node drains it is stopped, and started elsewhere as soon as it
/// has ended; when its node goes down, as soon as the lease of that is over. When its node is cut off from
/// the group, it is stopped before its lease ends. Never do two run at once, see placement_runner.
///
/// Any node finds it by services::whereis(placement::child_name(name)). Its shutdown must take no longer than
/// runner.stop_within: what has not stopped by then is killed. Throws std::invalid_argument if the options
/// cannot work.
[[nodiscard]] child distributed_child(const services& where, distributed_child_options options);

/// Tells the group how busy this node is, 0 to 1000: decides on later placements, moves nothing by itself.
/// `cluster_node` does so by itself, see load_report; with that switched off another measure may be told.
void report_node_load(const services& where, std::uint32_t permille);

}  // namespace bulwark
