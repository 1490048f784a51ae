// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bulwark/supervision/core/registry.hpp"

namespace bulwark {

/// How what was watched ended.
struct watch_event {
  std::uint64_t watch = 0;
  std::string name;
  name_event what = name_event::node_down;  ///< node_down, service_down or restarted
  std::uint64_t token = 0;                  ///< that holds now, if restarted

  friend bool operator==(const watch_event&, const watch_event&) = default;
};

/// Tells the watchers of one process how services ended: each watch ends with exactly one event, however
/// often changes are replayed and whatever part of them a snapshot stands for.
///
/// Owner: one actor or a simulation; not thread-safe
/// Cost:  O(log watches) for each change of a name that is watched
/// Bounds: as many watches as are added and not ended; the caller bounds them
class registry_watch {
 public:
  /// Begins a watch on what holds the name under this token. If that is over already, its event comes at
  /// once. `watch` is a number of the caller's choice that no other watch has.
  void add(std::uint64_t watch, const std::string& name, std::uint64_t token, const registry& names,
           std::vector<watch_event>& events);

  /// Ends a watch without an event. Does nothing if it is over.
  void cancel(std::uint64_t watch);

  /// A change of the registry, in order. One that was seen before does no harm: its token is watched no more.
  void on(const name_change& change, std::vector<watch_event>& events);

  /// The registry was replaced, as by a snapshot, and what happened in between is not told change by change.
  void resynced(const registry& names, std::vector<watch_event>& events);

  [[nodiscard]] std::size_t size() const noexcept { return watched_.size(); }

 private:
  struct watched {
    std::string name;
    std::uint64_t token = 0;
  };

  void conclude(std::uint64_t watch, const watched& on, const registry& names,
                std::vector<watch_event>& events);

  std::uint64_t seen_ = 0;  ///< highest revision
  std::map<std::uint64_t, watched> watched_;
  std::multimap<std::uint64_t, std::uint64_t> by_token_;  ///< token -> watch
};

}  // namespace bulwark
