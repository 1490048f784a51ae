// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/core/routing_table.hpp"

#include <algorithm>
#include <cmath>

#include "bulwark/actors/core/invariant.hpp"

namespace bulwark {

namespace {

void add(routing_counts& to, const routing_counts& more) {
  to.sent += more.sent;
  to.done += more.done;
  to.failed += more.failed;
  to.beside += more.beside;
}

}  // namespace

std::int64_t routing_table::entry::in_flight() const noexcept {
  const auto here = meter->read();
  return static_cast<std::int64_t>(sent + here.beside - here.finished);
}

routing_counts routing_table::entry::counts() const noexcept {
  const auto done = meter->done(), failed = meter->failed();
  const auto beside = meter->beside();  // after the others: nothing is finished that was not sent
  return {sent + beside, done, failed, beside};
}

// -- who is there ---------------------------------------------------------------------------------

worker_id routing_table::join(std::shared_ptr<load_meter> meter, double weight, instant now) {
  BULWARK_INVARIANT(meter != nullptr && weight > 0);
  see(now);
  const worker_id id{++last_id_};
  auto& one = entries_.emplace_back();
  one.id = id;
  one.meter = std::move(meter);
  one.weight = weight;
  start(one, now);
  settle();
  return id;
}

void routing_table::start(entry& one, instant now) {
  one.started = now;
  one.failures = 0;
  if (rules_.slow_start.window > duration::zero()) slow_starts_ = true;
}

std::uint64_t routing_table::leave(worker_id id) {
  const auto at = std::ranges::find(entries_, id, &entry::id);
  if (at == entries_.end()) return 0;
  const auto sent = at->sent;
  retired_.push_back(std::move(*at));
  entries_.erase(at);
  std::erase_if(retired_, [this](const entry& one) {
    const auto counts = one.counts();
    if (counts.in_flight() > 0) return false;
    add(gone_, counts);
    return true;
  });
  settle();
  return sent;
}

bool routing_table::drain(worker_id id, bool on, instant now) {
  see(now);
  auto* one = find(id);
  if (!one || one->draining == on) return false;
  one->draining = on;
  if (!on) start(*one, now);
  settle();
  return true;
}

void routing_table::report(worker_id id, std::int64_t load, instant now) {
  see(now);
  if (auto* one = find(id))
    one->reported = reported_load{std::max<std::int64_t>(0, load), one->counts().in_flight(), now};
}

void routing_table::prefer(worker_id id, double factor) {
  BULWARK_INVARIANT(factor > 0 && factor <= 1);
  if (auto* one = find(id)) one->preference = factor;
}

// -- who fails ------------------------------------------------------------------------------------

bool routing_table::failed(worker_id id, instant now) {
  see(now);
  const auto& rule = rules_.ejection;
  auto* one = find(id);
  if (!one || rule.failures == 0 || one->ejected_until || ++one->failures < rule.failures) return false;
  const auto out =
      std::ranges::count_if(entries_, [](const entry& e) { return e.ejected_until.has_value(); });
  if (static_cast<double>(out + 1) > rule.fraction_max * static_cast<double>(entries_.size())) return false;
  auto time = rule.time;
  for (std::uint32_t again = 0; again < one->ejections && time < rule.time_max; ++again) time *= 2;
  one->ejected_until = now + std::min(time, rule.time_max);
  ++one->ejections;
  settle();
  return true;
}

void routing_table::succeeded(worker_id id) {
  auto* one = find(id);
  if (!one || one->ejected_until) return;
  one->failures = 0;
  one->ejections = 0;
}

std::vector<worker_id> routing_table::tick(instant now) {
  see(now);
  look_at_mailboxes();
  std::vector<worker_id> back;
  for (auto& one : entries_) {
    if (!one.ejected_until || *one.ejected_until > now) continue;
    one.ejected_until.reset();
    start(one, now);
    one.failures = rules_.ejection.failures - 1;  // on probation: one more, and it is out for longer
    back.push_back(one.id);
  }
  if (!back.empty()) settle();
  return back;
}

std::optional<instant> routing_table::next_wakeup() const {
  std::optional<instant> next;
  for (const auto& one : entries_)
    if (one.ejected_until && (!next || *one.ejected_until < *next)) next = one.ejected_until;
  return next;
}

/// Who may be chosen has changed.
void routing_table::settle() {
  ++version_;
  in_use_.clear();
  std::size_t present = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].draining) continue;
    ++present;
    if (!entries_[i].ejected_until) in_use_.push_back(i);
  }
  panic_ = static_cast<double>(in_use_.size()) < rules_.ejection.panic_below * static_cast<double>(present);
  if (!panic_) return;
  in_use_.clear();
  for (std::size_t i = 0; i < entries_.size(); ++i)
    if (!entries_[i].draining) in_use_.push_back(i);
}

void routing_table::see(instant now) {
  if (now > now_) now_ = now;
  if (!slow_starts_) return;
  const auto window = rules_.slow_start.window;
  slow_starts_ = std::ranges::any_of(entries_, [&](const entry& one) { return now_ < one.started + window; });
}

// -- who gets it ----------------------------------------------------------------------------------

bool routing_table::has_room(const entry& one) const noexcept {
  return rules_.bounds.per_worker == 0 || one.in_flight() < rules_.bounds.per_worker;
}

/// A pass over all workers; only for routers that have a bound.
bool routing_table::is_full() const noexcept {
  if (rules_.bounds.in_flight == 0) return false;
  return totals().in_flight() >= rules_.bounds.in_flight;
}

routing_table::placement routing_table::send_to(entry& one) {
  ++one.sent;
  return {verdict::placed, one.id, one.meter.get()};
}

