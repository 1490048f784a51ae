// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/member_board.hpp"
#include "bulwark/supervision/core/failure_detector.hpp"

namespace bulwark::consensus {

/// What a node says of itself.
enum class member_phase : std::uint8_t { starting, up, draining };

struct membership_options {
  std::uint32_t self = 0;
  std::string address;             ///< where peers reach this node
  std::vector<std::string> roles;  ///< what it serves
  std::function<member_phase()> phase;
  std::shared_ptr<member_board> board;
  caf::actor replica;                         ///< its machine is a group_machine that shows on the board
  std::map<std::uint32_t, caf::actor> links;  ///< to all peers
  duration interval{};                        ///< T_interval
  duration timeout{};                         ///< T_timeout
};

/// Spawns the actor that speaks for this node in the group: joins, says that it is ready or drains, accuses
/// those whom it cannot hear (through a suspicion), and refutes. If the group holds this life of the node for
/// over, it joins in a later one.
///
/// Takes: peer_packet of the membership channel; verdicts of the detector and changes of the board, see
/// below.
caf::actor spawn_membership(caf::actor_system& system, membership_options options);

/// To be called with every changed verdict of the detector, once it is on the board. Any thread.
void tell_verdict(const caf::actor& membership, const peer_change& change);

/// To be called when the board has changed. Any thread.
void tell_group_changed(const caf::actor& membership);

/// The node says that it leaves; waits until the group has heard it, or for that long. Not within an actor.
void leave_group(const caf::actor& membership, duration patience);

}  // namespace bulwark::consensus
