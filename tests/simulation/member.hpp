// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "bulwark/consensus/core/replica.hpp"
#include "bulwark/consensus/core/snapshot_stream.hpp"
#include "record_disk.hpp"
#include "register_machine.hpp"

namespace bulwark::test {

class member;

/// Told of all that a member does. Called in the middle of its step: must not step it.
class member_observer {
 public:
  virtual ~member_observer() = default;
  virtual void on_send(member& by, consensus::envelope what) = 0;
  virtual void on_write(member& by, const consensus::persist& what) = 0;
  virtual void on_durable(member& by, const std::vector<consensus::record>& records) = 0;
  virtual void on_apply(member& by, const consensus::apply& what) = 0;
  /// `now`: by the clock of the member.
  virtual void on_answer(member& by, const consensus::answer& what, instant now) = 0;
  virtual void on_fetch(member& by, const consensus::fetch& what) = 0;
  virtual void on_transferred(member& by, const consensus::transferred& what) = 0;
  virtual void on_members_changed(member& by, const consensus::members_changed& what) = 0;
  virtual void on_configured(member& by, const consensus::configuration& group) = 0;
  virtual void on_leader(member& by, consensus::ballot leader) = 0;
  /// To be called back in the same life, once the disk has had the time that a snapshot takes.
  virtual void on_disk_work(member& by, std::function<void(member&, instant now)> then) = 0;
  /// A piece of a snapshot is about to be written: whether there is room for it.
  virtual bool disk_has_room(member& by) = 0;
  /// The state became that of a snapshot: an own one after a restart, or another member's.
  virtual void on_restored(member& by, consensus::slot at, bool own) = 0;
  /// It is about to read its state. True if it freezes right now: then nothing steps it before it is called
  /// back.
  virtual bool on_query(member& by, std::function<void(member&, instant now)> go_on) = 0;
};

/// A node of a simulated group: a disk that outlives it, and while it lives a replica and its state machine.
/// Performs effects as a replica actor does.
class member {
 public:
  member(consensus::node_id id, member_observer& observer) : id_{id}, observer_{observer} {}

  [[nodiscard]] consensus::node_id id() const { return id_; }
  [[nodiscard]] bool is_up() const { return core_.has_value(); }
  [[nodiscard]] std::uint64_t life() const { return life_; }
  [[nodiscard]] const consensus::replica& core() const { return *core_; }
  [[nodiscard]] const register_machine& machine() const { return machine_; }
  [[nodiscard]] const record_disk& disk() const { return disk_; }

  /// Starts a new life from what the disk has. The incarnation is the number of the life.
  void start(consensus::replica_options options, instant now);
  /// The first `surviving` unsynced writes reach the disk without anybody knowing. Returns the number of lost
  /// records.
  std::size_t crash(std::size_t surviving);

  /// Whatever it had on disk is gone. @pre !is_up()
  void lose_log() { disk_ = {}; }

  void step(consensus::event what, instant now);
  /// Completes the oldest `count` writes.
  void sync(std::size_t count, instant now);
  /// Completes a fetch.
  void read(const consensus::fetch& what, instant now);

 private:
  void perform_all(std::size_t from, bool thawed, instant now);
  /// Whether it freezes before this one.
  bool freezes_before(std::size_t which);
  void perform(consensus::send& what, instant now);
  void perform(consensus::persist& what, instant now);
  void perform(consensus::apply& what, instant now);
  void perform(consensus::query& what, instant now);
  void perform(consensus::answer& what, instant now);
  void perform(consensus::fetch& what, instant now);
  void perform(consensus::leader_changed& what, instant now);
  void perform(consensus::transferred& what, instant now);
  void perform(consensus::members_changed& what, instant now);
  void perform(consensus::configured& what, instant now);
  void perform(consensus::save_snapshot& what, instant now);
  void perform(consensus::restore_snapshot& what, instant now);
  void perform(consensus::store_snapshot_piece& what, instant now);
  void perform(consensus::discard_snapshot& what, instant now);
  void perform(consensus::install_snapshot& what, instant now);
  void perform(consensus::fetch_snapshot& what, instant now);
  /// Takes the next piece of the state that is being saved, and comes back for the one behind it.
  void save_on();
  void end_saving(bool given_up, instant now);
  /// Makes what was stored durable, unless the disk is full.
  void finish_installing(const consensus::snapshot_id& which, instant now);
  /// The state machine becomes what was saved, piece by piece; then the replica is told.
  void become(consensus::slot at, bool own);
  void become_on(consensus::slot at, std::uint64_t offset, bool own, instant now);

  consensus::node_id id_;
  member_observer& observer_;
  record_disk disk_;
  std::uint64_t life_ = 0;
  std::optional<consensus::replica> core_;
  register_machine machine_;
  struct saving {
    consensus::slot at{};
    consensus::snapshot_source source;
    consensus::snapshot_hasher hash;
  };
  std::optional<saving> saving_;
  std::optional<consensus::snapshot_sink> restoring_;  ///< the machine is torn: nothing may be asked of it
  std::vector<consensus::effect> effects_;
  bool performing_ = false;
  bool syncing_ = false;
};

}  // namespace bulwark::test
