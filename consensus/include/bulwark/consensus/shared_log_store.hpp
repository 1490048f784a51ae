// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/core/append_pace.hpp"
#include "bulwark/consensus/log_store.hpp"

namespace bulwark::consensus {

/// A log store that belongs to one log_store_actor, and between its calls takes appends from any thread that
/// would otherwise have to wake it.
///
/// Thread-safe.
class shared_log_store final : public log_store {
 public:
  /// Of one quick append; a larger one is left to the owner.
  static constexpr std::size_t quick_records_max = 64;

  /// `now` tells how long appends take.
  explicit shared_log_store(std::unique_ptr<log_store> store,
                            std::function<instant()> now = std::chrono::steady_clock::now);

  /// Appends in the caller's thread if nobody else uses the store and its disk has been quick and mostly idle
  /// lately (append_pace). True: all records are durable. False: nothing was done, be it that this is no
  /// moment for it, or that it failed; the owner shall append them, and finds out why it fails.
  bool append_quickly(std::span<const group_record> records);

  /// The store is of no use to anybody any more, and destroyed.
  void close();

  // For the owner; @pre not closed
  void append(std::span<const group_record> records) override;
  recovered_state recover(group_id group) override;
  std::vector<chosen_entry> read(group_id group, slot first, slot last, std::size_t bytes_max) override;
  std::unique_ptr<snapshot_writer> begin_snapshot(group_id group, slot at) override;
  void finish_snapshot(group_id group, snapshot_writer& written, bool installed) override;
  snapshot_part read_snapshot(group_id group, slot at, std::uint64_t offset, std::size_t bytes_max) override;
  slot kept(group_id group) override;

 private:
  void append_and_time(std::span<const group_record> records);

  std::mutex mutex_;
  std::unique_ptr<log_store> store_;  ///< none: closed
  append_pace pace_;
  const std::function<instant()> now_;
};

}  // namespace bulwark::consensus
