// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "bulwark/consensus/core/configuration.hpp"
#include "bulwark/consensus/core/snapshot.hpp"
#include "bulwark/consensus/core/state_machine.hpp"

/// Snapshots in pieces: who belongs to the group, then the state of the machine (see to_snapshot()).
namespace bulwark::consensus {

/// The snapshot of a machine as it is now. Bounds, and when it may be used: see state_cursor.
class snapshot_source {
 public:
  /// `state` is not null.
  snapshot_source(const configuration& group, std::unique_ptr<state_cursor> state);

  /// Up to `bytes_max` bytes, perhaps none; an empty optional once all is given. @pre bytes_max > 16
  [[nodiscard]] std::optional<bytes> next(std::size_t bytes_max);

 private:
  std::unique_ptr<state_cursor> state_;
  bytes ahead_;  ///< what stands before the state, and as much of it as says whether that is needed
  bool ended_ = false;
};

/// Makes a machine what a snapshot says. Bounds, and what the machine may do meanwhile: see state_restorer.
class snapshot_sink {
 public:
  explicit snapshot_sink(state_machine& machine) : restorer_{machine.begin_restore()} {}

  /// False if this is no snapshot of such a machine.
  [[nodiscard]] bool take(std::string_view piece);
  /// That was all: who belongs to the group (without nodes: those of the settings). None if more was
  /// expected, or the bytes are not those of this snapshot.
  [[nodiscard]] std::optional<configuration> finish(const snapshot_id& expected);

 private:
  bool take_beginning(bool all);

  std::unique_ptr<state_restorer> restorer_;
  snapshot_hasher hash_;
  bytes beginning_;  ///< until the group in it is whole
  std::optional<configuration> group_;
};

}  // namespace bulwark::consensus
