// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/core/snapshot_stream.hpp"

#include <utility>

namespace bulwark::consensus {
namespace {

/// As many bytes of a state say whether it could be taken for a group.
constexpr std::size_t telling_bytes = 8;
/// Far more than the largest group takes.
constexpr std::size_t group_bytes_max = 1u << 20;

}  // namespace

snapshot_source::snapshot_source(const configuration& group, std::unique_ptr<state_cursor> state)
    : state_{std::move(state)} {
  while (!ended_ && ahead_.size() < telling_bytes)
    ended_ = !state_->next(telling_bytes - ahead_.size(), ahead_);
  ahead_ = to_snapshot(group, std::move(ahead_));
}

std::optional<bytes> snapshot_source::next(std::size_t bytes_max) {
  if (ended_ && ahead_.empty()) return std::nullopt;
  auto piece = ahead_.substr(0, bytes_max);
  ahead_.erase(0, piece.size());
  if (!ended_ && piece.size() < bytes_max) ended_ = !state_->next(bytes_max - piece.size(), piece);
  return piece;
}

bool snapshot_sink::take(std::string_view piece) {
  hash_.add(piece);
  if (group_) return restorer_->take(piece);
  beginning_ += piece;
  return beginning_.size() < telling_bytes || take_beginning(false);
}

bool snapshot_sink::take_beginning(bool all) {
  auto parts = from_snapshot(beginning_);
  if (!parts) return !all && beginning_.size() <= group_bytes_max;
  group_ = std::move(parts->first);
  const bool taken = restorer_->take(parts->second);
  beginning_ = {};
  return taken;
}

std::optional<configuration> snapshot_sink::finish(const snapshot_id& expected) {
  if (hash_.size() != expected.total || hash_.hash() != expected.hash) return std::nullopt;
  if (!group_ && !take_beginning(true)) return std::nullopt;
  if (!restorer_->finish()) return std::nullopt;
  return std::move(group_);
}

}  // namespace bulwark::consensus
