// SPDX-License-Identifier: BSD-3-Clause
#include "worker_slot.hpp"

#include "router_hub.hpp"

namespace bulwark {

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

void worker_slot::left(std::uint64_t sent) noexcept {
  const auto more = static_cast<std::int64_t>(sent);
  if (balance_.fetch_add(more) + more != 0) return;
  const auto last = std::move(self_);
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
