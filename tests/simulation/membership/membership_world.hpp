// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/actors/core/random.hpp"
#include "bulwark/supervision/core/failure_detector.hpp"
#include "bulwark/supervision/core/placement_runner.hpp"
#include "bulwark/supervision/core/suspicion.hpp"
#include "membership_packet.hpp"
#include "simulated_group.hpp"

namespace bulwark::test {

class simulated_node;

inline std::string child_of(std::uint32_t number) { return "child-" + std::to_string(number); }

struct world_options {
  std::uint32_t nodes = 60;
  std::uint32_t voters = 5;     ///< the first ones; one of them leads
  std::uint32_t replicas = 10;  ///< the first ones apply the log by themselves, to be compared
  std::uint32_t children = 10;  ///< that are placed somewhere
  std::uint64_t seed = 1;
  double loss = 0;  ///< share of messages
  duration delay_min = std::chrono::microseconds{200};
  duration delay_max = std::chrono::milliseconds{2};
  membership_rules rules{};
  detector_options detector{};
  suspicion_options observing{};
  runner_options running{};
};

/// What is wrong with a node at present.
struct node_faults {
  bool deaf = false;        ///< hears nothing
  bool mute = false;        ///< is heard by nobody
  duration flaps{};         ///< its network is on and off for that long each; zero if it does not
  std::uint32_t side = 0;   ///< nodes of different sides do not reach each other
  bool paused = false;      ///< its process stands still; messages wait
  instant healthy_since{};  ///< meaningful if nothing is wrong
  [[nodiscard]] bool any() const { return deaf || mute || flaps > duration::zero() || side != 0 || paused; }
};

/// A life that the group found over by evidence.
struct down_record {
  node_life life;
  bool was_dead = false;     ///< its process had ended
  bool was_healthy = false;  ///< nothing was wrong with it: a mistake
  instant since{};           ///< its process ended, or its latest fault began
  instant decided{};         ///< by the group
  std::uint64_t view = 0;
};

/// Nodes with detectors, observers and placed children, their network and their group, in virtual time, from
/// a seed.
///
/// The pure cores are the real ones; what stands in for the rest is the network (delay, loss, cuts) and the
/// group's log: a command that reaches the leader, while that reaches a majority of voters, commits after a
/// few milliseconds. Invariants are checked with each entry of the log and every 10 ms.
class membership_world {
 public:
  explicit membership_world(const world_options& options);
  ~membership_world();
  membership_world(membership_world&&) = delete;

  void run_for(duration length);

  // -- faults

  void crash(std::uint32_t node);
  void restart(std::uint32_t node);
  void drain(std::uint32_t node);
  /// Stops what keeps a child on a node, or starts it again.
  void keep(std::uint32_t node, std::uint32_t child, bool is_kept);
  void pause(std::uint32_t node);
  void resume(std::uint32_t node);
  /// Changes what is wrong with a node's network; all else stays.
  void set_faults(std::uint32_t node, const std::function<void(node_faults&)>& change);
  void set_loss(double share) { options_.loss = share; }
  /// Cuts or mends the cable between two nodes.
  void cut(std::uint32_t one, std::uint32_t other, bool is_cut);

  // -- what nodes use

  void send(packet what);
  /// A timer.
  void later(duration after, packet what);
  [[nodiscard]] instant now() const noexcept { return now_; }
  [[nodiscard]] random_stream& random() noexcept { return random_; }
  [[nodiscard]] const world_options& options() const noexcept { return options_; }
  [[nodiscard]] std::uint32_t leader() const noexcept { return leader_; }
  /// Whether it leads, and reaches a majority.
  [[nodiscard]] bool leads(std::uint32_t node) const { return node == leader_ && leads_a_majority(node); }
  [[nodiscard]] simulated_group& group() noexcept { return group_; }
  [[nodiscard]] const node_faults& faults(std::uint32_t node) const { return faults_[node]; }
  /// A node has come to know a later state of the group.
  void saw_view(std::uint64_t from, std::uint64_t to);
  void complain(const std::string& text);

