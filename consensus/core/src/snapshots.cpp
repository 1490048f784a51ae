// SPDX-License-Identifier: BSD-3-Clause
#include "snapshots.hpp"

#include <algorithm>
#include <utility>

#include "bulwark/actors/core/invariant.hpp"

namespace bulwark::consensus {

// -- giving ------------------------------------------------------------------------------------------

bool snapshot_giver::is_due() const {
  const bool enough_entries = options_.snapshot_entries > 0 && entries_ >= options_.snapshot_entries;
  const bool enough_bytes =
      options_.snapshot_bytes > 0 && bytes_ >= std::max<std::size_t>(options_.snapshot_bytes, last_bytes_);
  return able_ && !saving_ && (enough_entries || enough_bytes);
}

void snapshot_giver::on_applied(slot at, const value& what) {
  entries_ += std::max<std::size_t>(1, what.commands.size());
  for (const auto& one : what.commands) bytes_ += one.payload.size();
  if (!is_due()) return;
  saving_ = true;
  entries_ = 0;
  bytes_ = 0;
  out_.emit(save_snapshot{at, roster_.current()});
}

void snapshot_giver::on_saved(const snapshot_saved& what) {
  saving_ = false;
  if (what.given_up) return;
  if (what.at == slot::none) able_ = false;
  last_bytes_ = what.bytes;
  newest_ = std::max(newest_, what.at);
  kept_ = std::max(kept_, what.kept);
}

void snapshot_giver::on_installed(slot at) {
  newest_ = std::max(newest_, at);
  kept_ = std::max(kept_, at);
  entries_ = 0;
  bytes_ = 0;
}

void snapshot_giver::on_ask(std::size_t from, const snapshot_ask& what) {
  if (fetching_[from]) return;
  fetching_[from] = true;
  out_.emit(fetch_snapshot{roster_.at(from), what.at, what.offset, options_.learn_bytes});
}

void snapshot_giver::on_fetched(std::size_t peer, snapshot_part part, slot chosen) {
  fetching_[peer] = false;
  if (part.of.at != slot::none) out_.post(roster_.at(peer), snapshot_chunk{std::move(part), chosen});
}

// -- taking in ---------------------------------------------------------------------------------------

void snapshot_receiver::begin(const snapshot_id& which) {
  wanted_ = which;
  stored_ = {};
  asked_at_.reset();
}

void snapshot_receiver::drop() {
  if (stored_.size() > 0) out_.emit(discard_snapshot{});
  begin({});
}

void snapshot_receiver::ask(std::size_t whom, instant now) {
  source_ = whom;
  asked_at_ = now;
  out_.post(roster_.at(whom), snapshot_ask{wanted_.at, stored_.size()});
}

void snapshot_receiver::store(snapshot_part& part) {
  storing_ = true;
  with_next_ = stored_;
  with_next_.add(part.data);
  out_.emit(store_snapshot_piece{part.of, part.offset, std::move(part.data)});
}

void snapshot_receiver::on_chunk(std::size_t from, snapshot_chunk& what, instant now) {
  auto& [of, offset, data] = what.part;
  if (installing_ || storing_ || of.at <= log_.chosen() || of.total > options_.snapshot_bytes_max) return;
  if (is_receiving() && of.at < wanted_.at) return;
  if (of != wanted_) begin(of);
  if (offset == stored_.size() && data.size() <= of.total - offset) {
    source_ = from;
    return store(what.part);
  }
  if (is_receiving()) return;  // a double, or too late: the right piece is on its way
  ask(from, now);
}

void snapshot_receiver::on_stored(const snapshot_piece_stored& what, bool wanted, instant now) {
  if (!std::exchange(storing_, false)) return;
  BULWARK_INVARIANT(what.of == wanted_);
  if (!wanted || wanted_.at <= log_.chosen()) {
    stored_ = with_next_;
    return drop();
  }
  if (what.size < stored_.size()) return drop();  // it is lost
  if (what.size != with_next_.size()) {           // no room: it is asked for again after a while
    asked_at_ = now;
    return;
  }
  stored_ = with_next_;
  if (stored_.size() < wanted_.total) return ask(source_, now);
  if (stored_.hash() != wanted_.hash) return drop();
  installing_ = true;
  out_.emit(install_snapshot{wanted_});
  begin({});
}

void snapshot_receiver::advance(const node_set& alive, instant now) {
  if (wanted_.at == slot::none || storing_ || installing_) return;
  if (wanted_.at <= log_.chosen()) return drop();
  if (!is_receiving()) return;
  if (!alive.has(source_))
    asked_at_.reset();  // whoever answers the next question goes on from here
  else if (now - *asked_at_ >= 2 * options_.interval)
    ask(source_, now);
}

void snapshot_receiver::on_restored() {
  BULWARK_INVARIANT(installing_);
  installing_ = false;
}

}  // namespace bulwark::consensus
