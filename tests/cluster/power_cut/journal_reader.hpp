// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "journal.hpp"

namespace bulwark::power_cut {

/// An entry of the journal with what stands behind it.
struct noted {
  journal_entry entry;
  std::string path;
  std::string path_to;
  std::string data;
};

/// What happened on a disk and is not durable.
struct pending {
  std::map<std::uint64_t, std::vector<noted>> of_files;  ///< writes and truncations by inode, in their order
  std::vector<noted> of_names;                           ///< in their order
};

/// Reads the journals of all lives. Errors: std::runtime_error.
pending read_journals(const std::filesystem::path& side);

}  // namespace bulwark::power_cut
