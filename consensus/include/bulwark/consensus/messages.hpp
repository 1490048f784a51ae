// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/config.hpp>
#include <caf/fwd.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/type_id.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace bulwark::consensus {

/// Asks a replica_actor to apply a command, or to run a query. Answered by one `submit_result`.
struct submit {
  std::uint8_t kind = 0;         ///< a request_kind: 1 write, 2 read, 3 stale read
  std::string payload;           ///< what the state machine gets
  std::uint64_t at_most_ms = 0;  ///< of a stale read: if the state is older, the leader is asked;
                                 ///< more than `age_limit_max` counts as that
};

/// What became of a `submit`.
struct submit_result {
  std::uint8_t outcome = 0;  ///< an `outcome`
  std::string reply;         ///< of the state machine; valid only if the outcome is `done`
  std::uint64_t age_ms = 0;  ///< of a stale read that is done: nothing is missing in the reply that anybody
                             ///< was told longer ago than that
};

/// Asks a replica_actor how it is. Answered by one `replica_report`, at once.
struct get_replica_status {};

/// How a replica is, for people.
struct replica_report {
  std::string role;          ///< "leader", "follower", "candidate", or "learner", which has no vote
  std::uint32_t leader = 0;  ///< node that leads, as seen here; 0 if none is known
  std::string ballot;        ///< of that leader, "7.n1"; "0" if none is known
  std::string promised;      ///< highest ballot promised
  std::uint64_t chosen = 0;
  std::uint64_t applied = 0;
  std::uint64_t last = 0;  ///< highest accepted slot
  std::uint64_t in_flight = 0;
  std::uint64_t waiting = 0;
  std::uint64_t elections = 0;  ///< leader changes seen in this life
  bool quorum = false;          ///< reaches a majority, itself included
  bool storage_writable = true;
  std::uint64_t configured = 0;         ///< slot that says who belongs to the group; 0: the settings do
  std::vector<std::uint32_t> voters;    ///< as far as the log is applied here
  std::vector<std::uint32_t> learners;  ///< likewise
  bool quiet = false;                   ///< runs no heartbeat rounds, as there is nothing to do
  std::uint32_t accept_votes = 0;       ///< so many of the voters write
  std::uint32_t prepare_votes = 0;      ///< so many of them elect a leader
};

/// Asks a replica_actor that leads to let another member lead. Answered by one `transfer_result` as soon as
/// that is so, at the latest after T_interval + T_timeout.
struct transfer_leadership {
  std::uint32_t to = 0;  ///< 0: the follower that knows most of the log
};

/// What became of a `transfer_leadership`.
struct transfer_result {
  std::uint8_t outcome = 0;  ///< a `transfer_outcome`: 1 moved
  std::uint32_t leader = 0;  ///< node that leads now, as seen here; 0 if none is known
};

/// Asks a replica_actor that leads to change who belongs to the group. Answered by one `group_change_result`.
struct change_group {
  std::uint8_t kind = 0;   ///< a `change_kind`: 1 add, 2 promote, 3 remove, 4 replace
  std::uint32_t node = 0;  ///< who comes, gets a vote, or goes
  std::uint32_t by = 0;    ///< replace: the learner that votes in its place
  std::string address;     ///< add: where the others reach it; empty: as their settings say
};

/// What became of a `change_group`.
struct group_change_result {
  std::uint8_t outcome = 0;  ///< a `change_outcome`: 1 changed
  std::uint32_t leader = 0;  ///< not the leader: who is, as seen here; 0 if none is known
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, change_group& x) {
  return f(caf::meta::type_name("change_group"), x.kind, x.node, x.by, x.address);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, group_change_result& x) {
  return f(caf::meta::type_name("group_change_result"), x.outcome, x.leader);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, transfer_leadership& x) {
  return f(caf::meta::type_name("transfer_leadership"), x.to);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, transfer_result& x) {
  return f(caf::meta::type_name("transfer_result"), x.outcome, x.leader);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, submit& x) {
  return f(caf::meta::type_name("submit"), x.kind, x.payload, x.at_most_ms);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, submit_result& x) {
  return f(caf::meta::type_name("submit_result"), x.outcome, x.reply, x.age_ms);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, get_replica_status&) {
  return f(caf::meta::type_name("get_replica_status"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, replica_report& x) {
  return f(caf::meta::type_name("replica_report"), x.role, x.leader, x.ballot, x.promised, x.chosen,
           x.applied, x.last, x.in_flight, x.waiting, x.elections, x.quorum, x.storage_writable, x.configured,
           x.voters, x.learners, x.quiet, x.accept_votes, x.prepare_votes);
}

}  // namespace bulwark::consensus

CAF_BEGIN_TYPE_ID_BLOCK(bulwark_consensus, caf::first_custom_type_id + 100)
CAF_ADD_TYPE_ID(bulwark_consensus, (bulwark::consensus::submit))
CAF_ADD_TYPE_ID(bulwark_consensus, (bulwark::consensus::submit_result))
CAF_ADD_TYPE_ID(bulwark_consensus, (bulwark::consensus::get_replica_status))
CAF_ADD_TYPE_ID(bulwark_consensus, (bulwark::consensus::replica_report))
CAF_ADD_TYPE_ID(bulwark_consensus, (bulwark::consensus::transfer_leadership))
CAF_ADD_TYPE_ID(bulwark_consensus, (bulwark::consensus::transfer_result))
CAF_ADD_TYPE_ID(bulwark_consensus, (bulwark::consensus::change_group))
CAF_ADD_TYPE_ID(bulwark_consensus, (bulwark::consensus::group_change_result))
CAF_END_TYPE_ID_BLOCK(bulwark_consensus)

namespace bulwark::consensus {

/// Registers the message types of this library; call it before the actor system is made.
void add_consensus_messages(caf::actor_system_config& config);

}  // namespace bulwark::consensus
