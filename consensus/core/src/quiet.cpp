// SPDX-License-Identifier: BSD-3-Clause
#include "quiet.hpp"

#include <utility>

namespace bulwark::consensus {

quiet_mode::quiet_mode(const replica_options& options, const roster& group, output& out, instant now)
    : options_{options}, roster_{group}, out_{out}, random_{random_stream::at(options.seed)} {
  wait_again(now);
}

/// Of many groups that are left alone at once, not all ask at once.
void quiet_mode::wait_again(instant now) {
  const auto jitter = 0.5 * random_.next01() * static_cast<double>(options_.quiet_after.count());
  ask_at_ = now + options_.quiet_after + duration{static_cast<duration::rep>(jitter)};
  asking_ = false;
}

bool quiet_mode::stir(instant now) {
  wait_again(now);
  return std::exchange(quiet_, false);
}

bool quiet_mode::on_interval(const election& ballots, ballot under, slot chosen, bool idle, instant now) {
  if (!idle || (asking_ && now >= ask_until_)) wait_again(now);
  if (!asking_ && (!idle || now < ask_at_)) return false;
  if (!std::exchange(asking_, true)) {
    ++attempt_;
    resting_.clear();
    ask_until_ = now + options_.timeout / 2;
  }
  ask(ballots, under, chosen);
  if (all_rest(ballots)) fall_quiet(now);
  return quiet_;
}

void quiet_mode::ask(const election& ballots, ballot under, slot chosen) {
  for (std::size_t i = 0; i < roster_.size(); ++i)
    if (i != roster_.self() && ballots.is_within_reach(i) && !resting_.has(i))
      out_.post(roster_.at(i), rest{under, chosen, attempt_});
}

bool quiet_mode::on_resting(std::size_t from, const resting& what, const election& ballots, ballot under,
                            instant now) {
  if (!asking_ || what.under != under || what.attempt != attempt_) return false;
  resting_.add(from);
  if (all_rest(ballots)) fall_quiet(now);
  return quiet_;
}

void quiet_mode::follow(std::size_t leader, const rest& what, instant now) {
  if (!quiet_) fall_quiet(now);
  out_.post(roster_.at(leader), resting{what.under, what.attempt});
}

void quiet_mode::fall_quiet(instant now) {
  quiet_ = true;
  quiet_since_ = now;
  asking_ = false;
}

bool quiet_mode::all_rest(const election& ballots) const {
  for (std::size_t i = 0; i < roster_.size(); ++i)
    if (i != roster_.self() && ballots.is_within_reach(i) && !resting_.has(i)) return false;
  return true;
}

}  // namespace bulwark::consensus
