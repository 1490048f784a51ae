// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/core/configuration.hpp"
#include "bulwark/consensus/core/ids.hpp"
#include "bulwark/consensus/core/messages.hpp"
#include "bulwark/consensus/core/replica_options.hpp"

namespace bulwark::consensus {

// -- what is durable ------------------------------------------------------------------------------

/// "I take part in no ballot below this one any more."
struct promise_record {
  ballot promised;

  friend bool operator==(const promise_record&, const promise_record&) = default;
};

/// "Every slot up to here is chosen": lets recovery apply at once. Losing it costs only time.
struct chosen_record {
  slot chosen{};

  friend bool operator==(const chosen_record&, const chosen_record&) = default;
};

/// One thing to make durable. A later record for the same slot replaces an earlier one.
/// An `accepted_entry` with the ballot {} is a value that was learned as chosen.
using record = std::variant<promise_record, accepted_entry, chosen_record>;

/// What a log store gives back after a restart: the last promise, the highest chosen watermark, the last
/// value of each slot behind it. The values up to `chosen` stay in the store: the replica asks for them by
/// `fetch{self, ...}` and applies them piece by piece, so that a log larger than memory can be recovered.
///
/// If there is a snapshot, the replica asks for it by `restore_snapshot` first, and then for the values
/// behind it.
struct recovered_state {
  ballot promised;
  slot chosen{};                        ///< 0 if none
  std::vector<accepted_entry> entries;  ///< ascending by slot; all behind `chosen`, possibly with gaps
  slot snapshot{};                      ///< of the newest whole snapshot; at most `chosen`
  slot kept{};                          ///< the log begins behind it
};

// -- events ---------------------------------------------------------------------------------------

/// A message of a peer came in.
struct received {
  envelope what;
};

/// Time passed. Due at `next_wakeup()` at the latest; may come earlier and more often.
struct tick {};

/// All records of the `persist` effect with this number, and of all before it, are on disk.
struct persisted {
  std::uint64_t number = 0;
};

/// The log store takes no more records for now (disk full, or a write that hangs), or takes them again.
struct storage_state {
  bool writable = true;
};

/// The link to a peer was lost (reset, closed, refused) or came up. A reset counts at once; silence is found
/// by heartbeats.
struct link_state {
  node_id peer = node_id::none;
  bool up = false;
};

/// Nothing at all has come from the process of a peer for T_interval + T_timeout, or something came again.
/// Whoever hosts quiet replicas says so, see replica_options::quiet_after; else it is not needed.
struct peer_silence {
  node_id peer = node_id::none;
  bool silent = false;
};

/// A client of this node asks. Answered by exactly one `answer` effect with the same request number.
struct client_request {
  std::uint64_t request = 0;  ///< unique in this incarnation, ascending
  request_kind kind = request_kind::write;
  bytes payload;
  duration at_most{};  ///< of a stale_read: how old its answer may be, unless the leader is asked
};

/// What several clients want at once: what can, shares a slot, or a round of confirmation.
struct client_requests {
  std::vector<client_request> requests;
};

/// The values that a `fetch` effect asked for, read from the log store.
struct fetched {
  node_id peer = node_id::none;
  std::vector<chosen_entry> entries;
};

/// The state machine's replies to an `apply` or `query` effect, in the order of its commands. Called right
/// after the effect.
struct replied {
  std::uint64_t number = 0;  ///< of the effect
  std::vector<bytes> replies;
};

/// The snapshot that a `save_snapshot` effect asked for is durable, or will never be.
struct snapshot_saved {
  slot at{};  ///< none if the state machine cannot be saved
  std::uint64_t bytes = 0;
  slot kept{};            ///< the log begins behind it
  bool given_up = false;  ///< this one was not saved; another may be
};

/// What a `store_snapshot_piece` effect brought is stored, durable or not; or it is not, for lack of room.
struct snapshot_piece_stored {
  snapshot_id of;
  std::uint64_t size = 0;  ///< so much of the snapshot is stored
};

/// The state machine now has the state of the snapshot at this slot, durably: the answer to
/// `restore_snapshot` and `install_snapshot`.
struct restored {
  slot at{};  ///< none: what was to be installed could not be made durable; the state is as it was
  configuration group = {};  ///< that was saved with it; without nodes: that of the settings
};

/// The piece that a `fetch_snapshot` effect asked for, or the first of a newer snapshot.
struct snapshot_fetched {
  node_id peer = node_id::none;
  snapshot_part part;  ///< of the slot none if there is no snapshot
};

/// Somebody wants another member to lead. Answered by exactly one `transferred` effect with the same number,
/// within T_interval + T_timeout.
struct transfer {
  std::uint64_t number = 0;
  node_id to = node_id::none;  ///< none: the follower that knows most of the log
};

using event = std::variant<received, tick, persisted, storage_state, link_state, peer_silence, client_request,
                           client_requests, fetched, replied, snapshot_saved, snapshot_piece_stored, restored,
                           snapshot_fetched, transfer, change_members>;

// -- effects: performed in their order ------------------------------------------------------------

/// Send at once.
struct send {
  envelope what;
};

/// Make the records durable, then send the messages that wait for it and step with `persisted{number}`.
/// Acting before durability cannot be expressed: the messages travel with the records.
/// Effects behind this one do not wait for it. Several persists may be written by one fsync.
struct persist {
  std::uint64_t number = 0;  ///< ascending
  std::vector<record> records;
  std::vector<envelope> then;
};

/// Apply a chosen value. Slots come in order, each exactly once in a life of the replica. That of a
/// configuration holds no command.
/// If `wants_replies`, step with `replied{number, ...}` afterwards.
struct apply {
  std::uint64_t number = 0;
  slot at{};
  value what;
  bool wants_replies = false;
};

/// Run a read-only query against the state machine as it is now, then step with `replied{number, {reply}}`.
struct query {
  std::uint64_t number = 0;
  bytes payload;
};

/// The outcome of a `client_request` of this node.
struct answer {
  std::uint64_t request = 0;
  outcome result = outcome::unknown;
  bytes reply;
  std::optional<instant> as_of{};  ///< of a stale_read: what was told before, by this clock, is in it
};

/// Read chosen values from the log store, for a laggard or (peer == self) for the replay after a restart;
/// then step with `fetched`.
struct fetch {
  node_id peer = node_id::none;
  slot first{};
  slot last{};            ///< inclusive
  std::size_t bytes_max;  ///< but at least one entry
};

/// Who leads changed, as seen from here.
struct leader_changed {
  ballot leader;  ///< {} if none is known
};

/// Save the state as it is now, which is right behind this slot, piece by piece; make it durable, then step
/// with `snapshot_saved`. Effects behind this one do not wait.
struct save_snapshot {
  slot at{};
  configuration group;  ///< to be saved with it, see to_snapshot()
};

/// Give the state machine the state of the own snapshot at this slot, then step with `restored`.
struct restore_snapshot {
  slot at{};
};

/// Store a piece of another member's snapshot beside the own ones, not yet durably, then step with
/// `snapshot_piece_stored`. At offset 0 it begins a new one, and whatever was stored of another goes; later
/// pieces go on where the one before ended. One is under way at a time. Nothing of it outlives a restart.
struct store_snapshot_piece {
  snapshot_id of;
  std::uint64_t offset = 0;
  bytes data;
};

/// What was stored of another member's snapshot is not wanted any more.
struct discard_snapshot {};

/// Make the snapshot that was stored by pieces durable in place of all own ones and of the log up to it, give
/// its state to the state machine, then step with `restored`. Nothing is applied in between.
struct install_snapshot {
  snapshot_id which;
};

/// Read a piece of the snapshot at this slot, or the first of the newest if there is no such; then step with
/// `snapshot_fetched`.
struct fetch_snapshot {
  node_id peer = node_id::none;
  slot at{};
  std::uint64_t offset = 0;
  std::size_t bytes_max;
};

enum class transfer_outcome : std::uint8_t {
  moved = 1,        ///< the target leads, as seen from here
  not_leader = 2,   ///< this replica does not lead: ask the one that does
  no_member = 3,    ///< the target is no member of the group
  unreachable = 4,  ///< the target, or every other member, is not heard of
  busy = 5,         ///< another transfer is under way
  timed_out = 6,    ///< the target did not take over in time; the leader goes on
  lost = 7,         ///< leadership went elsewhere meanwhile
};

/// "timed out".
const char* to_string(transfer_outcome what);

/// What became of a `transfer`.
struct transferred {
  std::uint64_t number = 0;
  transfer_outcome result = transfer_outcome::lost;
  node_id leader = node_id::none;  ///< who leads now, as seen from here; none if nobody is known
};

/// What became of a `change_members`.
struct members_changed {
  std::uint64_t number = 0;
  change_outcome result = change_outcome::lost;
  node_id leader = node_id::none;  ///< not_leader: who does, as seen from here; none if nobody is known
};

/// Another configuration is in force, as far as this replica has applied the log.
struct configured {
  configuration group;
};

using effect = std::variant<send, persist, apply, query, answer, fetch, leader_changed, save_snapshot,
                            restore_snapshot, store_snapshot_piece, discard_snapshot, install_snapshot,
                            fetch_snapshot, transferred, members_changed, configured>;

// -- state, for people and tests ------------------------------------------------------------------

enum class replica_role : std::uint8_t { follower, candidate, leader, learner };

struct replica_status {
  replica_role role = replica_role::follower;
  ballot promised;
  ballot leader;            ///< ballot of the leader that is followed; {} if none
  bool has_quorum = false;  ///< reaches a majority, itself included
  bool quiet = false;       ///< runs no heartbeat rounds
  slot chosen{};
  slot applied{};
  slot last{};  ///< highest accepted slot
  slot kept{};  ///< the log begins behind it
  std::size_t in_flight = 0;
  std::size_t waiting = 0;
  std::uint64_t elections = 0;     ///< leader changes seen in this life
  std::uint64_t leased_reads = 0;  ///< answered in this life without asking anybody
  std::uint64_t lapsed_reads = 0;  ///< begun so, and asked for after all, as the lease was over too soon
  std::uint64_t stale_reads = 0;   ///< answered in this life from the state here, as old as it may be
  std::uint64_t passed_reads = 0;  ///< the state here was too old for them, so that the leader was asked
};

/// One member of a Multi-Paxos group: acceptor, learner, and leader when elected. Decides everything,
/// performs nothing.
///
/// Paper:      Lamport, "Paxos Made Simple", sections 2.2-2.4 and 3; leader election after Omni-Paxos
/// (EuroSys 2023), section 5 Owner:      one replica_actor, or a simulation; not thread-safe Time:       the
/// caller passes `now`; it never goes back Errors:     stale, doubled or foreign input changes nothing; a
/// broken invariant aborts Bounds:     see replica_options
class replica {
 public:
  /// @pre options.validate().empty()
  /// The first `step` asks for the recovered snapshot and chosen values, by `restore_snapshot` and by a
  /// `fetch` with peer == self.
  replica(replica_options options, recovered_state recovered, instant now);
  ~replica();
  replica(replica&&) noexcept;
  replica& operator=(replica&&) noexcept;

  /// Takes one event and appends what is to be done to `effects`.
  void step(event what, instant now, std::vector<effect>& effects);

  /// The moment by which a `tick` is due.
  [[nodiscard]] instant next_wakeup() const;

  [[nodiscard]] replica_status status() const;
  [[nodiscard]] const replica_options& options() const;
  /// Who belongs to the group, as far as this replica has applied the log.
  [[nodiscard]] const configuration& group() const;

  /// For checkers: the promised ballot and every accepted entry still in memory.
  [[nodiscard]] ballot promised() const;
  [[nodiscard]] std::vector<accepted_entry> accepted_entries() const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace bulwark::consensus
