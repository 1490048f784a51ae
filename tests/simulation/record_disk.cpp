// SPDX-License-Identifier: BSD-3-Clause
#include "record_disk.hpp"

#include <algorithm>
#include <utility>

namespace bulwark::test {

using namespace consensus;

std::vector<persist> record_disk::sync(std::size_t count) {
  std::vector<persist> done;
  for (; count > 0 && !unsynced_.empty(); --count) {
    for (const auto& one : unsynced_.front().records) keep(one);
    done.push_back(std::move(unsynced_.front()));
    unsynced_.pop_front();
  }
  return done;
}

std::size_t record_disk::power_cut() {
  std::size_t lost = 0;
  for (const auto& one : unsynced_) lost += one.records.size();
  unsynced_.clear();
  return lost;
}

void record_disk::keep(const record& what) {
  if (const auto* made = std::get_if<promise_record>(&what)) promised_ = std::max(promised_, made->promised);
  if (const auto* known = std::get_if<chosen_record>(&what)) chosen_ = std::max(chosen_, known->chosen);
  if (const auto* entry = std::get_if<accepted_entry>(&what)) entries_[entry->at] = *entry;
}

recovered_state record_disk::recover() const {
  recovered_state found{promised_, chosen_, {}};
  for (auto entry = entries_.upper_bound(chosen_); entry != entries_.end(); ++entry)
    found.entries.push_back(entry->second);
  return found;
}

std::vector<chosen_entry> record_disk::read(slot first, slot last, std::size_t bytes_max) const {
  std::vector<chosen_entry> found;
  std::size_t bytes_read = 0;
  for (auto at = first; at <= last; at = next(at)) {
    const auto entry = entries_.find(at);
    if (entry == entries_.end()) break;
    for (const auto& one : entry->second.what.commands) bytes_read += one.payload.size();
    if (!found.empty() && bytes_read > bytes_max) break;
    found.push_back({at, entry->second.what});
  }
  return found;
}

const accepted_entry* record_disk::find(slot at) const {
  const auto found = entries_.find(at);
  return found == entries_.end() ? nullptr : &found->second;
}

}  // namespace bulwark::test
