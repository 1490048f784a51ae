// SPDX-License-Identifier: BSD-3-Clause
#include "reconfiguration.hpp"

#include <algorithm>
#include <utility>

namespace bulwark::consensus {

void reconfiguration::begin(const change_members& what, const election& ballots, leader& proposer,
                            slot chosen, bool moving, instant now) {
  const auto refuse = [&](change_outcome why) {
    out_.emit(members_changed{what.number, why, ballots.followed().node});
  };
  if (!ballots.leads()) return refuse(change_outcome::not_leader);
  const bool proposing = proposer.now_in() == leader::phase::proposing;
  if (running_ || moving || !proposing) return refuse(change_outcome::busy);
  auto planned = plan(roster_.current(), what);
  if (planned.result != change_outcome::changed) return refuse(planned.result);
  configuration wanted{slot::none, roster_.current().at, std::move(planned.nodes),
                       roster_.current().accept_quorum};
  if (const auto result = check(wanted, ballots, chosen, now); result != change_outcome::changed)
    return refuse(result);
  proposer.propose(to_value(wanted));
  running_ = running_change{what.number, std::move(wanted), ballots.own(), now + options_.request_timeout};
}

/// The group must go on with the new voters: a quorum of them was just heard of, since a wrong guess would
/// cost its availability; and whoever is new among them holds what the group agreed on, up to what a leader
/// can have in flight.
change_outcome reconfiguration::check(const configuration& wanted, const election& ballots, slot chosen,
                                      instant now) const {
  std::size_t reached = 0;
  for (const auto& one : wanted.nodes) {
    if (!one.votes) continue;
    const auto index = roster_.index_of(one.id);
    const bool heard = index && ballots.was_just_heard(*index, now);
    reached += heard ? 1 : 0;
    if (roster_.current().is_voter(one.id)) continue;
    if (!heard || number(ballots.chosen_of(*index)) + 4 * options_.window < number(chosen))
      return change_outcome::behind;
  }
  if (!wanted.is_voter(options_.self)) return change_outcome::leads;
  return reached >= std::max(wanted.accept_votes(), wanted.prepare_votes()) ? change_outcome::changed
                                                                            : change_outcome::unsafe;
}

void reconfiguration::on_adopted() {
  if (running_ && running_->wanted.nodes == roster_.current().nodes) running_->adopted = true;
}

void reconfiguration::advance(const leader& proposer, const election& ballots, instant now) {
  if (!running_) return;
  if (running_->adopted && ballots.leads() && proposer.serves()) return finish(change_outcome::changed);
  const bool leads_on = ballots.leads() && (running_->adopted || ballots.own() == running_->under);
  if (!leads_on || now >= running_->until) finish(change_outcome::lost);
}

void reconfiguration::finish(change_outcome result) {
  out_.emit(members_changed{running_->number, result, node_id::none});
  running_.reset();
}

}  // namespace bulwark::consensus
