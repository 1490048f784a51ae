// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/core/command.hpp"
#include "bulwark/consensus/core/ids.hpp"
#include "bulwark/consensus/core/snapshot.hpp"

/// What the replicas of a group say to each other. The words are those of the Paxos papers;
/// `docs/protocol.md` defines each. Every message is sent point to point and may be lost, delayed, reordered
/// or doubled: no handler may rely on more.
namespace bulwark::consensus {

/// What is agreed on in one slot: a batch of commands in their order. An empty batch is a no-op.
/// Cheap to copy, as each value goes to every member, to the log store and to the state machine.
struct value {
  command_list commands;

  friend bool operator==(const value&, const value&) = default;
};

/// A value that an acceptor accepted in a slot under a ballot.
struct accepted_entry {
  slot at{};
  ballot under;
  value what;

  friend bool operator==(const accepted_entry&, const accepted_entry&) = default;
};

/// A value known to be chosen.
struct chosen_entry {
  slot at{};
  value what;

  friend bool operator==(const chosen_entry&, const chosen_entry&) = default;
};

// -- leader election (ballot leader election; Ng, Haridi, Carbone, "Omni-Paxos", EuroSys 2023, section 5) ---

/// Asks a peer whether it is there, and what it knows of leaders.
struct beat {
  std::uint64_t round = 0;  ///< number of the heartbeat round at the sender

  friend bool operator==(const beat&, const beat&) = default;
};

/// Acknowledges a `beat`.
struct beat_ack {
  std::uint64_t round = 0;    ///< copied from the beat
  ballot candidate;           ///< the sender's own election ballot
  ballot leader;              ///< the leader's ballot the sender follows
  bool content = false;       ///< the sender reaches that leader, and the leader a majority
  slot chosen{};              ///< how far the sender knows the log to be chosen
  std::uint8_t priority = 0;  ///< see replica_options

  friend bool operator==(const beat_ack&, const beat_ack&) = default;
};

// -- Paxos ----------------------------------------------------------------------------------------

/// Phase 1a: asks for a promise for all slots behind `chosen`.
struct prepare {
  ballot under;
  slot chosen{};  ///< the sender knows every value up to here

  friend bool operator==(const prepare&, const prepare&) = default;
};

/// Phase 1b: the sender takes part in no lower ballot any more. A long answer comes in parts.
struct promise {
  ballot under;
  slot chosen{};           ///< the sender knows every slot up to here to be chosen
  std::uint32_t part = 0;  ///< 0 .. parts-1
  std::uint32_t parts = 1;
  std::vector<accepted_entry> accepted;  ///< accepted slots behind both `chosen`s

  friend bool operator==(const promise&, const promise&) = default;
};

/// Phase 2a: asks to accept a run of consecutive slots.
struct accept {
  ballot under;
  slot first{};
  std::vector<value> values;  ///< for first, first+1, ...
  slot chosen{};              ///< the leader's chosen watermark
  slot governed_by{};         ///< the configuration that says who chooses there; the receiver must have it

  friend bool operator==(const accept&, const accept&) = default;
};

/// Phase 2b: the slots first..last are accepted under the ballot, durably.
struct accepted {
  ballot under;
  slot first{};
  slot last{};

  friend bool operator==(const accepted&, const accepted&) = default;
};

/// The answer to a prepare or accept of a ballot lower than the promised one.
struct refused {
  ballot under;     ///< the refused ballot
  ballot promised;  ///< the higher one

  friend bool operator==(const refused&, const refused&) = default;
};

/// The leader tells how far the log is chosen; sent when no accept carries it.
struct chosen_up_to {
  ballot under;
  slot chosen{};

  friend bool operator==(const chosen_up_to&, const chosen_up_to&) = default;
};

/// A lagging replica asks for chosen values from `first` on.
struct learn {
  slot first{};

  friend bool operator==(const learn&, const learn&) = default;
};

/// Chosen values, in order and without gaps.
struct learned {
  std::vector<chosen_entry> entries;
  slot chosen{};  ///< how far the sender knows the log to be chosen

  friend bool operator==(const learned&, const learned&) = default;
};

/// Asks for a piece of a snapshot, or for the first of a newer one.
struct snapshot_ask {
  slot at{};                 ///< of the snapshot; none: whichever is there
  std::uint64_t offset = 0;  ///< the piece begins here

  friend bool operator==(const snapshot_ask&, const snapshot_ask&) = default;
};

/// A piece of a snapshot, for whoever lags behind the sender's log.
struct snapshot_chunk {
  snapshot_part part;
  slot chosen{};  ///< how far the sender knows the log to be chosen

