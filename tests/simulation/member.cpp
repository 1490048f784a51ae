// SPDX-License-Identifier: BSD-3-Clause
#include "member.hpp"

#include <cstdlib>
#include <utility>

namespace bulwark::test {

using namespace consensus;

namespace {

/// Of a snapshot as it is saved, and as it is read again: a few of each. Not those of the network.
constexpr std::size_t save_bytes = 300;
constexpr std::size_t restore_bytes = 500;

}  // namespace

void member::start(replica_options options, instant now) {
  options.incarnation = ++life_;
  machine_ = {};
  saving_.reset();
  restoring_.reset();
  core_.emplace(std::move(options), disk_.recover(), now);
  step(tick{}, now);
}

std::size_t member::crash(std::size_t surviving) {
  for (const auto& kept : disk_.sync(surviving)) observer_.on_durable(*this, kept.records);
  core_.reset();
  effects_.clear();
  performing_ = false;
  return disk_.power_cut();
}

void member::step(event what, instant now) {
  core_->step(std::move(what), now, effects_);
  if (std::exchange(performing_, true)) return;
  perform_all(0, false, now);
}

void member::perform_all(std::size_t from, bool thawed, instant now) {
  // Performing one may append more.
  for (std::size_t i = from; i < effects_.size(); ++i) {
    if (!std::exchange(thawed, false) && freezes_before(i)) return;
    auto one = std::move(effects_[i]);
    std::visit([&](auto& body) { perform(body, now); }, one);
  }
  effects_.clear();
  performing_ = false;
}

bool member::freezes_before(std::size_t which) {
  return std::holds_alternative<query>(effects_[which]) && !syncing_ &&
         observer_.on_query(*this, [which](member& m, instant now) { m.perform_all(which, true, now); });
}

void member::sync(std::size_t count, instant now) {
  syncing_ = true;  // several steps in a row, between which nothing may come
  auto done = disk_.sync(count);
  for (const auto& one : done) observer_.on_durable(*this, one.records);
  for (auto& one : done) {
    for (auto& message : one.then) {
      if (message.to == id_)
        step(received{std::move(message)}, now);
      else
        observer_.on_send(*this, std::move(message));
    }
    step(persisted{one.number}, now);
  }
  syncing_ = false;
}

void member::read(const fetch& what, instant now) {
  step(fetched{what.peer, disk_.read(what.first, what.last, what.bytes_max)}, now);
}

void member::perform(send& what, instant) { observer_.on_send(*this, std::move(what.what)); }

void member::perform(persist& what, instant) {
  observer_.on_write(*this, what);
  disk_.write(std::move(what));
}

void member::perform(apply& what, instant now) {
  if (restoring_) std::abort();
  std::vector<bytes> replies;
  for (const auto& one : what.what.commands) replies.push_back(machine_.apply(one.payload));
  observer_.on_apply(*this, what);
  if (what.wants_replies) step(replied{what.number, std::move(replies)}, now);
}

void member::perform(query& what, instant now) {
  if (restoring_) std::abort();
  step(replied{what.number, {machine_.query(what.payload)}}, now);
}

void member::perform(answer& what, instant now) { observer_.on_answer(*this, what, now); }
void member::perform(fetch& what, instant) { observer_.on_fetch(*this, what); }
void member::perform(transferred& what, instant) { observer_.on_transferred(*this, what); }
void member::perform(members_changed& what, instant) { observer_.on_members_changed(*this, what); }
void member::perform(configured& what, instant) { observer_.on_configured(*this, what.group); }
void member::perform(leader_changed& what, instant) { observer_.on_leader(*this, what.leader); }

void member::perform(save_snapshot& what, instant) {
  if (saving_) std::abort();
  saving_.emplace(saving{what.at, snapshot_source{what.group, machine_.begin_save()}, {}});
  save_on();
}

void member::save_on() {
  observer_.on_disk_work(*this, [at = saving_->at](member& m, instant now) {
    if (!m.saving_ || m.saving_->at != at) return;  // an install came between
    auto piece = m.saving_->source.next(save_bytes);
    if (!piece) return m.end_saving(false, now);
    if (!m.observer_.disk_has_room(m)) return m.end_saving(true, now);
    m.disk_.write_piece(at, false, m.saving_->hash.size(), *piece);
    m.saving_->hash.add(*piece);
    m.save_on();
  });
}

void member::end_saving(bool given_up, instant now) {
  const snapshot_id which{saving_->at, saving_->hash.size(), saving_->hash.hash()};
  saving_.reset();
  if (given_up)
    disk_.discard(false);
  else
    disk_.finish(which, false);
  step(snapshot_saved{which.at, which.total, disk_.kept(), given_up}, now);
}

void member::perform(restore_snapshot& what, instant) {
  if (what.at != disk_.newest()) std::abort();
  become(what.at, true);
}

void member::perform(store_snapshot_piece& what, instant) {
  observer_.on_disk_work(*this, [what = std::move(what)](member& m, instant now) {
    const bool room = m.observer_.disk_has_room(m);
    const auto size = room ? m.disk_.write_piece(what.of.at, true, what.offset, what.data) : what.offset;
    m.step(snapshot_piece_stored{what.of, size}, now);
  });
}

void member::perform(discard_snapshot&, instant) { disk_.discard(true); }

void member::perform(install_snapshot& what, instant now) {
  if (saving_) end_saving(true, now);
  observer_.on_disk_work(
      *this, [which = what.which](member& m, instant later) { m.finish_installing(which, later); });
}

void member::finish_installing(const snapshot_id& which, instant now) {
  if (!observer_.disk_has_room(*this)) {
    disk_.discard(true);
    return step(restored{}, now);
  }
  disk_.finish(which, true);
  become(which.at, false);
}

void member::become(slot at, bool own) {
  restoring_.emplace(machine_);
  observer_.on_disk_work(*this, [at, own](member& m, instant now) { m.become_on(at, 0, own, now); });
}

void member::become_on(slot at, std::uint64_t offset, bool own, instant now) {
  const auto part = disk_.read_snapshot({id_, at, offset, restore_bytes});
  if (part.of.at != at || !restoring_->take(part.data)) std::abort();
  const auto read = offset + part.data.size();
  if (read < part.of.total)
    return observer_.on_disk_work(
        *this, [at, read, own](member& m, instant later) { m.become_on(at, read, own, later); });
  auto group = restoring_->finish(part.of);
  if (!group) std::abort();
  restoring_.reset();
  observer_.on_restored(*this, at, own);
  step(restored{at, *std::move(group)}, now);
}

void member::perform(fetch_snapshot& what, instant) {
  observer_.on_disk_work(*this, [what](member& m, instant now) {
    m.step(snapshot_fetched{what.peer, m.disk_.read_snapshot(what)}, now);
  });
}

}  // namespace bulwark::test
