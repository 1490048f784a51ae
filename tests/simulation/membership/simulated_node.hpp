// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "bulwark/supervision/core/placement_word.hpp"
#include "membership_world.hpp"
#include "simulated_vantage.hpp"

namespace bulwark::test {

/// One process of the simulated world: heartbeats, a failure_detector for each subject, a suspicion, a
/// placement_runner for each child that belongs to it, and what it does while it leads.
class simulated_node {
 public:
  simulated_node(membership_world& world, std::uint32_t number);

  /// A new process, which joins unless the group knows it already.
  void boot(std::uint64_t incarnation);
  void crash();

  void take(const packet& what);
  /// Messages that come while it stands still.
  void hold(const packet& what) { held_.push_back(what); }
  /// Goes on after it stood still.
  void resume();

  [[nodiscard]] bool is_alive() const noexcept { return alive_; }
  [[nodiscard]] node_life life() const noexcept { return life_; }
  [[nodiscard]] std::uint64_t boots() const noexcept { return boots_; }
  [[nodiscard]] std::uint64_t view() const noexcept { return seen_ ? seen_->view : 0; }

  /// The children that act here now.
  [[nodiscard]] std::vector<std::uint32_t> acting(instant now) const;

  /// Says that it drains.
  void drain();

  /// What keeps this child here is stopped, or is there again. A new process has all of them.
  void keep(std::uint32_t child, bool is_kept);

 private:
  void catch_up();
  void show_view();
  void tick();
  void beat();
  void judge();
  void show_children();
  [[nodiscard]] bool is_kept(std::uint32_t child) const { return !stopped_.contains(child); }
  void speak_of_children();
  void run(std::uint32_t child, const running::event& what);
  void tell_of(std::uint32_t child, const names::command& what, std::uint64_t token);
  void heard(std::uint32_t node, evidence what);
  void observe(const observing::event& what);
  void perform(const observing::effect& what);
  void tell(const group_command& what);
  void take_reply(const packet& what);
  void come_back();
  [[nodiscard]] packet to(packet_kind what, std::uint32_t node) const {
    return {.what = what, .from = number_, .to = node};
  }

  membership_world& world_;
  std::uint32_t number_;
  bool alive_ = false;
  node_life life_{};
  std::uint64_t boots_ = 0;
  std::uint64_t ticks_ = 0;
  instant join_again_{};
  std::shared_ptr<const group_view> seen_;
  std::map<std::uint32_t, std::pair<node_life, failure_detector>> detectors_;
  std::optional<suspicion> suspicion_;
  std::optional<simulated_vantage> vantage_;
  std::map<std::uint32_t, placement_runner> runners_;  ///< by child
  std::map<std::uint32_t, placement_word> words_;      ///< by child
  std::set<std::uint32_t> stopped_;                    ///< children whose tree is stopped here
  std::vector<packet> held_;
  std::vector<peer_change> verdicts_;
};

}  // namespace bulwark::test
