// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>

namespace bulwark::cluster {

/// Where things lie in the directory of a local cluster. Creates nothing.
class cluster_directory {
 public:
  explicit cluster_directory(std::filesystem::path root);

  const std::filesystem::path& root() const noexcept { return root_; }
  std::filesystem::path config_file() const { return root_ / "cluster.json"; }
  std::filesystem::path lock_file() const { return root_ / "up.lock"; }
  std::filesystem::path launcher_log() const { return root_ / "up.log"; }
  /// The data directory of the node `id` ("n1"); its control socket lies in it.
  std::filesystem::path node_data(const std::string& id) const { return root_ / id; }
  /// Certificates and keys of a cluster whose nodes talk by TLS.
  std::filesystem::path certificates() const { return root_ / "tls"; }
  /// What the node `id` writes on its standard error.
  std::filesystem::path node_log(const std::string& id) const { return root_ / (id + ".log"); }

 private:
  std::filesystem::path root_;
};

/// The directory a command works on if none is named: $XDG_STATE_HOME/bulwark/default, or else
/// $HOME/.local/state/bulwark/default. Arguments are the values of the two variables, null if unset; as the
/// XDG specification asks, a relative XDG_STATE_HOME counts as unset. Errors: throws failure (usage) if
/// neither variable helps.
std::filesystem::path default_directory(const char* xdg_state_home, const char* home);

/// `chosen`, or the default directory of this process' environment if it is empty; made absolute.
cluster_directory resolve_directory(const std::string& chosen);

}  // namespace bulwark::cluster
