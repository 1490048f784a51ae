// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/cluster/directory.hpp"

#include <cstdlib>
#include <utility>

#include "bulwark/cluster/failure.hpp"

namespace bulwark::cluster {

namespace fs = std::filesystem;

cluster_directory::cluster_directory(fs::path root) : root_(std::move(root)) {}

fs::path default_directory(const char* xdg_state_home, const char* home) {
  if (xdg_state_home && fs::path(xdg_state_home).is_absolute())
    return fs::path(xdg_state_home) / "bulwark" / "default";
  if (home && fs::path(home).is_absolute())
    return fs::path(home) / ".local" / "state" / "bulwark" / "default";
  throw failure(exit_code::usage, "there is no place for the cluster: HOME is not set",
                "name one with --dir DIR");
}

cluster_directory resolve_directory(const std::string& chosen) {
  const fs::path path = chosen.empty() ? default_directory(std::getenv("XDG_STATE_HOME"), std::getenv("HOME"))
                                       : fs::path(chosen);
  auto absolute = fs::absolute(path).lexically_normal();
  if (!absolute.has_filename()) absolute = absolute.parent_path();
  return cluster_directory(absolute);
}

}  // namespace bulwark::cluster
