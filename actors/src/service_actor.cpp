// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/service_actor.hpp"

#include <caf/all.hpp>
#include <typeinfo>
#include <utility>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/short_turn.hpp"
#include "tracked_element.hpp"

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
  depth_.fetch_add(1, std::memory_order_relaxed);
  caf::event_based_actor::enqueue(std::move(element), host);
}

caf::invoke_message_result service_actor::consume(caf::mailbox_element& element) {
  struct count_down {
    std::atomic<std::int64_t>& depth;
    std::atomic<std::uint64_t>& progress;
    bool keep = false;
    ~count_down() {
      if (!keep) depth.fetch_sub(1, std::memory_order_relaxed);
      step(progress);
    }
    static void step(std::atomic<std::uint64_t>& count) {  // one writer: no need for an atomic increment
      count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
  } handled{depth_, progress_};
  count_down::step(progress_);
  try {
    if (takes(element)) return caf::invoke_message_result::consumed;
    const auto result = caf::event_based_actor::consume(element);
    handled.keep = result == caf::invoke_message_result::skipped;  // it waits on
    if (!handled.keep && typeid(element) == typeid(tracked_element)) {
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
