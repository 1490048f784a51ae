// SPDX-License-Identifier: BSD-3-Clause
#include "requests.hpp"

#include <algorithm>
#include <utility>

namespace bulwark::consensus {

void requests::add(client_request what, instant now) {
  const bool too_many = open_.size() >= options_.waiting_commands;
  if (too_many || (open_bytes_ + what.payload.size() > options_.waiting_bytes && !open_.empty()))
    return out_.emit(answer{what.request, outcome::overloaded, {}});
  const auto payload_bytes = what.payload.size();
  open_request fresh{what.kind, stage::parked, std::move(what.payload), payload_bytes, {}, 0};
  if (what.kind == request_kind::stale_read) {
    fresh.kind = request_kind::read;
    fresh.as_of = now;
  }
  const auto [which, added] = open_.emplace(what.request, std::move(fresh));
  if (!added) return;
  open_bytes_ += payload_bytes;
  deadlines_.push_back({now + options_.request_timeout, what.request, 0});
  if (leader_ == ballot{})
    park(which, now);
  else
    dispatch(which, now);
}

command requests::command_of(entry which, bytes payload) const {
  return {options_.self, options_.incarnation, which->first, std::move(payload)};
}

void requests::park(entry which, instant now) {
  auto& request = which->second;
  request.now_in = stage::parked;
  ++request.attempt;
  parked_.push_back(which->first);
  patience_.push_back({now + options_.no_leader_patience, which->first, request.attempt});
}

void requests::dispatch(entry which, instant now) {
  auto& request = which->second;
  ++request.attempt;
  if (leader_.node != options_.self) {
    request.now_in = stage::forwarded;
    request.under = leader_;
    return send_forward(which, now);
  }
  request.now_in = stage::queued;
  if (!submit_own_(request.kind, command_of(which, std::move(request.payload))))
    finish(which, outcome::overloaded, {});
}

void requests::send_forward(entry which, instant now) {
  const auto& request = which->second;
  out_.post(request.under.node, forward{request.under, request.kind, command_of(which, request.payload)});
  resends_.push_back({now + options_.interval + options_.timeout, which->first, request.attempt});
}

void requests::dispatch_parked(instant now) {
  if (leader_ == ballot{}) return;
  for (const auto number : std::exchange(parked_, {})) {
    const auto which = open_.find(number);
    if (which != open_.end() && which->second.now_in == stage::parked) dispatch(which, now);
  }
}

void requests::follow(ballot leader, instant now) {
  if (leader == leader_) return;
  const auto former = std::exchange(leader_, leader);
  std::vector<std::uint64_t> lost;
  for (const auto& [number, request] : open_)
    if (request.now_in == stage::forwarded && request.under == former) lost.push_back(number);
  std::sort(lost.begin(), lost.end());
  for (const auto number : lost) {
    const auto which = open_.find(number);
    if (which->second.kind == request_kind::read) {
      park(which, now);
    } else if (is_reached_(which->second.under.node)) {
      doubtful_.push_back(number);
      patience_.push_back({now + options_.no_leader_patience, number, which->second.attempt});
    } else {
      finish(which, outcome::unknown, {});
    }
  }
  dispatch_parked(now);
}

void requests::give_up_doubts() {
  std::vector<std::uint64_t> left;
  for (const auto number : std::exchange(doubtful_, {})) {
    const auto which = open_.find(number);
    if (which == open_.end()) continue;
    const auto& request = which->second;
    if (request.now_in != stage::forwarded || request.under == leader_) continue;
    if (is_reached_(request.under.node))
      left.push_back(number);
    else
      finish(which, outcome::unknown, {});
  }
  doubtful_ = std::move(left);
}

void requests::on_reply(node_id from, forward_reply what, instant now) {
  const auto which = open_.find(what.request);
  if (which == open_.end() || what.incarnation != options_.incarnation) return;
  const auto& request = which->second;
  // A read that was done for an earlier attempt was still done after the client asked.
  if (what.result == outcome::done && request.kind == request_kind::read)
    return finish(which, what.result, std::move(what.reply));
  if (request.now_in != stage::forwarded || request.under != what.under || from != what.under.node) return;
  // Whoever says so has just ceased to lead: parked, until there is another or the next interval comes.
  if (what.result == outcome::not_done && (leader_ == ballot{} || leader_ == what.under))
    return park(which, now);
  if (what.result == outcome::not_done) return dispatch(which, now);
  finish(which, what.result, std::move(what.reply));
}

bool requests::propose(const command& what) {
  const auto which = open_.find(what.request);
  if (which == open_.end()) return false;
  which->second.now_in = stage::proposed;
  return true;
}

void requests::take_back(command what, instant now) {
  const auto which = open_.find(what.request);
  if (which == open_.end()) return;
  which->second.payload = std::move(what.payload);
  park(which, now);
}

void requests::finish(std::uint64_t request, outcome result, bytes reply) {
  const auto which = open_.find(request);
  if (which != open_.end()) finish(which, result, std::move(reply));
}

void requests::finish(entry which, outcome result, bytes reply) {
  const auto as_of = result == outcome::done ? which->second.as_of : std::nullopt;
  out_.emit(answer{which->first, result, std::move(reply), as_of});
  open_bytes_ -= which->second.payload_bytes;
  open_.erase(which);
}

void requests::expire(entry which) {
  const auto& request = which->second;
  const bool certain = request.kind == request_kind::read || request.now_in == stage::parked ||
                       request.now_in == stage::queued;
  finish(which, certain ? outcome::no_leader : outcome::unknown, {});
}

void requests::on_tick(instant now) {
  for (; !deadlines_.empty() && deadlines_.front().at <= now; deadlines_.pop_front())
    if (const auto which = open_.find(deadlines_.front().request); which != open_.end()) expire(which);
  for (; !patience_.empty() && patience_.front().at <= now; patience_.pop_front()) {
    const auto which = open_.find(patience_.front().request);
    if (which != open_.end() && which->second.attempt == patience_.front().attempt) expire(which);
  }
  // Doubles do no harm: a leadership takes each write once.
  while (!resends_.empty() && resends_.front().at <= now) {
    const auto which = open_.find(resends_.front().request);
    const auto attempt = resends_.front().attempt;
    resends_.pop_front();
    if (which != open_.end() && which->second.attempt == attempt) send_forward(which, now);
  }
}

void requests::prune(std::deque<timer>& timers, bool any_attempt) {
  for (; !timers.empty(); timers.pop_front()) {
    const auto which = open_.find(timers.front().request);
    if (which != open_.end() && (any_attempt || which->second.attempt == timers.front().attempt)) return;
  }
}

instant requests::next_deadline() {
  prune(deadlines_, true);
  prune(patience_, false);
  prune(resends_, false);
  auto earliest = instant::max();
  for (const auto* timers : {&deadlines_, &patience_, &resends_})
    if (!timers->empty()) earliest = std::min(earliest, timers->front().at);
  return earliest;
}

}  // namespace bulwark::consensus
