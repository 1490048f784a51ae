// SPDX-License-Identifier: BSD-3-Clause
#include "router_hub.hpp"

#include "bulwark/actors/compat.hpp"
#include "router_control.hpp"
#include "tracked_element.hpp"

namespace bulwark {

void requester::answer(caf::mailbox_element_ptr response, caf::execution_unit* host) {
  if (!actor) return;
  if (stages.empty() || response->content().match_elements<caf::error>()) {
    response->mid = mid.response_id();
    return actor->enqueue(std::move(response), host);
  }
  const auto next = std::move(stages.back());
  stages.pop_back();
  next->enqueue(caf::make_mailbox_element(std::move(actor), mid, std::move(stages),
                                          response->move_content_to_message()),
                host);
}

void requester::fail(const caf::error& problem) {
  if (actor) actor->enqueue(nullptr, mid.response_id(), caf::make_message(problem), nullptr);
}

router_hub::router_hub(caf::actor_system& system, router_options options)
    : system_{system},
      options_{std::move(options)},
      keeps_{options_.delivery == delivery_mode::at_least_once},
      table_{options_.rules},
      chooser_{make_chooser(options_.policy)},
      kind_{options_.policy.kind},
      line_{options_.rules.bounds} {
  const auto& bounds = options_.rules.bounds;
  signals_->judges = options_.rules.ejection.failures > 0;
  signals_->bounded = bounds.per_worker > 0 || bounds.in_flight > 0;
  passes_ = !keeps_ && !signals_->bounded && !options_.key_of && !options_.rank_of;
  signals_->takes_time = chooser_.wants_latency() || options_.rules.slow_start.window > duration::zero();
}

caf::actor router_hub::control() {
  std::lock_guard lock{mutex_};
  return control_or_new();
}

/// The router must not keep it alive: CAF keeps a router that other nodes know until the end of the actor
/// system, when it is too late for an actor with a mailbox to end.
caf::actor router_hub::control_or_new() {
  auto control = caf::actor_cast<caf::actor>(control_);
  if (!control && !closed_) {
    control = spawn_router_control(system_, shared_from_this());
    control_ = control.address();
  }
  return control;
}

// -- a message comes ------------------------------------------------------------------------------

void router_hub::classify(waiting_message& one) const {
  auto& element = one.element;
  one.rank = element->mid.is_urgent_message() ? 2 : 1;
  if (!options_.key_of && !options_.rank_of) return;
  auto content = element->move_content_to_message();
  if (options_.key_of) one.key = options_.key_of(content);
  if (options_.rank_of) one.rank = options_.rank_of(content);
  element = caf::make_mailbox_element(std::move(element->sender), element->mid, std::move(element->stages),
                                      std::move(content));
}

/// From time to time somebody has to look at what others sent to the workers.
bool router_hub::pass(caf::mailbox_element_ptr& element, caf::execution_unit* host) {
  auto* const way = row_.choose();
  const auto number = way ? way->enter() : 0;
  if (number == 0) return false;
  if (number % routing_table::choices_per_look == 0) {
    const decision lock{*this};
    table_.look_at_mailboxes();
    arranged_.reset();
  }
  way->bring(std::move(element), host);
  return true;
}

/// What senders may do without the lock follows from what was decided under it.
void router_hub::arrange_row() {
  bool open = passes_ && kind_ == routing_kind::p2c && !closed_ && line_.empty() && !signals_->takes_time;
  if (open && arranged_ != table_.version()) {
    in_row_.clear();
    for (std::size_t place = 0; place < table_.count(); ++place) {
      auto& slot = static_cast<worker_slot&>(table_.meter(place));
      auto& way = slot.way_in();
      way.weight.store(table_.weight(place), std::memory_order_relaxed);
      way.foreign.store(table_.foreign(place), std::memory_order_relaxed);
      if (slot.tallies()) in_row_.push_back(&way);
    }
    if (in_row_.size() < table_.count()) in_row_.clear();
    row_.show(in_row_);
    arranged_ = table_.version();
  }
  open = open && !in_row_.empty();
  if (open != row_.is_open()) row_.open(open);
}

void router_hub::submit(caf::mailbox_element_ptr element, caf::execution_unit* host) {
  if (row_.is_open() && !element->mid.is_request() && pass(element, host)) return;
  waiting_message one{std::move(element)};
  classify(one);
  const bool needs_time = one.element->mid.is_request() || keeps_ || signals_->takes_time.load();
  const auto when = needs_time ? now() : instant{};
  decision lock{*this};
  if (kind_ && is_fan_out(*kind_) && !closed_) {
    lock.unlock();
    return submit_to_all(std::move(one), host);
  }
  ++submitted_;
  auto why = routing_table::verdict::full;
  if (line_.empty() && !closed_ && !pending_.full()) {
    const auto to = table_.place(chooser_, {ticket_++, one.key}, when);
    if (to.what == routing_table::verdict::placed) {
      auto out = prepare(std::move(one), static_cast<worker_slot&>(*to.meter), when);
      lock.unlock();
      return deliver(std::move(out), host);
    }
    why = to.what;
  }
  submit_in_vain(std::move(one), why, when, lock);
}

/// Nobody takes it now.
void router_hub::submit_in_vain(waiting_message one, routing_table::verdict why, instant when,
                                decision& lock) {
  aftermath after;
  if (closed_)
    turn_away(std::move(one), caf::make_error(caf::sec::request_receiver_down), after);
  else if (pending_.full())
    turn_away(std::move(one), caf::error{service_error::overloaded}, after);
  else
    wait_or_refuse(std::move(one), why, when, after);
  lock.unlock();
  settle(std::move(after));
  pump();  // somebody may have finished between the choice and the wait
}

void router_hub::deliver(handoff&& out, caf::execution_unit* host) {
  if (out.tallied)
    out.tallied->way_in().bring(std::move(out.element), host);
  else
    out.to->enqueue(std::move(out.element), host);
}

/// Makes the message one of which it is known when it is finished.
router_hub::handoff router_hub::prepare(waiting_message&& one, worker_slot& slot, instant when) {
  if (one.number != 0) {  // once more
    slot.ask();
    handoff out{slot.worker, nullptr};
    auto& again = *pending_.find(one.number);
    again.slot = slot.shared_from_this();
    again.sent_at = when;
    again.deadline = when + options_.answer_limit;
    ++again.attempts;
    arm(again.deadline);
    out.element =
        caf::make_mailbox_element(caf::actor_cast<caf::strong_actor_ptr>(self_),
                                  id_of(one.number, again.attempts, again.whom.mid), {}, again.kept);
    return out;
  }
  auto& element = *one.element;
  const bool asks = element.mid.is_request();
  if (!asks && !keeps_ && slot.tells_when_done)
    return count_async(std::move(one.element), slot, chooser_.wants_latency() ? when : instant{});
  slot.ask();
  if (when == instant{}) when = now();
  pending_answer answer{
      slot.shared_from_this(), {nullptr, element.mid, {}}, when, when + options_.answer_limit};
  answer.key = one.key;
  if (asks) answer.whom = {std::move(element.sender), element.mid, std::move(element.stages)};
  if (keeps_) answer.kept = element.move_content_to_message();
  arm(answer.deadline);
  const auto like = element.mid;
  auto self = caf::actor_cast<caf::strong_actor_ptr>(self_);
  handoff out{slot.worker, nullptr};
  if (keeps_) {
    auto kept = answer.kept;
    const auto number = pending_.put(std::move(answer));
    out.element = caf::make_mailbox_element(std::move(self), id_of(number, 1, like), {}, std::move(kept));
  } else {
    element.mid = id_of(pending_.put(std::move(answer)), 1, like);
    element.sender = std::move(self);
    element.stages.clear();
    out.element = std::move(one.element);
  }
  return out;
}

router_hub::handoff router_hub::count_async(caf::mailbox_element_ptr&& element, worker_slot& slot,
                                            instant sent_at) {
  if (sent_at == instant{} && slot.tallies()) {
    slot.tally();
    return {{}, std::move(element), &slot};
  }
  slot.ask();
  return {slot.worker, caf::mailbox_element_ptr{new tracked_element{std::move(element), slot, sent_at}}};
}

/// Attempts are told apart, so that what comes late from a worker that ended is not taken for an answer of
/// its successor.
caf::message_id router_hub::id_of(std::uint64_t number, std::uint64_t attempt, caf::message_id like) const {
  constexpr auto bits = pending_table<pending_answer>::number_bits;
  return caf::message_id{(attempt << bits) | number}.with_category(like.category());
}

void router_hub::wait_or_refuse(waiting_message one, routing_table::verdict why, instant when,
                                aftermath& after) {
  if (when == instant{}) when = now();
  auto out = line_.offer(std::move(one), one.rank, when);
  if (!line_.empty()) {
    signals_->waiting.store(true);
    arm(when + options_.rules.bounds.waiting_limit);
  }
  if (!out) return;
  const bool nobody = why == routing_table::verdict::no_worker;
  turn_away(std::move(*out), caf::error{nobody ? service_error::no_worker : service_error::overloaded},
            after);
}

void router_hub::turn_away(waiting_message one, caf::error problem, aftermath& after) {
  requester whom;
  if (one.number != 0) {
    ++given_up_;
    whom = std::move(pending_.take(one.number)->whom);
  } else {
    ++rejected_;
  }
  after.refusals.push_back({std::move(one), std::move(whom), std::move(problem)});
}

void router_hub::settle(aftermath after) {
  news_.tell();
  for (auto& [message, whom, problem] : after.refusals) {
    if (message.element)
      refuse(*message.element, std::move(problem));
    else
      whom.fail(problem);
  }
  const auto lost = caf::make_error(caf::sec::request_receiver_down);
  for (auto& one : after.from_groups) settle_group(one, nullptr, &lost, nullptr);
  for (const auto& slot : after.failed) {
    slot->follow_up(false);
    slot->release();
  }
}

void router_hub::pump() {
  thread_local const router_hub* pumping = nullptr;
  if (pumping == this || !signals_->waiting.load()) return;  // a message that fails at once gets here again
  struct restore {
    const router_hub*& what;
    const router_hub* old;
    ~restore() { what = old; }
  } guard{pumping, std::exchange(pumping, this)};
  for (;;) {
    handoff out;
    {
      const decision lock{*this};
      const auto* first = line_.first();
      signals_->waiting.store(first != nullptr);
      if (!first) return;
      const auto when = now();
      const auto to = table_.place(chooser_, {ticket_++, first->key}, when);
      if (to.what != routing_table::verdict::placed) return;
      out = prepare(std::move(*line_.take()), static_cast<worker_slot&>(*to.meter), when);
    }
    deliver(std::move(out), nullptr);
  }
}

}  // namespace bulwark
