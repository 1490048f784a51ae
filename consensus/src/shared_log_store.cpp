// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/shared_log_store.hpp"

#include <exception>
#include <utility>

namespace bulwark::consensus {

shared_log_store::shared_log_store(std::unique_ptr<log_store> store, std::function<instant()> now)
    : store_{std::move(store)}, now_{std::move(now)} {}

bool shared_log_store::append_quickly(std::span<const group_record> records) {
  if (records.size() > quick_records_max) return false;
  const std::unique_lock lock{mutex_, std::try_to_lock};
  if (!lock || !store_ || !pace_.is_calm(now_())) return false;
  try {
    append_and_time(records);
    return true;
  } catch (const std::exception&) {
    // Nothing was written, or the store is latched and will say so again to its owner.
    return false;
  }
}

void shared_log_store::close() {
  const std::lock_guard lock{mutex_};
  store_.reset();
}

void shared_log_store::append(std::span<const group_record> records) {
  const std::lock_guard lock{mutex_};
  append_and_time(records);
}

void shared_log_store::append_and_time(std::span<const group_record> records) {
  const auto begin = now_();
  store_->append(records);
  pace_.add(begin, now_());
}

recovered_state shared_log_store::recover(group_id group) {
  const std::lock_guard lock{mutex_};
  return store_->recover(group);
}

std::vector<chosen_entry> shared_log_store::read(group_id group, slot first, slot last,
                                                 std::size_t bytes_max) {
  const std::lock_guard lock{mutex_};
  return store_->read(group, first, last, bytes_max);
}

std::unique_ptr<snapshot_writer> shared_log_store::begin_snapshot(group_id group, slot at) {
  const std::lock_guard lock{mutex_};
  return store_->begin_snapshot(group, at);
}

void shared_log_store::finish_snapshot(group_id group, snapshot_writer& written, bool installed) {
  const std::lock_guard lock{mutex_};
  store_->finish_snapshot(group, written, installed);
}

snapshot_part shared_log_store::read_snapshot(group_id group, slot at, std::uint64_t offset,
                                              std::size_t bytes_max) {
  const std::lock_guard lock{mutex_};
  return store_->read_snapshot(group, at, offset, bytes_max);
}

slot shared_log_store::kept(group_id group) {
  const std::lock_guard lock{mutex_};
  return store_->kept(group);
}

}  // namespace bulwark::consensus
