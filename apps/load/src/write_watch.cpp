// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/load/write_watch.hpp"

#include <algorithm>

namespace bulwark::load {

void write_watch::mark(instant fault) {
  const std::lock_guard lock(guard_);
  mark_ = last_ = fault;
  longest_ = {};
  first_.reset();
}

void write_watch::add(instant sent, instant acknowledged) {
  const std::lock_guard lock(guard_);
  if (acknowledged < mark_) return;
  longest_ = std::max(longest_, acknowledged - last_);
  last_ = std::max(last_, acknowledged);
  if (!first_ && sent >= mark_) first_ = acknowledged - mark_;
}

std::optional<duration> write_watch::first_write() const {
  const std::lock_guard lock(guard_);
  return first_;
}

duration write_watch::longest_gap(instant now) const {
  const std::lock_guard lock(guard_);
  return std::max(longest_, now - last_);
}

}  // namespace bulwark::load
