// SPDX-License-Identifier: BSD-3-Clause
#include "reads.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace bulwark::consensus {
namespace {

void move_all(std::vector<command>& from, std::vector<command>& to) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  from.clear();
}

}  // namespace

bool reads::add(command&& what) {
  if (size_ >= waiting_max_) return false;
  ++size_;
  waiting_.push_back(std::move(what));
  return true;
}

void reads::add(const asker& what) {
  std::erase_if(askers_, [&](const asker& one) { return one.who == what.who; });
  askers_.push_back(what);
}

void reads::advance(ballot under, slot chosen, instant now) {
  if (waiting_.empty() && askers_.empty()) return;
  if (lease_.holds(under, now)) {
    // Nobody else led when this step began, which was after the questions had come: no need to look again.
    tell(std::exchange(askers_, {}), under, chosen);
    ready_.push_back({chosen, true, std::exchange(waiting_, {})});
    if (!leases_wanted_ || !lease_.is_half_over(now)) return;
  }
  if (!running_) begin_round(under, chosen, now);
}

void reads::give_lease_back(ballot under, slot chosen, instant now) {
  if (lease_length_ == std::chrono::milliseconds{0} || !std::exchange(leases_wanted_, false)) return;
  lease_.drop();
  if (running_) {
    // What it asked for may still be given: only a later round ends that.
    move_all(waiting_, running_->reads);
    waiting_ = std::move(running_->reads);
    askers_.insert(askers_.end(), running_->askers.begin(), running_->askers.end());
    running_.reset();
  }
  begin_round(under, chosen, now);
}

void reads::begin_round(ballot under, slot chosen, instant now) {
  const auto lease = leases_wanted_ ? static_cast<std::uint32_t>(lease_length_.count()) : 0;
  running_ =
      round{under, chosen, now, lease, lease, {}, std::exchange(waiting_, {}), std::exchange(askers_, {})};
  running_->confirmed_by.add(roster_.self());
  ++number_;
  ask();
  conclude_if_confirmed();
}

void reads::ask() {
  for (std::size_t i = 0; i < roster_.size(); ++i)
    if (roster_.is_voter(i) && !running_->confirmed_by.has(i))
      out_.post(roster_.at(i), confirm{running_->under, number_, running_->lease_asked_ms});
}

void reads::on_confirmed(std::size_t from, const confirmed& what) {
  if (!running_ || what.under != running_->under || what.round != number_) return;
  running_->confirmed_by.add(from);
  running_->lease_given_ms = std::min(running_->lease_given_ms, what.lease_ms);
  conclude_if_confirmed();
}

void reads::conclude_if_confirmed() {
  if (!roster_.may_choose(running_->confirmed_by)) return;
  if (running_->lease_given_ms > 0)
    lease_.take(running_->under, running_->begun_at, std::chrono::milliseconds{running_->lease_given_ms});
  ready_.push_back({running_->index, false, std::move(running_->reads)});
  tell(running_->askers, running_->under, running_->index);
  running_.reset();
}

void reads::tell(const std::vector<asker>& all, ballot under, slot index) {
  for (const auto& one : all) vouchers_.push_back({one, under, index});
}

void reads::on_interval() {
  if (running_) ask();
}

std::vector<reads::ready_read> reads::take_ready(slot applied) {
  std::vector<ready_read> taken;
  while (!ready_.empty() && ready_.front().index <= applied) {
    for (auto& one : ready_.front().reads) taken.push_back({std::move(one), ready_.front().by_lease});
    ready_.pop_front();
  }
  size_ -= taken.size();
  return taken;
}

std::vector<command> reads::drain() {
  std::vector<command> left;
  for (auto& some : ready_) move_all(some.reads, left);
  ready_.clear();
  if (running_) move_all(running_->reads, left);
  running_.reset();
  move_all(waiting_, left);
  askers_.clear();
  vouchers_.clear();
  size_ = 0;
  lease_.drop();
  leases_wanted_ = true;
  return left;
}

}  // namespace bulwark::consensus
