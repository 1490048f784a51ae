// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/cluster/directory.hpp"
#include "bulwark/cluster/unique_fd.hpp"

namespace bulwark::cluster {

/// The right to run the cluster of a directory: an flock on up.lock. The kernel frees it when its holder
/// ends, however it ends, so there are no stale locks. The file names its holder's pid for error texts; it
/// stays when the lock is given back.
class directory_lock {
 public:
  /// Errors: throws failure (unhealthy) naming the holder if another process has it; std::system_error if the
  /// file cannot be made.
  explicit directory_lock(const cluster_directory& directory);

  /// Writes the pid of the calling process into the file; for use after a fork, which shares the lock.
  void note_holder() const;
  void release() noexcept { fd_.reset(); }

 private:
  unique_fd fd_;
};

}  // namespace bulwark::cluster
