// SPDX-License-Identifier: BSD-3-Clause
#include "turnstile.hpp"

#include <algorithm>
#include <utility>

#include "bulwark/actors/core/choosers.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "worker_slot.hpp"

namespace bulwark {

// -- one of them ----------------------------------------------------------------------------------

void turnstile::open(worker_slot& slot, service_actor* counter) noexcept {
  slot_ = &slot;
  counter_ = counter;
  for (auto* count : {&asked, &tally, &done, &failed}) count->store(0, std::memory_order_relaxed);
  foreign.store(0, std::memory_order_relaxed);
  leases.store(0, std::memory_order_relaxed);
  weight.store(1, std::memory_order_relaxed);
  state_.store(0, std::memory_order_release);
}

turnstile::kept turnstile::shut(kept what) noexcept {
  last_ = std::move(what);
  const auto before = state_.fetch_or(shut_bit, std::memory_order_acq_rel);
  if ((before & inside_mask) != 0) return {};
  return std::move(last_);
}

void turnstile::bring(caf::mailbox_element_ptr element, caf::execution_unit* host) {
  struct way_out {
    turnstile& of;
    ~way_out() { of.leave(); }
  } const at_last{*this};
  if (!counter_->enqueue_tallied(std::move(element), host)) slot_->kept_from();
}

void turnstile::leave() noexcept {
  const auto before = state_.fetch_sub(one_inside, std::memory_order_acq_rel);
  if ((before & (shut_bit | inside_mask)) != (shut_bit | one_inside)) return;
  const auto last = std::move(last_);  // with it, this may get to another worker
}

// -- all of a router ------------------------------------------------------------------------------

turnstile& turnstile_pool::take() {
  const std::lock_guard lock{mutex_};
  if (free_.empty()) {
    free_.reserve(all_.size() + 1);
    return all_.emplace_back();
  }
  auto& one = *free_.back();
  free_.pop_back();
  return one;
}

void turnstile_pool::put_back(turnstile& one) noexcept {
  const std::lock_guard lock{mutex_};
  free_.push_back(&one);
}

void turnstile_row::show(const std::vector<turnstile*>& these) {
  const auto old = arrays_.empty() ? nullptr : arrays_.back().get();
  auto* into = old;
  if (these.size() > room_) {
    room_ = std::max<std::size_t>(8, 2 * these.size());
    arrays_.push_back(std::make_unique<place[]>(room_));
    into = arrays_.back().get();
  }
  for (std::size_t i = 0; i < these.size(); ++i) into[i].store(these[i], std::memory_order_relaxed);
  // Who sees the count sees an array that holds as many.
  if (into != old) places_.store(into, std::memory_order_release);
  count_.store(these.size(), std::memory_order_release);
}

namespace {

/// Each thread has numbers of its own: no cache line to share, and no two threads that go in step.
std::uint64_t next_ticket() noexcept {
  static std::atomic<std::uint64_t> threads{1};
  static constinit thread_local std::uint64_t ticket = 0;
  if (ticket == 0) ticket = threads.fetch_add(1, std::memory_order_relaxed) << 40;
  return ticket++;
}

}  // namespace

turnstile* turnstile_row::choose() const noexcept {
  const auto count = count_.load(std::memory_order_acquire);
  if (count == 0) return nullptr;
  const auto* places = places_.load(std::memory_order_acquire);
  if (count == 1) return places[0].load(std::memory_order_relaxed);
  const auto [one, other] = two_places(count, next_ticket());
  auto* const first = places[one].load(std::memory_order_relaxed);
  auto* const second = places[other].load(std::memory_order_relaxed);
  // Cost is load by weight, as for choose_of_two; here without a division.
  const auto weight_first = first->weight.load(std::memory_order_relaxed);
  const auto weight_second = second->weight.load(std::memory_order_relaxed);
  return second->load() * weight_first < first->load() * weight_second ? second : first;
}

}  // namespace bulwark
