// SPDX-License-Identifier: BSD-3-Clause
// The workers of a router: who comes, goes, and is asked about.
#include <algorithm>

#include "bulwark/actors/compat.hpp"
#include "router_hub.hpp"

namespace bulwark {

void router_hub::add(const caf::actor& worker, double weight) {
  auto* const tells = dynamic_cast<service_actor*>(caf::actor_cast<caf::abstract_actor*>(worker));
  auto slot = std::make_shared<worker_slot>(worker, weak_from_this(), signals_, turnstiles_, tells);
  {
    const decision lock{*this};
    if (closed_ || find(worker) != slots_.end()) return;
    slot->id = table_.join(slot, weight, now());
    slots_.push_back(slot);
    slot->joined();
    note(worker_event_kind::joined, *slot);
  }
  news_.tell();
  // Weak, so that neither keeps the other alive. Attached outside the lock: a worker that ended already runs
  // this at once.
  worker->attach_functor([hub = weak_from_this(), slot = std::move(slot)] {
    if (const auto strong = hub.lock()) strong->gone(*slot);
  });
  pump();
}

void router_hub::remove(const caf::actor& worker) {
  aftermath after;
  {
    const decision lock{*this};
    if (const auto at = find(worker); at != slots_.end()) leave(at, after);
  }
  news_.tell();
}

/// The worker has ended: what it had and did not answer is lost with it.
void router_hub::gone(worker_slot& slot) {
  aftermath after;
  {
    const decision lock{*this};
    const auto id = slot.id;
    const auto at = std::ranges::find_if(slots_, [id](const auto& each) { return each->id == id; });
    if (at != slots_.end()) leave(at, after);
    slot.ended();  // nothing more goes in
    const auto was_its = [id](const pending_answer& one) { return one.slot && one.slot->id == id; };
    for (const auto number : pending_.numbers_if(was_its))
      lose(number, caf::make_error(caf::sec::request_receiver_down), now(), after);
  }
  settle(std::move(after));
  pump();
}

void router_hub::leave(slot_list::iterator at, aftermath& after) {
  note(worker_event_kind::left, **at);
  after.left.push_back((*at)->shut());
  (*at)->left(table_.leave((*at)->id));
  slots_.erase(at);
}

router_hub::slot_list::iterator router_hub::find(const caf::actor& worker) {
  return std::ranges::find_if(slots_, [&](const auto& slot) { return slot->worker == worker; });
}

void router_hub::drain(const caf::actor& worker, bool on) {
  {
    const decision lock{*this};
    if (const auto at = find(worker); at != slots_.end() && table_.drain((*at)->id, on, now()))
      note(on ? worker_event_kind::drained : worker_event_kind::undrained, **at);
  }
  news_.tell();
  if (!on) pump();
}

void router_hub::note(worker_event_kind what, const worker_slot& slot) {
  news_.note({what, static_cast<std::uint64_t>(slot.id), slot.worker.address()});
}

void router_hub::note(worker_event_kind what, worker_id id) {
  const auto at = std::ranges::find_if(slots_, [id](const auto& slot) { return slot->id == id; });
  if (at != slots_.end()) note(what, **at);
}

void router_hub::report(const caf::actor& worker, std::int64_t load) {
  const decision lock{*this};
  signals_->takes_time = true;  // reports grow old
  if (const auto at = find(worker); at != slots_.end()) table_.report((*at)->id, load, now());
}

void router_hub::prefer(const caf::actor& worker, double factor) {
  const decision lock{*this};
  if (const auto at = find(worker); at != slots_.end()) table_.prefer((*at)->id, factor);
  arranged_.reset();
}

void router_hub::choose_by(any_chooser chooser, std::optional<routing_kind> kind) {
  {
    const decision lock{*this};
    std::swap(chooser_, chooser);  // the old one ends outside the lock
    kind_ = kind;
    if (chooser_.wants_latency()) signals_->takes_time = true;
  }
}

std::optional<routed> router_hub::lease() {
  std::lock_guard lock{mutex_};
  const auto id = table_.choose_only(chooser_, {ticket_++, 0}, now());
  if (!id) return std::nullopt;
  const auto& slot = *std::ranges::find_if(slots_, [&](const auto& one) { return one->id == *id; });
  return routed{slot->worker, load_lease{{slot, &slot->way_in().leases}}};
}

std::vector<worker_load> router_hub::loads() const {
  std::lock_guard lock{mutex_};
  std::vector<worker_load> all;
  for (const auto& one : table_.workers()) {
    const auto slot = std::ranges::find_if(slots_, [&](const auto& each) { return each->id == one.id; });
    all.push_back({(*slot)->worker, one.leases, one.counts.in_flight(), one.load, one.counts.done,
                   one.counts.failed, one.weight, one.draining, one.ejected, one.preference});
  }
  return all;
}

router_counts router_hub::counts() const {
  std::lock_guard lock{mutex_};
  const auto sum = table_.totals();
  router_counts all;
  all.submitted = submitted_ + sum.beside;
  all.done = sum.done;
  all.rejected = rejected_;
  all.failed = sum.failed - redelivered_ + given_up_;
  all.redelivered = redelivered_;
  all.in_flight = sum.in_flight();
  all.waiting = line_.size();
  return all;
}

}  // namespace bulwark
