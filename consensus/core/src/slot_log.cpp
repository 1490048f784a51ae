// SPDX-License-Identifier: BSD-3-Clause
#include "slot_log.hpp"

#include <algorithm>
#include <utility>

#include "bulwark/actors/core/invariant.hpp"

namespace bulwark::consensus {

std::size_t bytes_of(const value& what) {
  std::size_t bytes_used = sizeof(held_entry);
  for (const auto& one : what.commands) bytes_used += sizeof(command) + one.payload.size();
  return bytes_used;
}

slot_log::slot_log(slot chosen, std::size_t cached_bytes)
    : first_{next(chosen)}, chosen_{chosen}, cached_bytes_max_{cached_bytes} {}

slot slot_log::last() const { return slot{number(first_) + entries_.size() - 1}; }

const held_entry* slot_log::find(slot at) const {
  if (at < first_ || index(at) >= entries_.size()) return nullptr;
  const auto& found = entries_[index(at)];
  return found.present ? &found : nullptr;
}

void slot_log::put(slot at, ballot under, value what, std::uint64_t written) {
  BULWARK_INVARIANT(at > chosen_);
  if (index(at) >= entries_.size()) entries_.resize(index(at) + 1);
  const auto bytes_used = bytes_of(what);
  entries_[index(at)] = {under, std::move(what), written, bytes_used, true};
}

void slot_log::choose_accepted(slot last, ballot under) {
  while (chosen_ < last) {
    const auto* candidate = find(next(chosen_));
    if (!candidate || candidate->under != under) return;
    chosen_ = next(chosen_);
  }
}

void slot_log::choose_next() {
  BULWARK_INVARIANT(find(next(chosen_)) != nullptr);
  chosen_ = next(chosen_);
}

void slot_log::count_applied() {
  BULWARK_INVARIANT(applied_ < chosen_);
  applied_ = next(applied_);
  if (const auto* done = find(applied_)) cached_bytes_ += done->bytes;
}

void slot_log::jump_to(slot at) {
  BULWARK_INVARIANT(at >= applied_);
  // During the replay, what lies between is in the store.
  if (at > chosen_ || first_ <= at) {
    for (; first_ <= at && !entries_.empty(); first_ = next(first_)) entries_.pop_front();
    first_ = std::max(first_, next(at));
    cached_bytes_ = 0;
  }
  chosen_ = std::max(chosen_, at);
  applied_ = at;
}

void slot_log::evict(std::uint64_t durable) {
  while (cached_bytes_ > cached_bytes_max_ && first_ <= applied_ && entries_.front().written <= durable) {
    cached_bytes_ -= entries_.front().bytes;
    entries_.pop_front();
    first_ = next(first_);
  }
}

}  // namespace bulwark::consensus
