// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/memory_log_store.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace bulwark::consensus {

void memory_log_medium::fail_appends(std::optional<log_error> with) {
  const std::lock_guard lock{mutex_};
  failure_ = with;
}

std::size_t memory_log_medium::appends() const {
  const std::lock_guard lock{mutex_};
  return appends_;
}

void memory_log_medium::throw_if_told_to() const {
  const std::lock_guard lock{mutex_};
  if (failure_) throw log_failure{*failure_, "memory log: told to fail"};
}

void memory_log_medium::hold_back(bool on) {
  const std::lock_guard lock{mutex_};
  holding_back_ = on;
}

void memory_log_medium::sync() {
  const std::lock_guard lock{mutex_};
  durable_.insert(durable_.end(), unsynced_.begin(), unsynced_.end());
  unsynced_.clear();
}

void memory_log_medium::power_cut() {
  const std::lock_guard lock{mutex_};
  unsynced_.clear();
  for (auto& [group, log] : groups_) log = {{}, {}, {}, std::move(log.snapshots), log.kept};
  for (const auto& what : durable_) apply(what, groups_);
}

void memory_log_medium::apply(const group_record& what, std::map<group_id, group_log>& logs) const {
  auto& log = logs[what.group];
  if (const auto* promise = std::get_if<promise_record>(&what.what))
    log.promised = std::max(log.promised, promise->promised);
  if (const auto* chosen = std::get_if<chosen_record>(&what.what))
    log.chosen = std::max(log.chosen, chosen->chosen);
  if (const auto* entry = std::get_if<accepted_entry>(&what.what); entry && entry->at > log.kept)
    log.entries[entry->at] = *entry;
}

memory_log_store::memory_log_store(std::shared_ptr<memory_log_medium> medium) : medium_{std::move(medium)} {}

void memory_log_store::append(std::span<const group_record> records) {
  const std::lock_guard lock{medium_->mutex_};
  if (latched_) throw log_failure{log_error::failed, "memory log: latched"};
  if (medium_->failure_) {
    latched_ = *medium_->failure_ == log_error::failed;
    throw log_failure{*medium_->failure_, "memory log: told to fail"};
  }
  for (const auto& what : records) medium_->apply(what, medium_->groups_);
  ++medium_->appends_;
  auto& to = medium_->holding_back_ ? medium_->unsynced_ : medium_->durable_;
  to.insert(to.end(), records.begin(), records.end());
}

recovered_state memory_log_store::recover(group_id group) {
  const std::lock_guard lock{medium_->mutex_};
  const auto found = medium_->groups_.find(group);
  if (found == medium_->groups_.end()) return {};
  const auto& snapshots = found->second.snapshots;
  const auto newest = snapshots.empty() ? slot::none : snapshots.rbegin()->first;
  recovered_state state{
      found->second.promised, std::max(found->second.chosen, newest), {}, newest, found->second.kept};
  const auto& entries = found->second.entries;
  for (auto entry = entries.upper_bound(state.chosen); entry != entries.end(); ++entry)
    state.entries.push_back(entry->second);
  return state;
}

std::vector<chosen_entry> memory_log_store::read(group_id group, slot first, slot last,
                                                 std::size_t bytes_max) {
  const std::lock_guard lock{medium_->mutex_};
  std::vector<chosen_entry> out;
  const auto found = medium_->groups_.find(group);
  if (found == medium_->groups_.end()) return out;
  const auto& entries = found->second.entries;
  std::size_t bytes_read = 0;
  for (auto entry = entries.find(first); entry != entries.end() && entry->first <= last; ++entry) {
    if (!out.empty() && entry->first != next(out.back().at)) break;
    for (const auto& c : entry->second.what.commands) bytes_read += c.payload.size();
    if (!out.empty() && bytes_read > bytes_max) break;
    out.push_back({entry->first, entry->second.what});
  }
  return out;
}

class memory_snapshot_writer final : public snapshot_writer {
 public:
  memory_snapshot_writer(std::shared_ptr<memory_log_medium> medium, slot at)
      : medium_{std::move(medium)}, at_{at} {}

  void append(std::string_view piece) override {
    medium_->throw_if_told_to();
    state_ += piece;
  }
  void seal() override { medium_->throw_if_told_to(); }
  void publish() override { medium_->throw_if_told_to(); }
  [[nodiscard]] snapshot_id id() const override { return {at_, state_.size(), snapshot_hash(state_)}; }
  std::string take() { return std::move(state_); }

 private:
  const std::shared_ptr<memory_log_medium> medium_;
  const slot at_;
  std::string state_;
};

std::unique_ptr<snapshot_writer> memory_log_store::begin_snapshot(group_id, slot at) {
  if (latched_) throw log_failure{log_error::failed, "memory log: latched"};
  medium_->throw_if_told_to();
  return std::make_unique<memory_snapshot_writer>(medium_, at);
}

void memory_log_store::finish_snapshot(group_id group, snapshot_writer& written, bool installed) {
  if (latched_) throw log_failure{log_error::failed, "memory log: latched"};
  try {
    written.publish();
  } catch (const log_failure& failure) {
    latched_ = failure.code() == log_error::failed;
    throw;
  }
  const std::lock_guard lock{medium_->mutex_};
  auto& log = medium_->groups_[group];
  const auto at = written.id().at;
  if (!log.snapshots.empty() && at <= log.snapshots.rbegin()->first) return;
  if (installed) log.snapshots.clear();
  log.snapshots.emplace(at, static_cast<memory_snapshot_writer&>(written).take());
  if (log.snapshots.size() > 2) log.snapshots.erase(log.snapshots.begin());
  if (installed || log.snapshots.size() == 2) log.kept = log.snapshots.begin()->first;
  log.entries.erase(log.entries.begin(), log.entries.upper_bound(log.kept));
}

snapshot_part memory_log_store::read_snapshot(group_id group, slot at, std::uint64_t offset,
                                              std::size_t bytes_max) {
  const std::lock_guard lock{medium_->mutex_};
  const auto& snapshots = medium_->groups_[group].snapshots;
  if (snapshots.empty()) return {};
  auto found = snapshots.find(at);
  if (found == snapshots.end() || offset > found->second.size()) {
    found = std::prev(snapshots.end());
    offset = 0;
  }
  const auto& state = found->second;
  return {{found->first, state.size(), snapshot_hash(state)}, offset, state.substr(offset, bytes_max)};
}

slot memory_log_store::kept(group_id group) {
  const std::lock_guard lock{medium_->mutex_};
  return medium_->groups_[group].kept;
}

}  // namespace bulwark::consensus
