// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace bulwark::test {

/// What a simulation should bring about; a run that never saw one of these tested less than it claims.
enum class happening : std::uint8_t {
  leader_change,
  transfer_asked,
  leader_moved,
  transfer_timed_out,
  learner_added,
  learner_promoted,
  node_removed,
  voter_replaced,
  change_refused,
  change_lost,
  configuration_proposed_again,
  configuration_installed,
  crash,
  restart,
  lost_record,
  survived_unseen,
  message_lost,
  message_doubled,
  partition,
  one_way_cut,
  chained_cut,
  flapping_cut,
  link_reset,
  unnoticed_loss,
  pause,
  storage_stall,
  torn_write,
  disk_full,
  disk_error,
  clock_jump,
  freeze,
  proposed_again,
  hole_filled,
  refusal,
  promise_in_parts,
  accept_sent_again,
  learned,
  fetched_for_peer,
  snapshot_restored,
  snapshot_installed,
  snapshot_in_pieces,
  snapshot_without_room,
  replayed,
  forwarded,
  forward_doubled,
  not_done_reply,
  fell_quiet,
  woken_by_silence,
  session_done,
  session_repeated,
  write_done,
  read_done,
  leased_read,
  lapsed_read,
  stale_read_here,
  stale_read_passed,
  stale_read_behind,
  stale_read_done,
  unknown_outcome,
  no_leader_outcome,
  overloaded_outcome,
  count_,
};

const char* name_of(happening what);

class statistics {
 public:
  void count(happening what, std::uint64_t times = 1) { counts_[static_cast<std::size_t>(what)] += times; }
  void add(const statistics& other);
  [[nodiscard]] std::uint64_t of(happening what) const { return counts_[static_cast<std::size_t>(what)]; }
  /// One line each.
  [[nodiscard]] std::string table() const;
  /// The names of what never happened.
  [[nodiscard]] std::string missing() const;

 private:
  std::array<std::uint64_t, static_cast<std::size_t>(happening::count_)> counts_{};
};

}  // namespace bulwark::test
