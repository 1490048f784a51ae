// SPDX-License-Identifier: BSD-3-Clause
// How messages of a router finish: by an answer, by the end of their worker, or by the clock.
#include <algorithm>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/router_messages.hpp"
#include "router_hub.hpp"

namespace bulwark {

bool router_hub::is_failure(const caf::error& problem) const {
  if (!problem) return false;
  if (options_.is_failure) return options_.is_failure(problem);
  const auto category = problem.category();
  return category == caf::atom("system") || category == caf::atom("exit") || category == caf::atom("service");
}

void router_hub::answered(caf::mailbox_element_ptr response, caf::execution_unit* host) {
  constexpr auto bits = pending_table<pending_answer>::number_bits;
  const auto raw = response->mid.request_id().integer_value();
  const auto number = raw & ((std::uint64_t{1} << bits) - 1);
  caf::error problem;
  if (response->content().match_elements<caf::error>()) problem = response->content().get_as<caf::error>(0);
  const bool well = !is_failure(problem);
  const auto when = now();
  aftermath after;
  std::optional<pending_answer> one;
  {
    const decision lock{*this};
    const auto* found = pending_.find(number);
    if (!found || !found->slot || found->attempts != raw >> bits) return;  // too late
    if (keeps_ && !found->group && goes_to_another(problem)) {
      lose(number, problem, when, after);
    } else {
      one = pending_.take(number);
    }
  }
  if (!one) {
    settle(std::move(after));
    return pump();
  }
  if (signals_->takes_time && well) one->slot->observe(when - one->sent_at, when);
  one->slot->finish(well);
  if (one->group) return settle_group(*one, std::move(response), problem ? &problem : nullptr, host);
  one->whom.answer(std::move(response), host);
}

/// Its worker has ended, or did not answer in time: to the next one, if it may, or back with an error.
void router_hub::lose(std::uint64_t number, const caf::error& problem, instant when, aftermath& after) {
  auto& one = *pending_.find(number);
  auto slot = std::exchange(one.slot, nullptr);
  slot->count(false);
  after.failed.push_back(slot);
  // The mailbox of a worker that ends is emptied before its end is told: it must not get it once more.
  if (slot->has_ended()) leave(std::ranges::find(slots_, slot), after);
  const bool again = keeps_ && !one.group && problem != caf::sec::request_timeout && !closed_;
  if (again && one.attempts < options_.attempts_max) {
    ++redelivered_;
    line_.put_first({nullptr, number, one.key}, 3, when);
    signals_->waiting.store(true);
    return arm(when + options_.rules.bounds.waiting_limit);
  }
  if (one.group) {
    after.from_groups.push_back(std::move(*pending_.take(number)));
    return;
  }
  auto whom = std::move(pending_.take(number)->whom);
  after.refusals.push_back({{}, std::move(whom), again ? caf::error{service_error::poisoned} : problem});
}

void router_hub::tick() {
  aftermath after;
  {
    const decision lock{*this};
    const auto when = now();
    if (!armed_ || when < *armed_) return;  // of an earlier timer; the right one comes
    armed_.reset();
    for (const auto id : table_.tick(when)) note(worker_event_kind::readmitted, id);
    for (auto& late : line_.expire(when))
      turn_away(std::move(late), caf::error{service_error::expired}, after);
    const auto is_late = [when](const pending_answer& one) { return one.slot && one.deadline <= when; };
    for (const auto number : pending_.numbers_if(is_late))
      lose(number, caf::make_error(caf::sec::request_timeout), when, after);
    arm_for_next(when);
  }
  settle(std::move(after));
  pump();
}

void router_hub::judge(worker_id id, bool well) {
  {
    const decision lock{*this};
    if (well) return table_.succeeded(id);
    if (table_.failed(id, now())) note(worker_event_kind::ejected, id);
    if (const auto next = table_.next_wakeup()) arm(*next);
  }
  news_.tell();
}

void router_hub::kept_from(worker_slot& slot) {
  {
    std::lock_guard lock{mutex_};
    if (!slot.tallies()) return;  // it has ended, with all that it did not handle
    slot.give_up_tallied();
  }
  slot.follow_up(false);
  pump();
}

void router_hub::arm(instant at) {
  if (closed_ || (armed_ && *armed_ <= at)) return;
  armed_ = at;
  system_.clock().schedule_message(
      at, caf::actor_cast<caf::strong_actor_ptr>(control_or_new()),
      caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, router_tick{}));
}

void router_hub::arm_for_next(instant when) {
  auto next = line_.next_deadline();
  const auto sooner = [&next](std::optional<instant> other) {
    if (other && (!next || *other < *next)) next = other;
  };
  sooner(table_.next_wakeup());
  (void)pending_.numbers_if([&](const pending_answer& one) {
    if (one.slot) sooner(one.deadline);
    return false;
  });
  // Those whose time is over a moment later go with it, not one by one.
  if (next) arm(std::max(*next, when + std::chrono::milliseconds{1}));
}

void router_hub::close(bool lost) {
  aftermath after;
  caf::actor control;
  {
    const decision lock{*this};
    closed_ = true;
    control = caf::actor_cast<caf::actor>(control_);
    const auto down = caf::make_error(caf::sec::request_receiver_down);
    for (auto& waiting : line_.take_all()) turn_away(std::move(waiting), down, after);
    signals_->waiting.store(false);
    while (!slots_.empty()) leave(std::prev(slots_.end()), after);
    if (lost)
      for (const auto number :
           pending_.numbers_if([](const pending_answer& one) { return one.slot != nullptr; }))
        lose(number, down, now(), after);
  }
  settle(std::move(after));
  if (!lost) ask_to_stop(control);  // one that nobody refers to any more ends by itself
}

}  // namespace bulwark
