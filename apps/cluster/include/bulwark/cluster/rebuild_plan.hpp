// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bulwark/cluster/member_plan.hpp"

namespace bulwark::cluster {

/// How far the rebuild of a node got, as its data directory keeps it (`rebuild.json`): one that was cut off
/// is gone on with by this.
struct rebuild_note {
  std::string was;        ///< voter, learner or outside: what it is to become again
  std::string set_aside;  ///< name of the folder in the data directory for what is damaged
  bool ended = false;

  friend bool operator==(const rebuild_note&, const rebuild_note&) = default;
};

/// As JSON, and back. Errors: parse throws failure (unhealthy) that says what was expected.
std::string to_json_text(const rebuild_note& note);
rebuild_note parse_rebuild_note(std::string_view text);

/// What is known as a rebuild begins, or goes on.
struct rebuild_situation {
  std::string node;
  voting_view group;
  bool damaged = false;  ///< its log is not as it was written
  bool forced = false;   ///< it is to be set aside all the same
  std::optional<rebuild_note> earlier;
  bool earlier_is_set_aside = false;  ///< the folder of the earlier note holds a log
  std::string folder;                 ///< the name for a new one
};

/// The rebuild to do: the earlier one if it was cut off, else a new one. A log that is damaged once more,
/// after the first was set aside, is set aside too. Errors: throws failure (unhealthy) if there is nothing to
/// rebuild. Pure.
rebuild_note rebuild_to_do(const rebuild_situation& now);

/// Errors: throws failure (no_quorum, or unhealthy if there is nobody else) unless the others could go on as
/// a group without the vote of the node: they lose nothing, but could not decide. Pure.
void require_quorum_of_others(const cluster_view& view, const std::string& node);

/// Errors: throws failure (no_quorum) unless, besides `node`, enough voters are up and answer for them to
/// write and to elect a leader. Pure.
void require_quorum_without(const cluster_view& view, const std::string& node);

}  // namespace bulwark::cluster
