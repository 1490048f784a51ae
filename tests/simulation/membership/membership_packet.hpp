// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bulwark/actors/core/time.hpp"

namespace bulwark::test {

enum class packet_kind : std::uint8_t {
  beat,       ///< of an observer to its subject
  ack,        ///< of a subject to its observer
  ask,        ///< of an observer to a helper
  answer,     ///< of a helper
  poll,       ///< to the leader: is there anything newer?
  notice,     ///< of the leader: the log reaches so far
  command,    ///< to the leader
  reply,      ///< to a command
  confirm,    ///< to the leader: does my token hold?
  confirmed,  ///< it does, or not
  take_over,  ///< of the leader: the receiver is to lead
  tick,       ///< timers of one node; not on the network
  ended,      ///< a child of one node has stopped; not on the network
  commit,     ///< the group has decided on a command; not on the network
  control,    ///< of the world; not on the network
};

constexpr std::size_t packet_kinds = 15;

/// A message, or a timer.
struct packet {
  packet_kind what = packet_kind::tick;
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::uint64_t boot = 0;     ///< of the receiving process, where only that one is meant; 0 means any
  std::uint32_t subject = 0;  ///< of a question; of a command on a child: what it asks
  std::uint64_t number = 0;   ///< of a probe, of a child, or the length of the log
  std::uint64_t token = 0;
  bool yes = false;
  instant asked{};  ///< when the question was sent that this answers
  std::shared_ptr<const std::string> bytes{};
};

}  // namespace bulwark::test
