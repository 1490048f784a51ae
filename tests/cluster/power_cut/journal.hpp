// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace bulwark::power_cut {

/// What the process on a simulated disk did, noted right before it is done (a sync: right after), so that
/// what was not synced can be undone. Behind each entry come its two paths and its data.
struct journal_entry {
  enum class kind : std::uint32_t {
    write = 1,       ///< of `length` bytes at `offset`; data: what was there before
    truncate,        ///< from size_before to `offset`; data: what was cut off
    create,          ///< a file, by path
    remove,          ///< path; the file stands in `kept`
    rename,          ///< path to path_to; the file that was there, if `replaced` is not 0, stands in `kept`
    make_directory,  ///< path
    sync,            ///< all that was written to the file before is durable
    sync_failed,     ///< what was written to it before never gets durable
    sync_directory,  ///< path: all names in it are durable
  };
  static constexpr std::uint32_t magic_value = 0x70637574;

  std::uint32_t magic = magic_value;
  kind what{};
  std::uint64_t inode = 0;
  std::uint64_t replaced = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint64_t size_before = 0;
  std::uint32_t path_bytes = 0;
  std::uint32_t path_to_bytes = 0;
  std::uint64_t data_bytes = 0;  ///< 0: all zeros, as far as the file was so long
};

}  // namespace bulwark::power_cut
