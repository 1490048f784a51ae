// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace bulwark::power_cut {

/// What becomes of that which was not synced.
enum class unsynced : std::uint8_t {
  lost,    ///< it is gone
  chance,  ///< by the seed, file by file and directory by directory: gone, there, or a part of it there
};

/// What a power cut undid.
struct cut_report {
  std::size_t writes = 0;  ///< undone wholly or in part, by sectors of 512 bytes
  std::size_t names = 0;   ///< created, renamed or removed ones
};

/// Takes the disk in `directory`, on which processes worked through the shim with this side directory, back
/// to what a power cut would have left; `directory` then is what is durable. No process may work on it any
/// more.
///
/// Of a file, each sector stands as after one of the writes since the last sync, or as before them. Of a
/// directory, a first part of what happened to its names since its last sync did happen.
/// Errors: std::runtime_error if the journal is not as it was written, std::filesystem::filesystem_error.
cut_report cut_power(const std::filesystem::path& directory, const std::filesystem::path& side, unsynced fate,
                     std::uint64_t seed);

}  // namespace bulwark::power_cut
