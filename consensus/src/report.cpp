// SPDX-License-Identifier: BSD-3-Clause
#include "report.hpp"

namespace bulwark::consensus {
namespace {

const char* role_name(replica_role role) {
  switch (role) {
    case replica_role::leader: return "leader";
    case replica_role::candidate: return "candidate";
    case replica_role::learner: return "learner";
    case replica_role::follower: break;
  }
  return "follower";
}

}  // namespace

replica_report report_of(const replica& core, bool storage_writable) {
  const auto status = core.status();
  replica_report told{role_name(status.role),
                      number(status.leader.node),
                      to_string(status.leader),
                      to_string(status.promised),
                      number(status.chosen),
                      number(status.applied),
                      number(status.last),
                      status.in_flight,
                      status.waiting,
                      status.elections,
                      status.has_quorum,
                      storage_writable,
                      number(core.group().at),
                      {},
                      {},
                      false};
  told.quiet = status.quiet;
  told.accept_votes = static_cast<std::uint32_t>(core.group().accept_votes());
  told.prepare_votes = static_cast<std::uint32_t>(core.group().prepare_votes());
  for (const auto& one : core.group().nodes)
    (one.votes ? told.voters : told.learners).push_back(number(one.id));
  return told;
}

replica_report report_of_recovery() {
  replica_report told;
  told.role = role_name(replica_role::follower);
  told.ballot = told.promised = to_string(ballot{});
  return told;
}

}  // namespace bulwark::consensus
