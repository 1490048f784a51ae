// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulwark::cluster {

/// The members of a cluster as its nodes agreed on them.
struct members_answer {
  std::string text;         ///< table or JSON, with its line's end
  bool any = false;         ///< did a node answer?
  bool all_are_up = false;  ///< does the latest view hold every configured node for up?
};

/// From the nodes' answers to `members`, by id; an empty text means no answer. What counts is the latest view
/// that a node tells, since later ones contain the earlier. The JSON has the keys view, seen (by node: the
/// view that it tells, or null), members, names, history.
members_answer show_members(const std::vector<std::pair<std::string, std::string>>& answers, bool json,
                            bool colour);

}  // namespace bulwark::cluster