  friend bool operator==(const snapshot_chunk&, const snapshot_chunk&) = default;
};

/// The leader hands its leadership over: the receiver is to take over now, with a higher ballot, unless it
/// knows of more than the sender did. Only a hint; see Ongaro (2014), section 3.10.
struct take_over {
  ballot under;   ///< of the leader that asks
  slot chosen{};  ///< its chosen watermark, behind which it proposed nothing

  friend bool operator==(const take_over&, const take_over&) = default;
};

// -- quiet groups ---------------------------------------------------------------------------------

/// The leader of a group that has nothing to do wants everybody to rest: to begin no heartbeat rounds until
/// something happens.
struct rest {
  ballot under;
  slot chosen{};              ///< whoever knows less does not rest
  std::uint64_t attempt = 0;  ///< ascending in a life of the leader

  friend bool operator==(const rest&, const rest&) = default;
};

/// The sender rests.
struct resting {
  ballot under;
  std::uint64_t attempt = 0;  ///< copied from the `rest`: an older answer must not pass for one to it

  friend bool operator==(const resting&, const resting&) = default;
};

// -- linearizable reads (a quorum round shared by all waiting reads) ------------------------------

/// The leader asks whether it still leads, and maybe for a lease: that the receiver promises no ballot of
/// another member for a while.
struct confirm {
  ballot under;
  std::uint64_t round = 0;     ///< ascending in a leadership; a later round replaces the lease of an earlier
  std::uint32_t lease_ms = 0;  ///< how long; 0 gives back what an earlier round asked for

  friend bool operator==(const confirm&, const confirm&) = default;
};

/// The sender has promised no higher ballot than `under` so far, nor will it for the time of the lease.
struct confirmed {
  ballot under;
  std::uint64_t round = 0;
  std::uint32_t lease_ms = 0;  ///< by the sender's clock, from when it took the `confirm` in

  friend bool operator==(const confirmed&, const confirmed&) = default;
};

// -- reads that may be old ------------------------------------------------------------------------

/// Asks the leader for a voucher: up to which slot everything stands that anybody was told so far.
struct vouch {
  std::uint64_t incarnation = 0;  ///< of the sender's life
  std::uint64_t asked_ns = 0;     ///< by the sender's clock, which means nothing to others

  friend bool operator==(const vouch&, const vouch&) = default;
};

/// Whatever was acknowledged, or read, before the `vouch` was sent stands at or below `chosen`.
struct vouched {
  ballot under;  ///< of the leader that says so
  slot chosen{};
  std::uint64_t incarnation = 0;  ///< copied from the `vouch`
  std::uint64_t asked_ns = 0;     ///< copied from the `vouch`

  friend bool operator==(const vouched&, const vouched&) = default;
};

// -- requests of clients, forwarded to the leader -------------------------------------------------

enum class request_kind : std::uint8_t {
  write = 1,       ///< goes through the log
  read = 2,        ///< linearizable, without a log entry
  stale_read = 3,  ///< may be as old as the client says; never forwarded as such
};

/// No stale_read may be allowed more.
inline constexpr std::chrono::milliseconds age_limit_max = std::chrono::hours{24};

/// How long ago that was, by the clock of any member: a little more than the own clock shows, see
/// docs/protocol.md. An answer that lacks nothing of before `as_of` is so old at most.
[[nodiscard]] duration age_of(instant as_of, instant now);

/// A replica hands a request of its client to the replica that it takes for the leader.
struct forward {
  ballot under;  ///< the leadership that it is meant for; any other drops it, so that it cannot be proposed
                 ///< twice
  request_kind kind = request_kind::write;
  command what;

  friend bool operator==(const forward&, const forward&) = default;
};

enum class outcome : std::uint8_t {
  done = 1,        ///< applied (or read); the reply is valid
  not_done = 2,    ///< certainly never applied: safe to try again
  unknown = 3,     ///< may or may not be applied, now or later
  no_leader = 4,   ///< certainly never applied: no leader with a quorum was found in time
  overloaded = 5,  ///< certainly never applied: queues are full
};

/// The leader's answer to a `forward`.
struct forward_reply {
  ballot
      under;  ///< copied from the forward: an answer to an earlier attempt must not pass for one to a later
  std::uint64_t incarnation = 0;  ///< copied from the command
  std::uint64_t request = 0;      ///< copied from the command
  outcome result = outcome::unknown;
  bytes reply;

  friend bool operator==(const forward_reply&, const forward_reply&) = default;
};

using message = std::variant<beat, beat_ack, prepare, promise, accept, accepted, refused, chosen_up_to, learn,
                             learned, confirm, confirmed, forward, forward_reply, snapshot_ask,
                             snapshot_chunk, take_over, rest, resting, vouch, vouched>;

/// A message on its way.
struct envelope {
  node_id from = node_id::none;
  node_id to = node_id::none;
  message what;

  friend bool operator==(const envelope&, const envelope&) = default;
};

}  // namespace bulwark::consensus
