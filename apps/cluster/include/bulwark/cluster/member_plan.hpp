// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bulwark/cluster/cluster_view.hpp"

namespace bulwark::cluster {

/// Who votes in a cluster, and who only learns, by the word of the node that knows most of the log.
struct voting_view {
  std::vector<std::string> voters;
  std::vector<std::string> learners;
  std::optional<std::uint64_t> configured;  ///< slot of the log that says so; none: nobody answered
  std::size_t accept_votes = 0;             ///< so many of the voters write
  std::size_t prepare_votes = 0;            ///< so many of them elect a leader

  [[nodiscard]] bool votes(const std::string& id) const;
  [[nodiscard]] bool learns(const std::string& id) const;
};
voting_view voting_in(const cluster_view& view);

/// What the members are to become.
struct member_goal {
  enum class kind { votes, learns, is_gone, is_replaced };
  kind wanted = kind::votes;
  std::string node;
  std::string by;  ///< is_replaced: who votes in its place
};

/// What to ask the node that leads for.
struct member_step {
  std::string change;  ///< add, promote, remove, replace; or move: let `node` lead
  std::string node;
  std::string by = {};

  friend bool operator==(const member_step&, const member_step&) = default;
};

/// The next step towards the goal, none if it is reached. A leader that is to go hands over first, to a voter
/// that is up. Errors: throws failure (unhealthy) if there is no way. Pure.
std::optional<member_step> next_step(const cluster_view& view, const std::string& leader,
                                     const member_goal& goal);

}  // namespace bulwark::cluster
