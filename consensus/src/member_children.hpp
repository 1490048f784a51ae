// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bulwark/actors/link.hpp"
#include "bulwark/consensus/data_directory.hpp"
#include "bulwark/consensus/log_store.hpp"
#include "bulwark/consensus/replica_actor.hpp"
#include "bulwark/supervision/supervisor.hpp"

/// What the tree of a member is made of, whether it has one group or many.
namespace bulwark::consensus {

[[nodiscard]] supervisor_flags flags_of(restart_strategy strategy);

[[nodiscard]] child worker(std::string id, caf::actor ref,
                           std::function<caf::actor(caf::actor_system&, const caf::actor&)> start);

[[nodiscard]] child log_child(const caf::actor& ref, std::function<std::unique_ptr<log_store>()> open);

/// `on_ready`: called in each incarnation once it takes part; may be empty.
[[nodiscard]] child replica_child(const caf::actor& ref, replica_actor_options settings);

[[nodiscard]] std::uint64_t random_incarnation();

/// What the replicas of all kinds of members have in common: who votes by the settings, and what binds a node
/// that lost its log. Times and bounds are the caller's.
[[nodiscard]] replica_options core_of_member(std::uint32_t self, const std::vector<std::uint32_t>& voters,
                                             const std::map<std::uint32_t, peer_address>& peers,
                                             const data_directory& data);

/// A stable reference to each peer's link.
[[nodiscard]] std::map<std::uint32_t, caf::actor> link_refs(
    caf::actor_system& system, const std::map<std::uint32_t, peer_address>& peers);

/// Throws std::invalid_argument if such a member cannot be.
void check_membership(std::uint32_t self, const peer_address& listen,
                      const std::map<std::uint32_t, peer_address>& peers,
                      const std::vector<std::uint32_t>& voters, bool may_be_reached);

/// Asks the tree to stop, and waits; kills it if it takes too long.
void stop_and_wait(caf::actor_system& system, const caf::actor& root);

}  // namespace bulwark::consensus
