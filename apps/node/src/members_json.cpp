// SPDX-License-Identifier: BSD-3-Clause
#include "members_json.hpp"

#include <nlohmann/json.hpp>
#include <string>

namespace bulwark::node {

namespace {

using nlohmann::json;

std::string node_name(std::uint32_t node) { return "n" + std::to_string(node); }

json member_json(const member& one) {
  json accusers = json::array();
  for (const auto& [observer, round] : one.accusers)
    if (round == one.round) accusers.push_back(node_name(observer));
  json out{{"id", node_name(one.life.node)},
           {"incarnation", one.life.incarnation},
           {"state", to_string(one.state)},
           {"address", one.address},
           {"roles", one.roles},
           {"since_view", one.since},
           {"accusers", std::move(accusers)}};
  if (one.state == member_state::down) out["cause"] = to_string(one.cause);
  return out;
}

json change_json(const membership_change& change) {
  json out{{"view", change.view},
           {"id", node_name(change.life.node)},
           {"incarnation", change.life.incarnation},
           {"from", to_string(change.from)},
           {"to", to_string(change.to)}};
  if (change.to == member_state::down) out["cause"] = to_string(change.cause);
  if (!change.accusers.empty()) {
    out["accusers"] = json::array();
    for (const auto accuser : change.accusers) out["accusers"].push_back(node_name(accuser));
  }
  return out;
}

}  // namespace

json members_json(const membership_group* group) {
  json out{{"ok", true},
           {"view", 0},
           {"members", json::array()},
           {"names", json::array()},
           {"history", json::array()}};
  if (!group) return out;
  out["view"] = group->nodes().view();
  for (const auto& [node, one] : group->nodes().all()) out["members"].push_back(member_json(one));
  for (const auto& [name, entry] : group->names().all())
    out["names"].push_back({{"name", name},
                            {"owner", node_name(entry.owner.node)},
                            {"incarnation", entry.owner.incarnation},
                            {"token", entry.token}});
  for (const auto& change : group->nodes().history()) out["history"].push_back(change_json(change));
  return out;
}

}  // namespace bulwark::node
