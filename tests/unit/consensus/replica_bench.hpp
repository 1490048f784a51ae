// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/consensus/core/replica.hpp"

namespace bulwark::consensus {

/// One replica on the bench: a test plays its peers, its disk and its clock.
class replica_bench {
 public:
  explicit replica_bench(std::uint32_t members = 3, recovered_state recovered = {},
                         void (*change)(replica_options&) = nullptr)
      : core_{options(members, change), std::move(recovered), now_} {
    step(tick{});
  }

  static replica_options options(std::uint32_t members, void (*change)(replica_options&)) {
    replica_options made;
    made.self = node_id{1};
    made.incarnation = 11;
    for (std::uint32_t i = 1; i <= members; ++i) made.members.push_back(node_id{i});
    if (change) change(made);
    return made;
  }

  void step(event what) {
    std::vector<effect> fresh;
    core_.step(std::move(what), now_, fresh);
    for (auto& one : fresh) take(std::move(one));
  }
  void receive(std::uint32_t from, message what) {
    step(received{{node_id{from}, node_id{1}, std::move(what)}});
  }
  /// Time in which the replica is run whenever it wants to.
  void pass(duration time) {
    const auto end = now_ + time;
    for (auto due = core_.next_wakeup(); now_ < due && due < end; due = core_.next_wakeup()) {
      now_ = due;
      step(tick{});
    }
    stand_still(end - now_);
    step(tick{});
  }
  /// Time in which it is not run at all.
  void stand_still(duration time) { now_ += time; }

  /// The disk completes all writes so far.
  void sync() {
    for (auto& one : std::exchange(writes, {})) {
      for (auto& waiting : one.then) {
        if (waiting.to == node_id{1})
          step(received{std::move(waiting)});
        else
          sent.push_back(std::move(waiting));
      }
      step(persisted{one.number});
    }
  }

  /// Takes over at once: peers answer that they know of no leader.
  ballot become_candidate() {
    step(link_state{node_id{2}, true});
    for (const auto& one : std::exchange(sent, {}))
      if (const auto* asked = std::get_if<beat>(&one.what))
        receive(number(one.to), beat_ack{asked->round, {0, one.to}, {}, false, {}});
    pass(std::chrono::milliseconds{25});
    return core_.status().leader;
  }
  /// Leads with the promises of a majority, and has its barrier chosen.
  ballot become_leader() {
    const auto under = become_candidate();
    sync();
    for (std::uint32_t i = 2; i <= majority(); ++i) receive(i, promise{under, {}, 0, 1, {}});
    sync();
    for (std::uint32_t i = 2; i <= majority(); ++i) receive(i, accepted{under, slot{1}, slot{1}});
    clear();
    return under;
  }
  std::uint32_t majority() const {
    return static_cast<std::uint32_t>(core_.options().members.size() / 2 + 1);
  }

  /// The piece that was held is on the disk.
  void step_stored() { step(snapshot_piece_stored{storing_, stored.size()}); }

  void clear() {
    sent.clear();
    applied.clear();
    answers.clear();
  }
  template <class Message>
  std::vector<Message> sent_of() const {
    std::vector<Message> found;
    for (const auto& one : sent)
      if (const auto* m = std::get_if<Message>(&one.what)) found.push_back(*m);
    return found;
  }
  /// What waits for the disk.
  template <class Message>
  std::vector<Message> waiting_of() const {
    std::vector<Message> found;
    for (const auto& write : writes)
      for (const auto& one : write.then)
        if (const auto* m = std::get_if<Message>(&one.what)) found.push_back(*m);
    return found;
  }
  std::vector<record> unsynced() const {
    std::vector<record> all;
    for (const auto& one : writes) all.insert(all.end(), one.records.begin(), one.records.end());
    return all;
  }

  replica& core() { return core_; }
  instant now() const { return now_; }

  std::vector<envelope> sent;
  std::vector<persist> writes;
  std::vector<apply> applied;
  std::vector<answer> answers;
  std::vector<transferred> transfers;
  std::vector<members_changed> changes;
  std::vector<configured> configurations;
  std::vector<fetch> fetches;
  std::vector<query> queries;
  std::vector<save_snapshot> saves;
  std::vector<restore_snapshot> restores;
  std::vector<install_snapshot> installs;
  bytes stored;  ///< of another member's snapshot
  std::size_t discards = 0;
  bool disk_has_room = true;  ///< for pieces of it
  bool holds_pieces = false;  ///< until step_stored()
  std::vector<fetch_snapshot> snapshot_fetches;
  duration query_takes{};  ///< by the clock

 private:
  void store(const store_snapshot_piece& what) {
    storing_ = what.of;
    if (what.offset == 0) stored.clear();
    if (disk_has_room && what.offset == stored.size()) stored += what.data;
    if (!holds_pieces) step_stored();
  }

  void take(effect what) {
    if (auto* e = std::get_if<send>(&what)) sent.push_back(std::move(e->what));
    if (auto* e = std::get_if<persist>(&what)) writes.push_back(std::move(*e));
    if (auto* e = std::get_if<answer>(&what)) answers.push_back(std::move(*e));
    if (auto* e = std::get_if<transferred>(&what)) transfers.push_back(*e);
    if (auto* e = std::get_if<members_changed>(&what)) changes.push_back(*e);
    if (auto* e = std::get_if<configured>(&what)) configurations.push_back(std::move(*e));
    if (auto* e = std::get_if<fetch>(&what)) fetches.push_back(*e);
    if (auto* e = std::get_if<save_snapshot>(&what)) saves.push_back(*e);
    if (auto* e = std::get_if<restore_snapshot>(&what)) restores.push_back(*e);
    if (auto* e = std::get_if<install_snapshot>(&what)) installs.push_back(std::move(*e));
    if (auto* e = std::get_if<fetch_snapshot>(&what)) snapshot_fetches.push_back(*e);
    if (auto* e = std::get_if<store_snapshot_piece>(&what)) store(*e);
    if (std::get_if<discard_snapshot>(&what)) {
      stored.clear();
      ++discards;
    }
    if (auto* e = std::get_if<query>(&what)) {
      queries.push_back(*e);
      now_ += query_takes;
      step(replied{e->number, {"read " + e->payload}});
    }
    if (auto* e = std::get_if<apply>(&what)) {
      std::vector<bytes> replies;
      for (const auto& one : e->what.commands) replies.push_back("did " + one.payload);
      applied.push_back(*e);
      if (e->wants_replies) step(replied{e->number, std::move(replies)});
    }
  }

  snapshot_id storing_;
  instant now_{std::chrono::hours{1}};
  replica core_;
};

inline value one_command(std::string payload) { return {{command{node_id{2}, 1, 1, std::move(payload)}}}; }

}  // namespace bulwark::consensus
