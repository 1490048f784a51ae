// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/cluster/rebuild_plan.hpp"

#include <algorithm>

#include "bulwark/cluster/failure.hpp"
#include "json_fields.hpp"

namespace bulwark::cluster {

namespace {

bool is_a_part(const std::string& was) { return was == "voter" || was == "learner" || was == "outside"; }

}  // namespace

std::string to_json_text(const rebuild_note& note) {
  return pretty({{"was", note.was}, {"set_aside", note.set_aside}, {"ended", note.ended}});
}

rebuild_note parse_rebuild_note(std::string_view text) {
  const auto json = parse_object(text);
  const auto was = field<std::string>(json, "was").value_or("");
  const auto folder = field<std::string>(json, "set_aside").value_or("");
  const auto ended = field<bool>(json, "ended");
  if (!is_a_part(was) || folder.empty() || folder.find('/') != std::string::npos || !ended)
    throw failure(exit_code::unhealthy,
                  "the note of an earlier rebuild is damaged; expected was (voter, learner or outside), "
                  "set_aside (the name of a folder) and ended",
                  "remove it once `bulwark member list` shows the node as it should be");
  return {was, folder, *ended};
}

rebuild_note rebuild_to_do(const rebuild_situation& now) {
  const bool was_cut_off = now.earlier && !now.earlier->ended;
  if (was_cut_off && !(now.damaged && now.earlier_is_set_aside)) return *now.earlier;
  if (!now.damaged && !now.forced)
    throw failure(exit_code::unhealthy, "the log of " + now.node + " is not damaged",
                  "see `bulwark log inspect " + now.node + "`; --force sets it aside all the same");
  const std::string is = now.group.votes(now.node)    ? "voter"
                         : now.group.learns(now.node) ? "learner"
                                                      : "outside";
  return {was_cut_off ? now.earlier->was : is, now.folder, false};
}

namespace {

/// Throws unless so many voters besides the node are up.
void require_others(const cluster_view& view, const voting_view& group, const std::string& node,
                    std::size_t needed) {
  std::string up;
  std::size_t count = 0;
  for (const auto& one : view.nodes) {
    if (one.id == node || !group.votes(one.id) || !one.answered || one.state != "up") continue;
    up += (count++ == 0 ? "" : " ") + one.id;
  }
  if (count >= needed) return;
  throw failure(exit_code::no_quorum,
                "without " + node + ", " + std::to_string(needed) + " of the other voters must be up, and " +
                    (count == 0 ? "none is" : std::to_string(count) + " is: " + up),
                "bring another one back first; see `bulwark member list`");
}

}  // namespace

void require_quorum_of_others(const cluster_view& view, const std::string& node) {
  const auto group = voting_in(view);
  if (!group.votes(node)) return;
  const auto others = group.voters.size() - 1;
  if (group.voters.size() == 1)
    throw failure(exit_code::unhealthy, node + " alone votes: nobody else can tell what it knew",
                  "begin a new cluster with a saved state: `bulwark up --restore FILE`");
  const bool by_majority = group.accept_votes == group.prepare_votes;
  const auto accept = by_majority ? others / 2 + 1 : group.accept_votes;
  const auto prepare = others + 1 - std::min(accept, others);
  require_others(view, group, node, std::max(accept, prepare));
}

void require_quorum_without(const cluster_view& view, const std::string& node) {
  const auto group = voting_in(view);
  if (group.votes(node)) require_others(view, group, node, std::max(group.accept_votes, group.prepare_votes));
}

}  // namespace bulwark::cluster
