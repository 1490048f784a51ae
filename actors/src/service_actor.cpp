// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/service_actor.hpp"

#include <caf/all.hpp>
#include <typeinfo>
#include <utility>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/short_turn.hpp"
#include "tallied_message.hpp"
#include "tracked_element.hpp"
#include "worker_slot.hpp"

namespace bulwark {

namespace {

caf::result<caf::message> refuse_unknown(caf::scheduled_actor* self, caf::message_view&) {
  if (self->current_message_id().is_request()) return caf::make_error(caf::sec::unexpected_message);
  return caf::delegated<caf::message>{};  // no answer; caf::drop would send an error to the sender and may
                                          // kill it
}

caf::error text_of_exception(caf::scheduled_actor*, std::exception_ptr& thrown) {
  return error_of_exception(thrown);
}

}  // namespace

const mailbox_gauge* gauge_of(const caf::actor& whom) noexcept {
  return whom ? dynamic_cast<const mailbox_gauge*>(caf::actor_cast<caf::abstract_actor*>(whom)) : nullptr;
}

service_actor::service_actor(caf::actor_config& config) : caf::event_based_actor{config} {
  set_default_handler(refuse_unknown);
  set_error_handler([](caf::scheduled_actor*, caf::error&) {});
  set_exception_handler(text_of_exception);
}

void service_actor::enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) {
  if (!is_tallied(element->mid) || !admit_tallied(*element)) depth_.fetch_add(1, std::memory_order_relaxed);
  caf::event_based_actor::enqueue(std::move(element), host);
}

std::int64_t service_actor::depth() const noexcept {
  const auto* tallying = tallying_.load(std::memory_order_acquire);
  return depth_.load(std::memory_order_relaxed) + (tallying ? tallying->tallied_inside() : 0);
}

caf::invoke_message_result service_actor::consume(caf::mailbox_element& element) {
  bool well = false;
  if (!is_tallied(element.mid)) return handle(element, true, well);
  const auto mid = std::exchange(element.mid, not_tallied(element.mid));  // handlers may pass it on
  const auto result =
      handle(element, false, well);  // what it throws on fails with the rest, as the actor ends
  if (result == caf::invoke_message_result::skipped)
    element.mid = mid;
  else if (well)
    tally_for_->finish_tallied();
  else
    tally_for_->fail_tallied();
  return result;
}

caf::invoke_message_result service_actor::handle(caf::mailbox_element& element, bool counts, bool& well) {
  struct count_down {
    std::atomic<std::int64_t>& depth;
    std::atomic<std::uint64_t>& progress;
    bool counts;
    ~count_down() {
      if (counts) depth.fetch_sub(1, std::memory_order_relaxed);
      step(progress);
    }
    static void step(std::atomic<std::uint64_t>& count) {  // one writer: no need for an atomic increment
      count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
  } handled{depth_, progress_, counts};
  count_down::step(progress_);
  try {
    const auto result =
        takes(element) ? caf::invoke_message_result::consumed : caf::event_based_actor::consume(element);
    well = result != caf::invoke_message_result::skipped;
    if (!well) handled.counts = false;  // it waits on
    if (well && typeid(element) == typeid(tracked_element)) {
      auto& tracked = static_cast<tracked_element&>(element);
      tracked.handled(tracked.timed() ? clock().now() : instant{});
    }
    return result;
  } catch (...) {
    if (!passes_over(element, std::current_exception())) {
      keep_poison(element);
      throw;
    }
    return caf::invoke_message_result::consumed;
  }
}

void service_actor::pass_over_failures(failure_filter filter) {
  filter_.store(std::make_shared<const failure_filter>(std::move(filter)));
}

bool service_actor::passes_over(caf::mailbox_element& element, const std::exception_ptr& thrown) {
  const auto filter = filter_.load();
  if (!filter) return false;
  auto problem = error_of_exception(thrown);
  if (!(*filter)(describe_exit(problem))) return false;
  refuse(element, std::move(problem));
  return true;
}

// -- what it tells a router -----------------------------------------------------------------------

namespace {

/// The message that this thread brings to an actor as a tallied one.
struct tallied_pass {
  const service_actor* to;
  const caf::mailbox_element* element;  ///< null once it has come
  tallied_pass* outer;
};

constinit thread_local tallied_pass* open_pass = nullptr;

}  // namespace

bool service_actor::keep_tally(std::shared_ptr<worker_slot> slot) {
  if (keeps_tally_.exchange(true)) return false;
  tally_for_ = std::move(slot);  // read when a message of the slot comes, which is later
  tallying_.store(tally_for_.get(), std::memory_order_release);
  return true;
}

bool service_actor::enqueue_tallied(caf::mailbox_element_ptr element, caf::execution_unit* host) {
  tallied_pass pass{this, element.get(), open_pass};
  struct close_pass {
    tallied_pass* outer;
    ~close_pass() { open_pass = outer; }
  } at_last{std::exchange(open_pass, &pass)};
  element->mid = as_tallied(element->mid);
  enqueue(std::move(element), host);
  return pass.element == nullptr;
}

bool service_actor::admit_tallied(caf::mailbox_element& element) {
  if (open_pass && open_pass->to == this && open_pass->element == &element) {
    open_pass->element = nullptr;
    return true;
  }
  element.mid = not_tallied(element.mid);
  return false;
}

// -- what it leaves (see service_actor_mail.cpp) --------------------------------------------------

bool service_actor::leave_mail_to(mail_heir heir, bool with_poison) {
  will_.store(std::make_shared<const will>(will{std::move(heir), with_poison}));
  return !ending_.load();  // cleanup() looks in the other order, so that one of the two notices the other
}

bool service_actor::cleanup(caf::error&& reason, caf::execution_unit* host) {
  if (!ending_.exchange(true)) {
    if (const auto last_will = will_.exchange(nullptr)) last_will->heir(*this, reason);
    if (const auto poison = std::exchange(failed_on_, nullptr)) refuse(*poison, reason);  // nobody took it
  }
  const short_turn last_one;  // who hears of this end is best run by this thread, at once
  return caf::event_based_actor::cleanup(std::move(reason), host);
}

}  // namespace bulwark
