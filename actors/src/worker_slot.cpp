// SPDX-License-Identifier: BSD-3-Clause
#include "worker_slot.hpp"

#include "router_hub.hpp"
#include "tallied_message.hpp"
#include "tracked_element.hpp"

namespace bulwark {

worker_slot::worker_slot(caf::actor handle, std::weak_ptr<router_hub> hub,
                         std::shared_ptr<router_signals> signals, std::shared_ptr<turnstile_pool> from,
                         service_actor* tells)
    : worker{std::move(handle)},
      tells_when_done{tells != nullptr},
      teller_{tells},
      wants_to_know_{signals->judges || signals->bounded},
      pool_{std::move(from)},
      turnstile_{pool_->take()},
      gauge_{gauge_of(worker)},
      hub_{std::move(hub)},
      signals_{std::move(signals)} {}

worker_slot::~worker_slot() { pool_->put_back(turnstile_); }

double worker_slot::latency(instant now) const noexcept {
  if (averaging_.test_and_set(std::memory_order_acquire)) return 0;  // somebody adds to it: not known now
  const auto value = latency_.value(now);
  averaging_.clear(std::memory_order_release);
  return value;
}

void worker_slot::observe(duration taken, instant now) noexcept {
  if (averaging_.test_and_set(std::memory_order_acquire)) return;  // a sample less does no harm
  latency_.observe(taken, now);
  averaging_.clear(std::memory_order_release);
}

bool worker_slot::has_ended() const {
  if (!worker) return false;
  auto* actor = caf::actor_cast<caf::abstract_actor*>(worker);
  if (actor->getf(caf::abstract_actor::is_terminated_flag | caf::abstract_actor::is_cleaned_up_flag))
    return true;
  // The flags come last; while an actor ends, it answers what it has left behind a closed mailbox.
  auto* scheduled = dynamic_cast<caf::scheduled_actor*>(actor);
  return scheduled && scheduled->mailbox().closed();
}

void worker_slot::finish(bool well) {
  count(well);
  follow_up(well);
  release();
}

void worker_slot::release() noexcept {
  if (balance_.fetch_sub(1) != 1) return;
  const auto last = std::move(self_);  // it has left, and this was the last message
}

void worker_slot::joined() {
  self_ = shared_from_this();
  turnstile_.open(*this, teller_);
  tallies_ = teller_ && teller_->keep_tally(shared_from_this());
}

turnstile::kept worker_slot::shut() noexcept {
  return turnstile_.shut({std::exchange(worker, {}), shared_from_this()});
}

void worker_slot::left(std::uint64_t sent) noexcept {
  const auto more = static_cast<std::int64_t>(sent - tallied_);
  if (balance_.fetch_add(more) + more != 0) return;
  const auto last = std::move(self_);
}

// -- messages that the worker counts ---------------------------------------------------------------

void worker_slot::tally() noexcept {
  ++tallied_;
  (void)turnstile_.enter();  // a member's is not shut
}

void worker_slot::kept_from() {
  if (const auto hub = hub_.lock()) hub->kept_from(*this);
}

/// One writer, so that no atomic increment is needed. A router without bounds has nothing to do when one of
/// its messages is finished; it only has to see the work of the handler when it sees the count. One with
/// bounds may let messages wait: it notes that, then looks at the count; here it is the other way round, and
/// as both are sequentially consistent, one of the two sees the other.
void worker_slot::finish_tallied() {
  const auto count = turnstile_.tally.load(std::memory_order_relaxed) + 1;
  if (!wants_to_know_) return turnstile_.tally.store(count, std::memory_order_release);
  turnstile_.tally.store(count);
  follow_up(true);
}

std::int64_t worker_slot::tallied_inside() const noexcept {
  const auto finished =
      turnstile_.tally.load(std::memory_order_acquire) + tallied_away_.load(std::memory_order_acquire);
  return static_cast<std::int64_t>(turnstile_.entered() - finished);
}

void worker_slot::give_up_tallied() noexcept {
  tallied_away_.fetch_add(1);
  count(false);
}

void worker_slot::fail_tallied() {
  give_up_tallied();
  follow_up(false);
}

caf::mailbox_element_ptr worker_slot::tracked(caf::mailbox_element_ptr element) {
  tallied_away_.fetch_add(1);
  element->mid = not_tallied(element->mid);
  return caf::mailbox_element_ptr{new tracked_element{std::move(element), shared_from_this()}};
}

void worker_slot::ended() noexcept {
  if (!std::exchange(tallies_, false)) return;
  turnstile_.failed.fetch_add(static_cast<std::uint64_t>(tallied_inside()));
}

void worker_slot::follow_up(bool well) {
  const bool news = signals_->judges && (!well || suspected_.load(std::memory_order_relaxed));
  // Counted before, and looked at now: whoever lets a message wait does it the other way round.
  if (!news && !signals_->waiting.load()) return;
  const auto hub = hub_.lock();
  if (!hub) return;
  if (news) {
    suspected_.store(!well, std::memory_order_relaxed);
    hub->judge(id, well);
  }
  hub->pump();
}

}  // namespace bulwark
