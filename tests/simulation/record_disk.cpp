// SPDX-License-Identifier: BSD-3-Clause
#include "record_disk.hpp"

#include <algorithm>
#include <cstdlib>
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
  unfinished_ = {};  // whole, torn or gone: whoever starts removes it
  return lost;
}

void record_disk::keep(const record& what) {
  if (const auto* made = std::get_if<promise_record>(&what)) promised_ = std::max(promised_, made->promised);
  if (const auto* known = std::get_if<chosen_record>(&what)) chosen_ = std::max(chosen_, known->chosen);
  if (const auto* entry = std::get_if<accepted_entry>(&what); entry && entry->at > kept())
    entries_[entry->at] = *entry;
}

std::uint64_t record_disk::write_piece(slot at, bool installed, std::uint64_t offset, std::string_view data) {
  auto& writing = unfinished_[installed];
  if (offset == 0) writing = {at, {}};
  if (writing.at != at || writing.state.size() != offset) std::abort();
  writing.state += data;
  return writing.state.size();
}

void record_disk::finish(const snapshot_id& which, bool installed) {
  auto [at, state] = std::exchange(unfinished_[installed], {});
  if (at != which.at || state.size() != which.total || snapshot_hash(state) != which.hash) std::abort();
  if (which.at <= newest()) return;
  if (installed) snapshots_.clear();
  snapshots_.emplace_back(which, std::move(state));
  if (snapshots_.size() > 2) snapshots_.pop_front();
  // A first own snapshot has nothing to fall back to but the whole log.
  if (installed || snapshots_.size() == 2) kept_ = snapshots_.front().first.at;
  entries_.erase(entries_.begin(), entries_.upper_bound(kept_));
}

snapshot_part record_disk::read_snapshot(const fetch_snapshot& what) const {
  if (snapshots_.empty()) return {};
  for (const auto& [id, state] : snapshots_)
    if (id.at == what.at && what.offset <= state.size())
      return {id, what.offset, state.substr(what.offset, what.bytes_max)};
  const auto& [id, state] = snapshots_.back();
  return {id, 0, state.substr(0, what.bytes_max)};
}

recovered_state record_disk::recover() const {
  recovered_state found{promised_, std::max(chosen_, newest()), {}, newest(), kept()};
  for (auto entry = entries_.upper_bound(found.chosen); entry != entries_.end(); ++entry)
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
