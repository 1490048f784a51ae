// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/supervision/core/failure_detector.hpp"
#include "bulwark/supervision/core/membership_types.hpp"

/// What a node on an island saw and did, as it writes it into its file, one line each.
namespace bulwark::cluster_test {

namespace told {

/// The process runs.
struct started {
  friend bool operator==(const started&, const started&) = default;
};
/// It takes this node for the leader of the group; 0: nobody.
struct leader {
  std::uint32_t node = 0;
  friend bool operator==(const leader&, const leader&) = default;
};
/// Its detector changed its mind about a peer.
struct verdict {
  peer_change what;
  friend bool operator==(const verdict&, const verdict&) = default;
};
/// It has come to a view of the group.
struct view {
  membership_change what;
  friend bool operator==(const view&, const view&) = default;
};
/// The owner of a name: a distributed child, running there under a token.
enum class owner_step : std::uint8_t { begins, acts, ends };
struct owner {
  owner_step step = owner_step::acts;
  std::string name;
  std::uint64_t token = 0;
  friend bool operator==(const owner&, const owner&) = default;
};

}  // namespace told

struct island_event {
  instant at{};               ///< on the clock that all processes of a machine share; whole microseconds
  std::uint32_t node = 0;     ///< who tells
  std::uint64_t process = 0;  ///< differs in each start of the node, later ones are higher
  std::variant<told::started, told::leader, told::verdict, told::view, told::owner> what;

  friend bool operator==(const island_event&, const island_event&) = default;
};

/// Without the end of the line.
[[nodiscard]] std::string to_line(const island_event& event);
/// Nothing if the line is none that to_line() gives.
[[nodiscard]] std::optional<island_event> parse_island_event(std::string_view line);

}  // namespace bulwark::cluster_test
