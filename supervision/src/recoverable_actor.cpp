// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/recoverable_actor.hpp"

#include <caf/all.hpp>
#include <exception>
#include <utility>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/core/invariant.hpp"

namespace bulwark {

namespace {

/// What an actor sends to itself when a save is due by time.
struct save_reminder {};

}  // namespace

}  // namespace bulwark

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::save_reminder)

namespace bulwark {

recoverable_base::recoverable_base(caf::actor_config& config, recovery_ptr points)
    : service_actor{config}, points_{std::move(points)} {
  BULWARK_INVARIANT(points_ != nullptr);
}

void recoverable_base::restore() {
  auto found = points_->begin(clock().now());
  while (found.state) {
    const auto problem = load_state(*found.state);
    if (!problem) break;
    found = points_->refuse(found, "its state is not understood: " + error_text(problem), clock().now());
  }
  incarnation_ = found.incarnation;
  points_->restored(found, clock().now());
}

caf::invoke_message_result recoverable_base::consume(caf::mailbox_element& element) {
  const bool counts = is_mail(element) && !element.content().match_elements<save_reminder>();
  const auto result = service_actor::consume(element);
  if (!counts || result != caf::invoke_message_result::consumed) return result;
  if (points_->handled(incarnation_, clock().now()) || save_wanted_)
    save_now();
  else
    remind();
  return result;
}

/// One reminder is on its way at most; it comes again if what it was meant for is not due yet.
void recoverable_base::remind() {
  const auto due = points_->due();
  if (!due || reminded_) return;
  reminded_ = true;
  scheduled_send(this, *due, save_reminder{});
}

bool recoverable_base::takes(caf::mailbox_element& element) {
  if (!element.content().match_elements<save_reminder>()) return false;
  reminded_ = false;
  if (const auto due = points_->due(); due && *due <= clock().now())
    save_now();
  else
    remind();
  return true;
}

void recoverable_base::save_now() {
  save_wanted_ = false;
  points_->save(incarnation_, save_state(), clock().now());
}

bool recoverable_base::cleanup(caf::error&& reason, caf::execution_unit* host) {
  if (!std::exchange(ended_, true)) {
    const bool failed = !is_orderly(describe_exit(reason).kind);
    try {
      if (!failed && (save_wanted_ || points_->unsaved() > 0)) save_now();
    } catch (const std::exception& problem) {
      points_->not_saved(problem.what(), clock().now());
    }
    points_->ended(incarnation_, clock().now(), failed);
  }
  return service_actor::cleanup(std::move(reason), host);
}

}  // namespace bulwark
