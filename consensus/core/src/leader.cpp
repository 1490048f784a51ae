// SPDX-License-Identifier: BSD-3-Clause
#include "leader.hpp"

#include <algorithm>
#include <utility>

#include "bulwark/actors/core/invariant.hpp"

namespace bulwark::consensus {

void leader::take_over(ballot under, instant now) {
  phase_ = phase::preparing;
  under_ = under;
  promises_.begin();
  recovered_.clear();
  flying_.clear();
  closed_ = false;
  progress_since_ = now;
  acceptor_.promise_own(under);
  const prepare ask{under, log_.chosen()};
  for (std::size_t i = 0; i < roster_.size(); ++i)
    if (i != roster_.self() && roster_.is_voter(i)) out_.post_when_durable(roster_.at(i), ask);
  // What this acceptor holds is taken from the log itself once it is needed.
  out_.post_when_durable(roster_.at(roster_.self()), promise{under, log_.chosen(), 0, 1, {}});
}

leader::unproposed leader::step_down() {
  unproposed left;
  for (auto& one : waiting_) left.waiting.push_back(std::move(one.what));
  waiting_.clear();
  waiting_bytes_ = 0;
  if (phase_ == phase::proposing)
    for (auto at = std::max(next(barrier_), next(log_.chosen())); at < next_; at = next(at))
      if (const auto& what = log_.find(at)->what; !is_configuration(what)) left.in_flight.push_back(what);
  flying_.clear();
  recovered_.clear();
  configuration_.reset();
  phase_ = phase::idle;
  return left;
}

bool leader::submit(command&& what, instant now) {
  if (waiting_.size() >= options_.waiting_commands) return false;
  if (waiting_bytes_ + what.payload.size() > options_.waiting_bytes && !waiting_.empty()) return false;
  waiting_bytes_ += what.payload.size();
  waiting_.push_back({std::move(what), now + options_.request_timeout});
  return true;
}

void leader::on_promise(std::size_t from, promise what) {
  if (phase_ != phase::preparing || what.under != under_) return;
  if (!promises_.take(from, std::move(what)) || !roster_.may_elect(promises_.complete())) return;
  phase_ = phase::catching_up;
  catch_up_to_ = std::max(promises_.chosen_max(), log_.chosen());
  recovered_ = promises_.take_accepted(catch_up_to_);
  for (auto at = next(catch_up_to_); at <= log_.last(); at = next(at))
    if (const auto* held = log_.find(at)) phase_one::merge(recovered_, {at, held->under, held->what});
}

void leader::start_proposing() {
  phase_ = phase::proposing;
  next_ = next(log_.chosen());
  const auto recovered_last = recovered_.empty() ? slot::none : recovered_.rbegin()->first;
  barrier_ = next(std::max(recovered_last, log_.chosen()));
}

bool leader::is_stuck(instant now) const {
  return phase_ == phase::catching_up && now - progress_since_ > options_.interval + options_.timeout;
}

value leader::next_batch(instant now, const std::function<bool(const command&)>& still_wanted) {
  std::vector<command> batch;
  std::size_t batch_bytes = 0;
  while (!waiting_.empty() && batch.size() < options_.batch_commands) {
    auto& [first, until] = waiting_.front();
    if (!batch.empty() && batch_bytes + first.payload.size() > options_.batch_bytes) break;
    waiting_bytes_ -= first.payload.size();
    if (now < until && still_wanted(first)) {
      batch_bytes += first.payload.size();
      batch.push_back(std::move(first));
    }
    waiting_.pop_front();
  }
  return {std::move(batch)};
}

std::optional<value> leader::next_value(instant now,
                                        const std::function<bool(const command&)>& still_wanted) {
  if (next_ < barrier_) {
    const auto found = recovered_.find(next_);
    return found == recovered_.end() ? value{} : std::move(found->second.what);
  }
  if (next_ == barrier_) {
    recovered_.clear();
    return value{};
  }
  if (configuration_) return std::exchange(configuration_, std::nullopt);
  if (paused_) return std::nullopt;
  // Two slots (of 64) go out as soon as there is anything; behind them commands gather to batches, since each
  // slot costs every node a packet and its share of an fsync.
  const auto eager_slots = std::max<std::size_t>(1, options_.window / 32);
  const bool full = waiting_.size() >= options_.batch_commands || waiting_bytes_ >= options_.batch_bytes;
  if (waiting_.empty() || (!full && flying_.size() >= eager_slots)) return std::nullopt;
  auto batch = next_batch(now, still_wanted);
  if (batch.commands.empty()) return std::nullopt;
  return batch;
}

void leader::advance(const election& links, instant now,
                     const std::function<bool(const command&)>& still_wanted) {
  if (phase_ == phase::catching_up) {
    if (progress_at_ != log_.chosen()) {
      progress_at_ = log_.chosen();
      progress_since_ = now;
    }
    if (log_.chosen() >= catch_up_to_) start_proposing();
  }
  if (phase_ != phase::proposing) return;

  const auto first = next_;
  const auto governing = roster_.current().at;
  accept run{under_, first, {}, log_.chosen(), governing};
  std::size_t run_bytes = 0;
  while (flying_.size() < options_.window && !closed_) {
    auto what = next_value(now, still_wanted);
    if (!what) break;
    acceptor_.accept_own(next_, under_, *what);
    flying_.push_back({{}, now});
    next_ = next(next_);
    closed_ = is_configuration(*what);
    run_bytes += bytes_of(*what);
    run.values.push_back(*std::move(what));
    if (run_bytes >= options_.batch_bytes) {
      send_run(links, std::exchange(run, {under_, next_, {}, log_.chosen(), governing}));
      run_bytes = 0;
    }
  }
  if (!run.values.empty()) send_run(links, std::move(run));
  if (next_ > first)
    out_.post_when_durable(roster_.at(roster_.self()), accepted{under_, first, previous(next_)});
}

void leader::send_run(const election& links, accept run) {
  for (std::size_t i = 0; i < roster_.size(); ++i)
    if (roster_.is_peer(i) && links.is_linked(i)) out_.post(roster_.at(i), run);
}

void leader::on_accepted(std::size_t from, const accepted& what) {
  if (phase_ != phase::proposing || what.under != under_) return;
  const auto begin = next(log_.chosen());
  for (auto at = std::max(what.first, begin); at <= what.last && at < next_; at = next(at))
    flying_[number(at) - number(begin)].accepted_by.add(from);
  while (!flying_.empty() && roster_.may_choose(flying_.front().accepted_by)) {
    flying_.pop_front();
    log_.choose_accepted(next(log_.chosen()), under_);
  }
  BULWARK_INVARIANT(number(log_.chosen()) + flying_.size() + 1 == number(next_));
}

void leader::tell_chosen(const election& links) {
  if (phase_ != phase::proposing) return;
  for (std::size_t i = 0; i < roster_.size(); ++i)
    if (i != roster_.self() && links.is_linked(i))
      out_.post(roster_.at(i), chosen_up_to{under_, log_.chosen()});
}

void leader::on_interval(const election& links, instant now) {
  if (phase_ == phase::preparing) {
    // Not before the own promise is durable: a restart must never use this ballot again.
    if (!promises_.complete().has(roster_.self())) return;
    for (std::size_t i = 0; i < roster_.size(); ++i)
      if (i != roster_.self() && roster_.is_voter(i) && !promises_.complete().has(i))
        out_.post(roster_.at(i), prepare{under_, log_.chosen()});
  }
  if (phase_ != phase::proposing) return;
  for (std::size_t i = 0; i < roster_.size(); ++i) {
    if (!roster_.is_peer(i) || !links.is_linked(i)) continue;
    resend_to(i, now);
    out_.post(roster_.at(i), chosen_up_to{under_, log_.chosen()});
  }
  for (auto& one : flying_)
    if (now - one.sent_at >= options_.interval) one.sent_at = now;
}

/// In runs, and about learn_bytes at a time, lest a peer that is slow gets ever more to do.
void leader::resend_to(std::size_t peer, instant now) {
  std::size_t sent_bytes = 0;
  const accept none{under_, {}, {}, log_.chosen(), roster_.current().at};
  accept run = none;
  const auto flush = [&] {
    if (!run.values.empty()) out_.post(roster_.at(peer), std::exchange(run, none));
  };
  auto at = next(log_.chosen());
  for (auto one = flying_.begin(); one != flying_.end() && sent_bytes < options_.learn_bytes;
       ++one, at = next(at)) {
    if (one->accepted_by.has(peer) || now - one->sent_at < options_.interval) {
      flush();
      continue;
    }
    if (run.values.empty()) run.first = at;
    const auto* held = log_.find(at);
    sent_bytes += held->bytes;
    run.values.push_back(held->what);
  }
  flush();
}

}  // namespace bulwark::consensus
