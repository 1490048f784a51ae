// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>

#include "bulwark/cluster/launcher.hpp"

namespace bulwark::cluster {

/// Turns the events of a launcher into lines: for people, or one JSON object per line.
/// Before the cluster is ready it tells of each node as it gets ready; after that, only of what changes.
class up_reporter {
 public:
  struct options {
    std::size_t nodes = 0;
    bool json = false;
    bool colour = false;
    bool detached = false;
    std::string directory;   ///< for the hints; empty if it is the default
    std::string first_resp;  ///< host:port of a node, for the hints
  };

  explicit up_reporter(options how);

  /// The text to show for an event, with the ends of its lines; may be empty.
  std::string line_for(const launcher_event& event);

 private:
  std::string text_for(const launcher_event& event);
  std::string summary(const launcher_event& event) const;

  options how_;
  bool ready_ = false;
  std::string leader_;
  std::string ballot_;
};

/// "node_ready" and so on: stable names for JSON.
const char* to_string(launcher_event::kind what) noexcept;

}  // namespace bulwark::cluster
