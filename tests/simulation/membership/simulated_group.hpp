// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bulwark/supervision/core/membership_group.hpp"

namespace bulwark::test {

/// What a node needs to know of a member.
struct member_view {
  node_life life;
  member_state state = member_state::removed;
  bool draining = false;
  std::uint32_t round = 0;
  std::vector<std::uint32_t> accusers;  ///< whose word stands
};

/// The state of the group behind one entry of its log, shared by all nodes that are there.
struct group_view {
  std::uint64_t index = 0;
  std::uint64_t view = 0;
  std::vector<member_view> members;                                           ///< by node
  std::shared_ptr<const std::vector<std::vector<std::uint32_t>>> subjects{};  ///< by node
  std::shared_ptr<const std::vector<std::uint32_t>> live{};
  std::map<std::string, placed_child> children{};
};

/// The log of the group and the state that follows from it, in place of a Paxos group: whatever commits comes
/// here, in one order. Checks with each entry that fencing holds.
class simulated_group {
 public:
  explicit simulated_group(std::uint32_t nodes) : nodes_{nodes} {}

  /// Appends and applies. `detail` false saves the work for a view that nobody will ask for.
  std::string commit(const std::string& command, group_changes& changes, bool detail = true);

  [[nodiscard]] const membership_group& state() const noexcept { return state_; }
  [[nodiscard]] const std::vector<std::string>& log() const noexcept { return log_; }
  [[nodiscard]] std::shared_ptr<const group_view> latest() const { return latest_; }

  /// What was wrong first; empty if nothing was.
  [[nodiscard]] const std::string& violation() const noexcept { return violation_; }

 private:
  void look(bool ring_changed);
  void check(const group_command& what, bool was_fenced, const group_changes& changes);

  std::uint32_t nodes_;
  membership_group state_;
  std::vector<std::string> log_;
  std::shared_ptr<const group_view> latest_;
  std::uint64_t view_ = 0;
  std::string violation_;
};

}  // namespace bulwark::test
