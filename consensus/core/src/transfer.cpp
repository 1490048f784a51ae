// SPDX-License-Identifier: BSD-3-Clause
#include "transfer.hpp"

#include <utility>

namespace bulwark::consensus {

const char* to_string(transfer_outcome what) {
  switch (what) {
    case transfer_outcome::moved: return "moved";
    case transfer_outcome::not_leader: return "not the leader";
    case transfer_outcome::no_member: return "no such member";
    case transfer_outcome::unreachable: return "unreachable";
    case transfer_outcome::busy: return "busy";
    case transfer_outcome::timed_out: return "timed out";
    case transfer_outcome::lost: break;
  }
  return "lost";
}

void leadership_transfer::begin(const transfer& what, const election& ballots, instant now) {
  const auto refuse = [&](transfer_outcome why) {
    out_.emit(transferred{what.number, why, ballots.followed().node});
  };
  const auto wanted = what.to == node_id::none ? choose_target(ballots) : roster_.index_of(what.to);
  if (what.to != node_id::none && !(wanted && roster_.is_voter(*wanted)))
    return refuse(transfer_outcome::no_member);
  if (wanted && ballots.followed().node == roster_.at(*wanted)) return refuse(transfer_outcome::moved);
  if (!ballots.leads()) return refuse(transfer_outcome::not_leader);
  if (running_) return refuse(transfer_outcome::busy);
  if (!wanted || !ballots.alive().has(*wanted)) return refuse(transfer_outcome::unreachable);
  running_ = running_transfer{
      what.number, *wanted, ballots.own(), now + options_.interval + options_.timeout, std::nullopt, false};
}

/// The one that knows most of the log has least to learn.
std::optional<std::size_t> leadership_transfer::choose_target(const election& ballots) const {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < roster_.size(); ++i) {
    if (i == roster_.self() || !roster_.is_voter(i) || !ballots.alive().has(i)) continue;
    if (!best || ballots.chosen_of(i) > ballots.chosen_of(*best)) best = i;
  }
  return best;
}

void leadership_transfer::advance(const leader& proposer, election& ballots, slot chosen, instant now,
                                  const std::function<void()>& before_asking) {
  if (!running_) return;
  if (!ballots.leads() && ballots.followed() != ballot{}) {
    const bool moved = ballots.followed().node == roster_.at(running_->to);
    return finish(moved ? transfer_outcome::moved : transfer_outcome::lost, ballots.followed());
  }
  if (now >= running_->until) return finish(transfer_outcome::timed_out, ballots.followed());
  if (!ballots.leads()) {
    if (!ballots.alive().has(running_->to)) finish(transfer_outcome::unreachable, ballots.followed());
    return;
  }
  if (ballots.own() != running_->under) return finish(transfer_outcome::lost, ballots.followed());
  if (!ballots.alive().has(running_->to)) return finish(transfer_outcome::unreachable, ballots.followed());
  if (proposer.now_in() != leader::phase::proposing || proposer.in_flight() > 0) return;
  if (running_->told != chosen) {
    running_->told = chosen;
    out_.post(roster_.at(running_->to), chosen_up_to{running_->under, chosen});
    ballots.ask(running_->to);
  }
  if (ballots.chosen_of(running_->to) < chosen || std::exchange(running_->asked, true)) return;
  running_->offered = true;
  before_asking();
  out_.post(roster_.at(running_->to), take_over{running_->under, chosen});
}

node_id leadership_transfer::successor() const {
  return running_ && running_->offered ? roster_.at(running_->to) : node_id::none;
}

void leadership_transfer::on_interval() {
  if (running_) running_->asked = false;
}

void leadership_transfer::finish(transfer_outcome result, ballot leader) {
  out_.emit(transferred{running_->number, result, leader.node});
  running_.reset();
}

}  // namespace bulwark::consensus