routing_table::placement routing_table::place(any_chooser& chooser, const routing_call& call, instant now) {
  see(now);
  if (in_use_.empty()) return {verdict::no_worker};
  if (is_full()) return {verdict::full};
  if (call.ticket % choices_per_look == 0) look_at_mailboxes();
  auto& chosen = entries_[in_use_[std::min(chooser.choose(*this, call), in_use_.size() - 1)]];
  if (has_room(chosen)) return send_to(chosen);
  // The policy named one that is full: the cheapest of those that are not is closest to what it wants.
  entry* best = nullptr;
  double least = 0;
  for (std::size_t i = 0; i < in_use_.size(); ++i) {
    auto& one = entries_[in_use_[i]];
    if (!has_room(one)) continue;
    if (const auto here = cost(i); !best || here < least) {
      best = &one;
      least = here;
    }
  }
  return best ? send_to(*best) : placement{verdict::full};
}

std::vector<routing_table::placement> routing_table::place_all(instant now) {
  see(now);
  std::vector<placement> all;
  if (is_full()) return all;
  for (const auto i : in_use_)
    if (has_room(entries_[i])) all.push_back(send_to(entries_[i]));
  return all;
}

std::optional<worker_id> routing_table::choose_only(any_chooser& chooser, const routing_call& call,
                                                    instant now) {
  see(now);
  look_at_mailboxes();
  if (in_use_.empty()) return std::nullopt;
  return entries_[in_use_[std::min(chooser.choose(*this, call), in_use_.size() - 1)]].id;
}

// -- what is seen of them -------------------------------------------------------------------------

std::int64_t routing_table::load_of(const entry& one, std::int64_t in_flight, std::int64_t foreign,
                                    std::int64_t leases) const noexcept {
  auto load = in_flight + foreign;
  if (one.reported && now_ - one.reported->at <= rules_.report_limit)
    load = std::max(load, one.reported->load + in_flight - one.reported->in_flight);
  return load + leases;
}

void routing_table::look_at_mailboxes() {
  for (auto& one : entries_) one.foreign = std::max<std::int64_t>(0, one.meter->mailbox() - one.in_flight());
}

double routing_table::weight_of(const entry& one) const noexcept {
  const auto& rule = rules_.slow_start;
  const auto full = one.weight * one.preference;
  if (!slow_starts_ || now_ >= one.started + rule.window) return full;
  const auto passed = std::max(duration::zero(), now_ - one.started);
  const auto share = static_cast<double>(passed.count()) / static_cast<double>(rule.window.count());
  return full * std::clamp(std::pow(share, 1 / rule.aggression), rule.floor, 1.0);
}

std::int64_t routing_table::load(std::size_t place) const noexcept {
  const auto& one = entries_[in_use_[place]];
  const auto now_there = one.meter->read();
  return load_of(one, static_cast<std::int64_t>(one.sent + now_there.beside - now_there.finished),
                 one.foreign, now_there.leases);
}

double routing_table::weight(std::size_t place) const noexcept { return weight_of(entries_[in_use_[place]]); }

double routing_table::latency(std::size_t place) const noexcept {
  return entries_[in_use_[place]].meter->latency(now_);
}

std::uint64_t routing_table::identity(std::size_t place) const noexcept {
  return static_cast<std::uint64_t>(entries_[in_use_[place]].id);
}

routing_table::entry* routing_table::find(worker_id id) {
  const auto at = std::ranges::lower_bound(entries_, id, {}, &entry::id);
  return at != entries_.end() && at->id == id ? &*at : nullptr;
}

const load_meter* routing_table::meter_of(worker_id id) const {
  const auto at = std::ranges::lower_bound(entries_, id, {}, &entry::id);
  return at != entries_.end() && at->id == id ? at->meter.get() : nullptr;
}

std::vector<worker_status> routing_table::workers() const {
  std::vector<worker_status> all;
  for (const auto& one : entries_) {
    const auto counts = one.counts();
    const auto foreign = std::max<std::int64_t>(0, one.meter->mailbox() - counts.in_flight());
    const auto leases = one.meter->leases();
    all.push_back({one.id, counts, leases, load_of(one, counts.in_flight(), foreign, leases), weight_of(one),
                   one.draining, one.ejected_until.has_value(), one.preference});
  }
  return all;
}

routing_counts routing_table::totals() const {
  auto sum = gone_;
  for (const auto& one : entries_) add(sum, one.counts());
  for (const auto& one : retired_) add(sum, one.counts());
  return sum;
}

std::string validate(const routing_rules& rules) {
  const auto& [bounds, slow, eject, report] = rules;
  if (bounds.per_worker < 0 || bounds.in_flight < 0) return "bounds are 0 (none) or above";
  if (bounds.waiting_max == 0) return "waiting_max is at least 1";
  if (bounds.waiting_limit <= duration::zero()) return "waiting_limit is above 0";
  if (slow.window < duration::zero()) return "the window of a slow start is 0 (none) or above";
  if (!(slow.aggression > 0) || !std::isfinite(slow.aggression)) return "aggression is above 0";
  if (!(slow.floor > 0 && slow.floor <= 1)) return "the floor of a slow start is above 0 and at most 1";
  if (eject.failures > 0 && (eject.time <= duration::zero() || eject.time_max < eject.time))
    return "the time of an ejection is above 0 and at most time_max";
  if (!(eject.fraction_max >= 0 && eject.fraction_max <= 1)) return "fraction_max is between 0 and 1";
  if (!(eject.panic_below >= 0 && eject.panic_below <= 1)) return "panic_below is between 0 and 1";
  if (report <= duration::zero()) return "report_limit is above 0";
  return {};
}

}  // namespace bulwark
