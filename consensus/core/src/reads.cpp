// SPDX-License-Identifier: BSD-3-Clause
#include "reads.hpp"

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

void reads::advance(ballot under, slot chosen) {
  if (running_ || waiting_.empty()) return;
  running_ = round{under, chosen, {}, std::exchange(waiting_, {})};
  running_->confirmed_by.add(voters_.self());
  ++number_;
  ask();
  conclude_if_confirmed();
}

void reads::ask() {
  for (std::size_t i = 0; i < voters_.size(); ++i)
    if (!running_->confirmed_by.has(i)) out_.post(voters_.at(i), confirm{running_->under, number_});
}

void reads::on_confirmed(std::size_t from, const confirmed& what) {
  if (!running_ || what.under != running_->under || what.round != number_) return;
  running_->confirmed_by.add(from);
  conclude_if_confirmed();
}

void reads::conclude_if_confirmed() {
  if (!voters_.is_majority(running_->confirmed_by)) return;
  ready_.push_back({running_->index, std::move(running_->reads)});
  running_.reset();
}

void reads::on_interval() {
  if (running_) ask();
}

std::vector<command> reads::take_ready(slot applied) {
  std::vector<command> taken;
  while (!ready_.empty() && ready_.front().index <= applied) {
    move_all(ready_.front().reads, taken);
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
  size_ = 0;
  return left;
}

}  // namespace bulwark::consensus
