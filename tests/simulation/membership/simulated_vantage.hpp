// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

#include "bulwark/supervision/core/leader_vantage.hpp"
#include "membership_world.hpp"

namespace bulwark::test {

/// What a node does as leader of the group, as the actors of the product do it: while it leads it watches all
/// live members, and has another voter lead that misses fewer of them.
class simulated_vantage {
 public:
  simulated_vantage(membership_world& world, std::uint32_t number);

  /// To come every 100 ms. `live`: members, as this node knows them; null if it knows of none.
  void look(const std::vector<std::uint32_t>* live);
  void judge();
  void heard(std::uint32_t node, evidence what);
  void answered(const packet& what);

  /// Whom it watches as a leader.
  [[nodiscard]] const std::vector<std::uint32_t>& watched() const noexcept { return watched_; }

 private:
  void step(const vantage::event& what);
  [[nodiscard]] packet to(packet_kind what, std::uint32_t node) const {
    return {.what = what, .from = number_, .to = node};
  }

  membership_world& world_;
  std::uint32_t number_;
  failure_detector detector_;
  leader_vantage vantage_{vantage_options{}};
  std::vector<std::uint32_t> watched_;
  std::vector<peer_change> verdicts_;
};

}  // namespace bulwark::test