  // -- what came of it

  /// Empty if no invariant was broken.
  [[nodiscard]] const std::string& violation() const noexcept { return violation_; }
  [[nodiscard]] const std::vector<down_record>& downs() const noexcept { return downs_; }
  /// When the latest node that lived came to know of it.
  [[nodiscard]] instant seen_at(const down_record& one) const { return view_seen_[one.view]; }
  [[nodiscard]] std::uint64_t sent(packet_kind what) const { return sent_[static_cast<std::size_t>(what)]; }
  [[nodiscard]] std::uint64_t suspicions() const noexcept { return suspicions_; }
  [[nodiscard]] std::uint64_t events() const noexcept { return events_; }
  [[nodiscard]] std::uint64_t fenced_answers() const noexcept { return fenced_; }
  [[nodiscard]] std::uint64_t takeovers() const noexcept { return takeovers_; }
  /// How often a leader had another node lead.
  [[nodiscard]] std::uint64_t handovers() const noexcept { return handovers_; }
  /// Live members that a node does not reach.
  [[nodiscard]] std::uint32_t missed_by(std::uint32_t node) const;
  /// The leader misses more live members than a voter does that it reaches.
  [[nodiscard]] bool leads_from_a_worse_place() const;
  /// Live, healthy processes that the group knows as up.
  [[nodiscard]] std::uint32_t up() const;
  /// Children that act somewhere.
  [[nodiscard]] std::uint32_t running() const;
  /// Children that belong to the node.
  [[nodiscard]] std::uint32_t placed_on(std::uint32_t node) const;
  /// Whether the node declines a child.
  [[nodiscard]] bool is_declined(std::uint32_t node) const;
  /// All replicas are where the log is, and equal.
  void check_replicas();
  /// Forgets the counts, not the state: what follows is measured by itself.
  void forget_counts();

 private:
  struct timed {
    instant at;
    std::uint64_t order;
    packet what;
    friend bool operator<(const timed& a, const timed& b) {
      return std::pair{b.at, b.order} < std::pair{a.at, a.order};
    }
  };

  void found_group();
  void push(instant at, packet what);
  void deliver(packet& what);
  [[nodiscard]] bool reaches(std::uint32_t from, std::uint32_t to) const;
  [[nodiscard]] bool runs(std::uint32_t node) const;
  [[nodiscard]] bool leads_a_majority(std::uint32_t node) const;
  void lead(const packet& what);
  void take_over(const packet& what);
  void commit(const packet& what);
  void record(const membership_change& change);
  void control();
  void elect();
  void check_owners();
  void feed_replicas();

  world_options options_;
  random_stream random_;
  instant now_{std::chrono::hours{1}};
  std::vector<timed> queue_;  ///< a heap
  std::uint64_t order_ = 0;
  simulated_group group_;
  std::vector<std::unique_ptr<simulated_node>> nodes_;  ///< by number; the first is none
  std::vector<node_faults> faults_;
  std::vector<instant> since_;  ///< the process ended, or its latest fault began; by node
  std::set<std::pair<std::uint32_t, std::uint32_t>> cuts_;
  std::uint32_t leader_ = 1;
  instant leader_seen_{};
  bool notice_due_ = false;
  std::vector<std::unique_ptr<membership_group>> replicas_;
  std::vector<std::uint64_t> replica_at_;

  std::string violation_;
  std::vector<down_record> downs_;
  std::vector<instant> view_seen_;  ///< by the latest node that came to it; by view
  std::array<std::uint64_t, packet_kinds> sent_{};
  std::uint64_t suspicions_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t fenced_ = 0;
  std::uint64_t takeovers_ = 0;
  std::uint64_t handovers_ = 0;
  std::uint32_t running_ = 0;
};

}  // namespace bulwark::test
