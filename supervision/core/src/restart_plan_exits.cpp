// SPDX-License-Identifier: BSD-3-Clause
// The decisions of a restart_plan: what the end of an incarnation means.
#include <string>
#include <utility>

#include "bulwark/supervision/core/restart_plan.hpp"
#include "durations.hpp"

namespace bulwark {

namespace {

std::string too_many(const restart_limit& limit) {
  return "more than " + std::to_string(limit.intensity) + " restarts within " + in_milliseconds(limit.period);
}

bool wants_restart(restart_type type, exit_kind kind) {
  return type == restart_type::permanent || (type == restart_type::transient && !is_orderly(kind));
}

}  // namespace

void restart_plan::attempt_failed(entry& child, const exit_status& reason, turn& now) {
  const bool of_a_group = stops_.contains(child.at);
  const bool only_once = std::exchange(child.once, false);
  publish(child, event_kind::start_failed, reason, now);
  child.last_reason = reason.text;
  child.last_kind = reason.kind;
  went_down(child);
  // A group that is about to start afresh, or an end, takes this failure along at no charge.
  if (of_a_group || !child.wanted) return settle(child, now);
  if (!child.served && !child.dynamic && phase_ == phase::starting)
    return give_up("child \"" + child.id + "\" failed to start: " + reason.text, now);
  if (child.spec->restart == restart_type::temporary || only_once || (child.dynamic && !child.served)) {
    child.wanted = false;
    return settle(child, now);
  }
  if (!child.failed_at) child.failed_at = now.now;
  recover(child, first_retry::delayed, now);
}

void restart_plan::exited_by_itself(entry& child, const exit_status& reason, turn& now) {
  publish(child, event_kind::exited, reason, now);
  failed(child, reason, now);
}

/// The incarnation is no more, unasked.
void restart_plan::failed(entry& child, const exit_status& reason, turn& now) {
  const bool of_a_group = stops_.contains(child.at);
  child.last_reason = reason.text;
  child.last_kind = reason.kind;
  if (child.state == child_state::up && now.now - child.ready_at >= child.spec->delays.reset_after) {
    child.delay.reset();
    child.failures = 0;
  }
  went_down(child);
  // It died of what its group is being restarted for, or as it was to be stopped anyway: that costs nothing
  // more.
  if (of_a_group || !child.wanted) return settle(child, now);
  const auto rule = is_orderly(reason.kind) ? directive::restart : child.spec->decide(reason);
  if (rule == directive::escalate)
    return give_up("child \"" + child.id + "\" failed in a way to be escalated: " + reason.text, now);
  if (rule == directive::stop || !wants_restart(child.spec->restart, reason.kind))
    return ended_for_good(child, now);
  child.failed_at = now.now;
  recover(child, first_retry::immediate, now);
}

/// It ended by itself and is not restarted. That may be the end of its supervisor, too.
void restart_plan::ended_for_good(entry& child, turn& now) {
  const bool significant = child.spec->significant;
  const auto why = "the significant child \"" + child.id + "\" ended: " + child.last_reason;
  child.wanted = false;
  settle(child, now);  // may drop it
  if (!significant || flags_.shutdown == auto_shutdown::never || ending()) return;
  if (flags_.shutdown == auto_shutdown::all_significant) {
    for (const auto& [at, other] : children_)
      if (other.spec->significant && other.state != child_state::down) return;
  }
  shut_down_ = why;
  publish_end(event_kind::shut_down, why, now);
  begin_end(now);
}

void restart_plan::exited_while_stopping(entry& child, event_kind how, const exit_status& reason, turn& now) {
  if (how == event_kind::abandoned) publish(child, how, reason, now);
  if (!child.fault.empty()) return attempt_failed(child, {exit_kind::failure, child.fault}, now);
  if (how != event_kind::abandoned) publish(child, how, reason, now);
  child.last_reason = reason.text;
  child.last_kind = reason.kind;
  went_down(child);
  settle(child, now);
}

/// Charges the restart, finds out when it may be and who is concerned.
void restart_plan::recover(entry& child, first_retry when, turn& now) {
  if (const auto refused = charge(child, now.now); !refused.empty())
    return exceeded(child, refused + "; the last was due to \"" + child.id + "\": " + child.last_reason, now);
  const bool at_once = when == first_retry::immediate && child.failures == 0;
  ++child.failures;
  child.not_before = at_once ? now.now : now.now + child.delay.next(random_.next01());
  retry(child, now);
}

/// Charges its own limit first, so that a child that is refused by it costs its siblings nothing. Empty if
/// the restart may be, else which limit it would pass.
std::string restart_plan::charge(entry& child, instant now) {
  if (child.own && !child.own->charge(now)) return too_many(*child.spec->own_limit) + " of one child";
  return budget_.charge(now) ? std::string{} : too_many({flags_.intensity, flags_.period});
}

void restart_plan::exceeded(entry& child, const std::string& what, turn& now) {
  const auto& policy = child.spec->exceeded;
  switch (policy.how) {
    case exceeded_policy::manner::escalate: return give_up(what, now);
    case exceeded_policy::manner::stop:
      publish(child, event_kind::given_up, {exit_kind::failure, what}, now);
      return ended_for_good(child, now);
    case exceeded_policy::manner::park:
      publish(child, event_kind::parked, {exit_kind::failure, what}, now);
      child.parked = true;
      child.not_before = now.now + policy.pause;
      return retry(child, now);
  }
}

/// Starts a child again when it may be, and with it its group.
void restart_plan::retry(entry& child, turn& now) {
  if (flags_.strategy == restart_strategy::one_for_all || flags_.strategy == restart_strategy::rest_for_one)
    take_along(child);
  // During the first start the children behind it go on only when it is back.
  if (phase_ == phase::starting) starts_.insert(child.at);
  settle(child, now);
}

/// Marks the group of a failed child: who is alive is stopped in reverse order, then all start in order. As
/// in OTP, that brings back children that had ended or had been terminated, and ends temporary ones.
void restart_plan::take_along(const entry& failed) {
  const bool all = flags_.strategy == restart_strategy::one_for_all;
  for (auto it = all ? children_.begin() : children_.find(failed.at); it != children_.end(); ++it) {
    auto& [at, child] = *it;
    const bool alive = child.state != child_state::waiting && child.state != child_state::down;
    if (alive) stops_.insert(at);
    if (alive && child.spec->restart == restart_type::temporary) {
      child.wanted = false;
      starts_.erase(at);
      continue;
    }
    if (!alive) {
      clear_timer(child);
      child.state = child_state::waiting;
    }
    child.wanted = true;
    child.not_before = failed.not_before;
    if (alive && !child.failed_at) child.failed_at = failed.failed_at;
    starts_.insert(at);
  }
}

}  // namespace bulwark
