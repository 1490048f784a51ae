// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>

#include "bulwark/consensus/file_layer.hpp"

namespace bulwark::consensus {

/// A file full of zeros, on disk, waiting to become a segment.
struct spare_file {
  std::unique_ptr<file> handle;
  std::filesystem::path path;
};

/// Writes `bytes` zeros to a new file at `path` and syncs it; removes it if that fails or is given up. Throws
/// std::system_error. Returns an empty handle once `stop` is requested.
spare_file make_spare(file_layer& files, const std::filesystem::path& path, std::uint64_t bytes,
                      const std::stop_token& stop = {});

/// Keeps one zeroed file ready, so that a full segment is followed by the next without a pause: zeroing takes
/// tens of milliseconds, and a file whose blocks were written before syncs faster (no metadata).
///
/// Threads: all public members belong to one thread, the owner's; the zeroing runs on a thread of its own.
class segment_preparer {
 public:
  /// With `background` false everything happens in take(), for tests that count system calls.
  segment_preparer(file_layer& files, std::filesystem::path directory, std::uint64_t bytes, bool background);
  ~segment_preparer();
  segment_preparer(const segment_preparer&) = delete;
  segment_preparer& operator=(const segment_preparer&) = delete;

  /// Starts to prepare the next file, unless one is ready or under way.
  void prefetch();

  /// The next file, waited for if it is under way. Throws std::system_error if it cannot be made; may be
  /// called again then.
  spare_file take();

 private:
  enum class phase : std::uint8_t { idle, wanted, ready, failed };

  void run(const std::stop_token& stop);
  [[nodiscard]] std::filesystem::path spare_path() const;

  file_layer& files_;
  const std::filesystem::path directory_;
  const std::uint64_t bytes_;
  const bool background_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  phase phase_ = phase::idle;
  spare_file spare_;            ///< if ready
  std::exception_ptr failure_;  ///< if failed
  std::jthread worker_;         ///< last member: it ends before the others do
};

}  // namespace bulwark::consensus
