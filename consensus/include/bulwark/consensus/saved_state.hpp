// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "bulwark/consensus/core/ids.hpp"
#include "bulwark/consensus/core/snapshot.hpp"
#include "bulwark/consensus/file_layer.hpp"
#include "bulwark/consensus/log_store.hpp"

/// The state of a state machine in a file of its own, away from any log: a backup. It is written and read
/// piece by piece, so that it may be larger than memory.
namespace bulwark::consensus {

/// Writes such a file: seal() makes it durable under its name, and publish() has nothing to do; until then,
/// and if it is never sealed, what stood there before stays. The file is opened by the first call of append()
/// or seal(), so in the thread that is to block. `at`: what was applied up to there is in the state.
[[nodiscard]] std::unique_ptr<snapshot_writer> make_saved_state_writer(std::filesystem::path path,
                                                                       const std::string& cluster, slot at,
                                                                       file_layer& files = system_files());

/// Reads such a file.
///
/// Errors:  log_failure{damaged} if it is not as it was written, log_failure{failed} if it cannot be read
/// Threads: one at a time
class saved_state_reader {
 public:
  /// Opens it, and looks at its header and its size.
  explicit saved_state_reader(const std::filesystem::path& path, file_layer& files = system_files());

  [[nodiscard]] const snapshot_id& id() const noexcept { return id_; }

  /// Hands all of the state on, in pieces of up to `piece_bytes`. That it was whole is known once this
  /// returns.
  void read(const std::function<void(std::string_view piece)>& take, std::size_t piece_bytes = 1u << 20);

 private:
  [[noreturn]] void complain(const std::string& what) const;

  const std::filesystem::path path_;
  std::unique_ptr<file> in_;
  snapshot_id id_;
  std::uint32_t crc_ = 0;
};

}  // namespace bulwark::consensus
