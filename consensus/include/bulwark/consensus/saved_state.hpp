// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "bulwark/consensus/core/ids.hpp"
#include "bulwark/consensus/core/snapshot.hpp"
#include "bulwark/consensus/file_layer.hpp"

namespace bulwark::consensus {

/// The state of a state machine in a file of its own, away from any log: a backup.
struct saved_state {
  slot at{};  ///< what was applied up to there is in it
  bytes state;
};

/// Writes the file durably: a crash leaves all of it, or what was there before. Throws log_failure{no_space |
/// failed}.
void write_saved_state(const std::filesystem::path& path, const std::string& cluster, slot at,
                       std::string_view state, file_layer& files = system_files());

/// Reads it back. Throws log_failure{damaged} if it is not as it was written, log_failure{failed} if it
/// cannot be read.
saved_state read_saved_state(const std::filesystem::path& path, file_layer& files = system_files());

}  // namespace bulwark::consensus
