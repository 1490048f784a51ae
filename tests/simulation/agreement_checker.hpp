// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "bulwark/consensus/core/replica.hpp"
#include "violations.hpp"

namespace bulwark::test {

/// Knows what is chosen, from the disks alone: a value that a majority accepted durably in one slot under one
/// ballot. Checks that
///   1. a ballot proposes one value for a slot,
///   2. a slot has one chosen value, for ever,
///   3. what a replica applies is chosen, in the order of slots, each once in its life,
///   4. replicas that applied the same slots have the same state, also if a snapshot brought them there,
///   5. no command is chosen in two places,
///   6. the voters of each slot are those that the log itself says, and replicas go by them.
class agreement_checker {
 public:
  /// `voters`: of the group as it begins.
  agreement_checker(const std::vector<consensus::node_id>& voters, std::uint32_t accept_quorum,
                    violations& found);

  void on_accepted(consensus::node_id by, const consensus::accepted_entry& what);
  void on_apply(consensus::node_id by, std::uint64_t life, consensus::slot at, const consensus::value& what,
                std::uint64_t state_hash);

  void on_restored(consensus::node_id by, std::uint64_t life, consensus::slot at, std::uint64_t state_hash);
  /// A replica goes by this configuration from now on.
  void on_configured(consensus::node_id by, const consensus::configuration& group);

  [[nodiscard]] const consensus::value* chosen(consensus::slot at) const;
  /// Who chooses in that slot, as far as the slots before it are chosen.
  [[nodiscard]] const consensus::configuration& governing(consensus::slot at) const;
  /// Where a command is chosen; none if it is not.
  [[nodiscard]] consensus::slot place_of(const consensus::bytes& payload) const;
  /// Every chosen command so far, in the order of slots, as far as there is no gap.
  [[nodiscard]] std::vector<consensus::bytes> take_new_commands();

 private:
  struct proposal {
    consensus::value what;
    std::set<consensus::node_id> accepted_by;
  };

  void choose(consensus::slot at, const consensus::value& what);
  /// The first configuration was proposed.
  void begin_in_order();
  void choose_in_order(consensus::slot at);
  [[nodiscard]] bool is_chosen(consensus::slot at, const proposal& what) const;

  std::map<consensus::slot, consensus::configuration> groups_;  ///< by the slot behind which each governs
  bool in_order_ = false;  ///< there are configurations: a slot counts once those before it are chosen
  consensus::slot chosen_up_to_{};  ///< all slots up to here; only kept in order
  violations& violations_;
  std::map<std::pair<consensus::slot, consensus::ballot>, proposal> proposals_;
  std::map<consensus::slot, consensus::value> chosen_;
  std::map<consensus::bytes, consensus::slot> places_;
  std::map<std::pair<consensus::node_id, std::uint64_t>, consensus::slot> applied_;
  std::map<consensus::slot, std::uint64_t> hashes_;
  consensus::slot taken_{};
};

}  // namespace bulwark::test
