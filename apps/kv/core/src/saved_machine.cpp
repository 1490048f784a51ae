// SPDX-License-Identifier: BSD-3-Clause
#include "saved_machine.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "bulwark/consensus/core/wire.hpp"

namespace bulwark::kv {

machine_cursor::machine_cursor(keyspace& keys, const consensus::session_table& sessions)
    : ahead_(1, saved_version), keys_{keys.begin_walk()} {
  consensus::wire_writer{ahead_}.put(keys.saved_bytes());
  sessions.save(sessions_);
}

bool machine_cursor::next(std::size_t bytes_max, consensus::bytes& piece) {
  const auto take = [&](std::string& from, std::size_t at) {
    const auto size = std::min(bytes_max, from.size() - at);
    piece.append(from, at, size);
    bytes_max -= size;
    return size;
  };
  ahead_.erase(0, take(ahead_, 0));
  if (bytes_max > 0 && keys_) {
    const auto before = piece.size();
    if (!keys_->next(bytes_max, piece)) keys_.reset();
    bytes_max -= piece.size() - before;
  }
  if (!keys_) given_ += take(sessions_, given_);
  return keys_ || given_ < sessions_.size();
}

bool machine_restorer::take(std::string_view piece) {
  if (!good_) return false;
  left_ += piece;
  std::string_view from{left_};
  while (good_ && read(from)) continue;
  left_.erase(0, left_.size() - from.size());
  return good_;
}

bool machine_restorer::read(std::string_view& from) {
  consensus::wire_reader in{from};
  const auto advance = [&](part to) {
    next_ = to;
    from.remove_prefix(from.size() - in.left());
    return true;
  };
  switch (next_) {
    case part::version: {
      std::uint8_t version = 0;
      if (!in.get(version)) return false;
      has_sessions_ = version != 1;
      good_ = !has_sessions_ || version == static_cast<std::uint8_t>(saved_version);
      keys_bytes_ = std::numeric_limits<std::uint64_t>::max();
      return advance(has_sessions_ ? part::size : part::beginning);
    }
    case part::size: return in.get(keys_bytes_) && advance(part::beginning);
    case part::beginning: {
      std::uint64_t revision = 0;
      if (!in.get(revision) || !in.get(keys_)) return false;
      good_ = keys_bytes_ >= 2 * sizeof(std::uint64_t);
      keys_bytes_ -= 2 * sizeof(std::uint64_t);
      to_.keys_.begin_restore(revision);
      return advance(part::keys);
    }
    case part::keys:
      if (keys_ > 0) return read_key(from);
      good_ = !has_sessions_ || keys_bytes_ == 0;
      return advance(part::rest);
    case part::rest: break;
  }
  if (has_sessions_)
    sessions_ += std::exchange(from, {});
  else
    good_ = from.empty();
  return false;
}

bool machine_restorer::read_key(std::string_view& from) {
  consensus::wire_reader in{from};
  std::string_view key, value;
  std::uint64_t revision = 0;
  if (!in.get_bytes(key) || !in.get_bytes(value) || !in.get(revision)) {
    good_ = from.size() < keys_bytes_;
    return false;
  }
  const auto size = from.size() - in.left();
  good_ = size <= keys_bytes_ && to_.keys_.restore_entry(key, value, revision);
  keys_bytes_ -= std::min<std::uint64_t>(size, keys_bytes_);
  --keys_;
  from.remove_prefix(size);
  return true;
}

bool machine_restorer::finish() {
  if (!good_ || next_ != part::rest || !left_.empty()) return false;
  consensus::session_table sessions;
  if (has_sessions_ && !sessions.restore(sessions_)) return false;
  to_.sessions_ = std::move(sessions);
  if (to_.changed_) to_.changed_(to_.totals());
  return true;
}

std::unique_ptr<consensus::state_cursor> machine::begin_save() {
  return std::make_unique<machine_cursor>(keys_, sessions_);
}

std::unique_ptr<consensus::state_restorer> machine::begin_restore() {
  return std::make_unique<machine_restorer>(*this);
}

}  // namespace bulwark::kv
