// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/replicated_machine.hpp"
#include "bulwark/supervision/recovery_store.hpp"

namespace bulwark::consensus {

/// Keeps a recovery point of a service, and forgets those of `drop`.
struct keep_point {
  std::string shelf;  ///< whose points: the name of the service
  std::uint64_t number = 0;
  std::string bytes;
  std::vector<std::uint64_t> drop;
};
/// Takes a point off the shelf; the last one set aside stays for people to look at.
struct set_point_aside {
  std::string shelf;
  std::uint64_t number = 0;
};
struct list_points {
  std::string shelf;
};
struct read_point {
  std::string shelf;
  std::uint64_t number = 0;
};

struct point_numbers {
  std::vector<std::uint64_t> all;
};
struct point_bytes {
  bool there = false;
  std::string bytes;
};

BULWARK_OBJECT(keep_point, BULWARK_FIELD(shelf), BULWARK_FIELD(number), BULWARK_FIELD(bytes),
               BULWARK_FIELD(drop))
BULWARK_OBJECT(set_point_aside, BULWARK_FIELD(shelf), BULWARK_FIELD(number))
BULWARK_OBJECT(list_points, BULWARK_FIELD(shelf))
BULWARK_OBJECT(read_point, BULWARK_FIELD(shelf), BULWARK_FIELD(number))
BULWARK_OBJECT(point_numbers, BULWARK_FIELD(all))
BULWARK_OBJECT(point_bytes, BULWARK_FIELD(there), BULWARK_FIELD(bytes))

/// The recovery points of services, as a state to be replicated: by itself, replicated<recovery_shelves>, or
/// a part of a larger one that hands these messages on to it.
struct recovery_shelves {
  using commands = message_list<keep_point, set_point_aside>;
  using queries = message_list<list_points, read_point>;

  static constexpr std::size_t point_bytes_max = 16u << 20;

  /// Throws std::length_error if the point is too large.
  bool apply(const keep_point& what);
  bool apply(const set_point_aside& what);
  [[nodiscard]] point_numbers answer(const list_points& what) const;
  [[nodiscard]] point_bytes answer(const read_point& what) const;

  std::map<std::string, std::map<std::uint64_t, std::string>> shelves;
  std::map<std::string, std::pair<std::uint64_t, std::string>> aside;  ///< by shelf
};

BULWARK_OBJECT(recovery_shelves, BULWARK_FIELD(shelves), BULWARK_FIELD(aside))

/// Recovery points in a replicated<recovery_shelves>: a service that is started on another node, after its
/// own was lost, begins where it was.
///
/// `service` takes the messages above; `shelf` names the points and must have one writer at a time, in all of
/// the cluster. The points are read once, here: it blocks for `patience` at most, so call it neither in an
/// actor nor before the group can have a leader. Throws std::runtime_error if they cannot be read. Writes go
/// on in a thread of their own, and are repeated for `patience` while the group cannot tell or has no leader.
[[nodiscard]] std::shared_ptr<recovery_store> make_replicated_recovery_store(
    caf::actor_system& system, caf::actor service, std::string shelf,
    duration patience = std::chrono::seconds{10});

}  // namespace bulwark::consensus

CAF_BEGIN_TYPE_ID_BLOCK(bulwark_recovery_points, caf::first_custom_type_id + 130)
CAF_ADD_TYPE_ID(bulwark_recovery_points, (bulwark::consensus::keep_point))
CAF_ADD_TYPE_ID(bulwark_recovery_points, (bulwark::consensus::set_point_aside))
CAF_ADD_TYPE_ID(bulwark_recovery_points, (bulwark::consensus::list_points))
CAF_ADD_TYPE_ID(bulwark_recovery_points, (bulwark::consensus::read_point))
CAF_ADD_TYPE_ID(bulwark_recovery_points, (bulwark::consensus::point_numbers))
CAF_ADD_TYPE_ID(bulwark_recovery_points, (bulwark::consensus::point_bytes))
CAF_END_TYPE_ID_BLOCK(bulwark_recovery_points)
