// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/actors/router.hpp"
#include "bulwark/supervision/core/failure_detector.hpp"
#include "bulwark/supervision/core/membership_group.hpp"
#include "bulwark/testkit/deterministic_system.hpp"

namespace bulwark::testkit {

/// Who holds a name from now on, as a node sees it.
struct name_news {
  std::string name;
  name_entry entry;  ///< token 0: nobody
  /// The node did not see each change before this one, as after a snapshot: there may have been others.
  bool after_gap = false;
};

/// One thing that a witness was told.
struct witnessed_event {
  duration at{};           ///< since the witness began, or forgot
  std::uint32_t node = 0;  ///< who told it; 0 if the witness was not given a number
  std::variant<peer_change, membership_change, name_news, worker_event> what;
};

/// `"ledger" owned by n2/17, token 5`.
std::ostream& operator<<(std::ostream& out, const name_news& news);

/// "n1: view 12: n3/17 suspect -> down, accused by n1 n4".
[[nodiscard]] std::string to_string(const witnessed_event& event);
std::ostream& operator<<(std::ostream& out, const witnessed_event& event);

/// Remembers, in one order, what the detectors of nodes, the members and names of their group, and routers
/// tell. A test compares it with the matchers of cluster_matchers.hpp and router_matchers.hpp; when one
/// fails, all of it is printed with its times.
///
/// What it gives away may outlive it. Copies share what they remember; thread-safe.
class witness {
 public:
  /// Of real time.
  witness();
  /// Of virtual time. The system must outlive what tells the witness.
  explicit witness(const deterministic_system& world);

  // -- who is heard

  /// For heartbeat_options::on_change or cluster_node_options::on_verdict of this node.
  [[nodiscard]] std::function<void(const peer_change&)> verdicts(std::uint32_t node);

  /// For cluster_node_options::on_group of this node, or to be called with its group_port::latest() whenever
  /// that has changed. What a node tells again, as it does after a restart, is not an event again.
  [[nodiscard]] std::function<void(const membership_group&)> groups(std::uint32_t node);

  /// Hears of the workers of this router from now on.
  void watch(const caf::actor& router, std::uint32_t node = 0);

  // -- what was heard

  [[nodiscard]] std::vector<witnessed_event> events() const;

  /// The group as this node has told it last; null if it did not.
  [[nodiscard]] std::shared_ptr<const membership_group> group(std::uint32_t node) const;
  /// Nodes that told of their group, ascending.
  [[nodiscard]] std::vector<std::uint32_t> nodes() const;

  /// Forgets the events so far. What each node has told of its group stays known.
  void forget();

  /// Events with their times: what a failed assertion prints.
  [[nodiscard]] std::string report() const;

 private:
  struct memory;
  std::shared_ptr<memory> memory_;
};

void PrintTo(const witness& seen, std::ostream* out);

}  // namespace bulwark::testkit
