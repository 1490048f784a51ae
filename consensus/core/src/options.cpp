// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <string>

#include "bulwark/consensus/core/configuration.hpp"
#include "bulwark/consensus/core/replica.hpp"

namespace bulwark::consensus {
namespace {

std::string expect_positive(std::size_t number, const char* name) {
  return number > 0 ? std::string{} : std::string{name} + " is 0, expected at least 1";
}

std::string expect_positive(duration time, const char* name) {
  return time > duration{0} ? std::string{} : std::string{name} + " is not a positive time";
}

std::string check_members(const replica_options& options) {
  const auto& members = options.members;
  if (members.empty()) return "members is empty, expected at least self";
  if (members.size() > group_nodes_max)
    return std::to_string(members.size()) + " members, expected at most " + std::to_string(group_nodes_max);
  auto sorted = members;
  std::sort(sorted.begin(), sorted.end());
  if (sorted.front() == node_id::none) return "a member has the id 0, which means no node";
  if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end())
    return "member " + to_string(*twice) + " stands twice";
  const bool is_member = std::binary_search(sorted.begin(), sorted.end(), options.self);
  if (!is_member && !options.joins) return "self, " + to_string(options.self) + ", is not among the members";
  if (is_member && options.joins)
    return "self, " + to_string(options.self) + ", is among the members; expected it not to join them";
  if (options.accept_quorum > members.size())
    return "accept_quorum is " + std::to_string(options.accept_quorum) + ", expected at most the " +
           std::to_string(members.size()) + " members, or 0 for a majority";
  if (options.self == node_id::none) return "self is 0, expected the number of a node";
  return {};
}

std::string check_lease(const replica_options& options) {
  if (options.lease < duration{0}) return "lease is a negative time, expected 0 (no leases) or more";
  if (options.lease > options.interval + options.timeout)
    return "lease is longer than interval + timeout: a failover would wait for it";
  return {};
}

}  // namespace

std::string replica_options::validate() const {
  for (auto error : {
           check_members(*this),
           expect_positive(interval, "interval"),
           expect_positive(timeout, "timeout"),
           expect_positive(request_timeout, "request_timeout"),
           expect_positive(no_leader_patience, "no_leader_patience"),
           expect_positive(window, "window"),
           expect_positive(batch_commands, "batch_commands"),
           expect_positive(batch_bytes, "batch_bytes"),
           expect_positive(waiting_commands, "waiting_commands"),
           expect_positive(waiting_bytes, "waiting_bytes"),
           expect_positive(learn_bytes, "learn_bytes"),
           expect_positive(snapshot_bytes_max, "snapshot_bytes_max"),
           check_lease(*this),
           quiet_after < duration{0}
               ? std::string{"quiet_after is a negative time, expected 0 (never) or more"}
               : std::string{},
       })
    if (!error.empty()) return error;
  return {};
}

}  // namespace bulwark::consensus
