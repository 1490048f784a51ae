// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstdint>

namespace bulwark::power_cut {

/// What a simulated disk is told, and what it tells: a page of memory that the process on that disk shares
/// with the test, as the file `control` of the side directory. All zeros: a disk without faults.
///
/// Threads and processes: any.
struct disk_control {
  std::atomic<std::uint32_t> is_full{0};    ///< 1: a write that makes a file longer gets ENOSPC
  std::atomic<std::uint32_t> lies{0};       ///< 1: fsync makes nothing durable, and says that it did
  std::atomic<std::int64_t> fail_sync{0};   ///< the n-th fsync of a file from now on gets EIO; 0: none
  std::atomic<std::int64_t> fail_write{0};  ///< the n-th write from now on gets EIO; 0: none
  std::atomic<std::uint32_t> sync_delay_us{0};

  std::atomic<std::uint64_t> writes{0};
  std::atomic<std::uint64_t> syncs{0};    ///< of files
  std::atomic<std::uint64_t> refused{0};  ///< writes that got ENOSPC
  std::atomic<std::uint64_t> failed{0};   ///< writes and syncs that got EIO
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// Names in the side directory of a simulated disk.
inline constexpr const char* control_name = "control";
inline constexpr const char* journal_prefix = "journal-";  ///< one for each life of the process
inline constexpr const char* kept_name = "kept";           ///< removed files, by inode
/// Of the environment: the directory on the simulated disk, and its side directory, both absolute.
inline constexpr const char* directory_variable = "POWER_CUT_DIRECTORY";
inline constexpr const char* side_variable = "POWER_CUT_SIDE";

}  // namespace bulwark::power_cut
