// SPDX-License-Identifier: BSD-3-Clause
#include "member.hpp"

#include <cstdlib>
#include <utility>

namespace bulwark::test {

using namespace consensus;

void member::start(replica_options options, instant now) {
  options.incarnation = ++life_;
  machine_ = {};
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
  std::vector<bytes> replies;
  for (const auto& one : what.what.commands) replies.push_back(machine_.apply(one.payload));
  observer_.on_apply(*this, what);
  if (what.wants_replies) step(replied{what.number, std::move(replies)}, now);
}

void member::perform(query& what, instant now) {
  step(replied{what.number, {machine_.query(what.payload)}}, now);
}

void member::perform(answer& what, instant) { observer_.on_answer(*this, what); }
void member::perform(fetch& what, instant) { observer_.on_fetch(*this, what); }
void member::perform(transferred& what, instant) { observer_.on_transferred(*this, what); }
void member::perform(members_changed& what, instant) { observer_.on_members_changed(*this, what); }
void member::perform(configured& what, instant) { observer_.on_configured(*this, what.group); }
void member::perform(leader_changed& what, instant) { observer_.on_leader(*this, what.leader); }

void member::perform(save_snapshot& what, instant) {
  auto state = to_snapshot(what.group, *machine_.save());
  const snapshot_id which{what.at, state.size(), snapshot_hash(state)};
  observer_.on_disk_work(*this, [which, state = std::move(state)](member& m, instant now) {
    m.disk_.save(which, state, false);
    m.step(snapshot_saved{which.at, which.total, m.disk_.kept()}, now);
  });
}

void member::perform(restore_snapshot& what, instant) {
  observer_.on_disk_work(*this, [at = what.at](member& m, instant now) {
    if (at != m.disk_.newest()) std::abort();
    m.become(at, m.disk_.newest_state(), true, now);
  });
}

void member::perform(install_snapshot& what, instant) {
  observer_.on_disk_work(*this, [which = what.which, state = std::move(what.state)](member& m, instant now) {
    m.disk_.save(which, state, true);
    m.become(which.at, state, false, now);
  });
}

void member::become(slot at, std::string_view saved, bool own, instant now) {
  auto parts = from_snapshot(saved);
  if (!parts || !machine_.restore(parts->second)) std::abort();
  observer_.on_restored(*this, at, own);
  step(restored{at, std::move(parts->first)}, now);
}

void member::perform(fetch_snapshot& what, instant) {
  observer_.on_disk_work(*this, [what](member& m, instant now) {
    m.step(snapshot_fetched{what.peer, m.disk_.read_snapshot(what)}, now);
  });
}

}  // namespace bulwark::test
