// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/core/configuration.hpp"

#include <algorithm>

#include "bulwark/consensus/core/wire.hpp"

namespace bulwark::consensus {
namespace {

/// The second has a quorum of its own; groups that choose by majorities write the first.
constexpr std::uint8_t configuration_version = 1;
constexpr std::uint8_t flexible_version = 2;

/// What a snapshot with a configuration begins with: "bwcf" behind four bytes that begin no text.
constexpr std::string_view snapshot_mark{
    "\xff\xff\xff\xff"
    "bwcf",
    8};

auto place_of(const std::vector<group_node>& nodes, node_id which) {
  return std::lower_bound(nodes.begin(), nodes.end(), which,
                          [](const group_node& one, node_id id) { return one.id < id; });
}

bool decode_node(wire_reader& in, group_node& out) {
  std::uint32_t id = 0;
  std::uint8_t votes = 0;
  std::string_view address;
  if (!in.get(id) || !in.get(votes) || !in.get_bytes(address)) return false;
  if (id == 0 || votes > 1 || address.size() > address_bytes_max) return false;
  out = {node_id{id}, votes == 1, std::string{address}};
  return true;
}

}  // namespace

const group_node* configuration::find(node_id which) const {
  const auto place = place_of(nodes, which);
  return place == nodes.end() || place->id != which ? nullptr : &*place;
}

bool configuration::is_voter(node_id which) const {
  const auto* found = find(which);
  return found && found->votes;
}

std::size_t configuration::voters() const {
  return static_cast<std::size_t>(
      std::count_if(nodes.begin(), nodes.end(), [](const group_node& one) { return one.votes; }));
}

std::string to_string(const configuration& what) {
  std::string voters, learners;
  for (const auto& one : what.nodes) {
    auto& list = one.votes ? voters : learners;
    list += (list.empty() ? "" : " ") + to_string(one.id);
  }
  if (!learners.empty()) voters += ", learners " + learners;
  if (what.accept_quorum > 0) voters += ", " + std::to_string(what.accept_quorum) + " accept";
  return voters;
}

void encode(const configuration& what, std::string& out) {
  wire_writer to{out};
  to.put(what.accept_quorum == 0 ? configuration_version : flexible_version);
  to.put(number(what.base));
  if (what.accept_quorum > 0) to.put(what.accept_quorum);
  to.put(static_cast<std::uint32_t>(what.nodes.size()));
  for (const auto& one : what.nodes) {
    to.put(number(one.id));
    to.put(static_cast<std::uint8_t>(one.votes));
    to.put_bytes(one.address);
  }
}

std::optional<configuration> decode_configuration(std::string_view encoded) {
  wire_reader in{encoded};
  configuration found;
  std::uint8_t version = 0;
  std::uint64_t base = 0;
  std::uint32_t count = 0;
  if (!in.get(version) || version < configuration_version || version > flexible_version || !in.get(base))
    return {};
  if (version == flexible_version && (!in.get(found.accept_quorum) || found.accept_quorum == 0)) return {};
  if (!in.get(count) || count > group_nodes_max) return {};
  found.base = slot{base};
  found.nodes.resize(count);
  for (auto& one : found.nodes)
    if (!decode_node(in, one)) return {};
  const auto out_of_order = [](const group_node& a, const group_node& b) { return a.id >= b.id; };
  const bool ascending =
      std::adjacent_find(found.nodes.begin(), found.nodes.end(), out_of_order) == found.nodes.end();
  if (!in.complete() || !ascending || found.voters() == 0 || found.accept_votes() > found.voters()) return {};
  return found;
}

value to_value(const configuration& what) {
  bytes encoded;
  encode(what, encoded);
  return value{{command{node_id::none, 0, 0, std::move(encoded)}}};
}

bool is_configuration(const value& what) {
  return what.commands.size() == 1 && what.commands[0].origin == node_id::none;
}

std::optional<configuration> configuration_in(const value& what, slot at) {
  auto found = decode_configuration(what.commands[0].payload);
  if (found) found->at = at;
  return found;
}

bytes to_snapshot(const configuration& what, bytes state) {
  if (what.at == slot::none && !state.starts_with(snapshot_mark)) return state;
  bytes saved{snapshot_mark};
  std::string encoded;
  if (what.at != slot::none) encode(what, encoded);
  wire_writer to{saved};
  to.put(number(what.at));
  to.put_bytes(encoded);
  return saved + state;
}

std::optional<std::pair<configuration, std::string_view>> from_snapshot(std::string_view saved) {
  if (!saved.starts_with(snapshot_mark)) return std::pair{configuration{}, saved};
  wire_reader in{saved.substr(snapshot_mark.size())};
  std::uint64_t at = 0;
  std::string_view encoded;
  if (!in.get(at) || !in.get_bytes(encoded)) return std::nullopt;
  const auto state = saved.substr(saved.size() - in.left());
  if (at == 0) return encoded.empty() ? std::optional{std::pair{configuration{}, state}} : std::nullopt;
  auto found = decode_configuration(encoded);
  if (!found) return std::nullopt;
  found->at = slot{at};
  return std::pair{*std::move(found), state};
}

const char* to_string(change_outcome what) {
  switch (what) {
    case change_outcome::changed: return "changed";
    case change_outcome::not_leader: return "not the leader";
    case change_outcome::no_such_node: return "no such node";
    case change_outcome::already_so: return "already so";
    case change_outcome::leads: return "it leads";
    case change_outcome::unsafe: return "too few voters reached";
    case change_outcome::behind: return "behind";
    case change_outcome::busy: return "busy";
    case change_outcome::too_many: return "too many nodes";
    case change_outcome::lost: break;
  }
  return "lost";
}

namespace {

planned_change plan_nodes(const configuration& now, const change_members& what) {
  planned_change planned{change_outcome::changed, now.nodes};
  auto& nodes = planned.nodes;
  const auto refuse = [](change_outcome why) { return planned_change{why, {}}; };
  const auto drop = [&](node_id which) { nodes.erase(place_of(nodes, which)); };
  const auto promote = [&](node_id which) {
    nodes[static_cast<std::size_t>(place_of(nodes, which) - nodes.begin())].votes = true;
  };
  const auto* node = now.find(what.node);
  switch (what.kind) {
    case change_kind::add:
      if (node && node->address == what.address) return refuse(change_outcome::already_so);
      if (node || what.node == node_id::none || what.address.size() > address_bytes_max)
        return refuse(change_outcome::no_such_node);
      if (nodes.size() == group_nodes_max) return refuse(change_outcome::too_many);
      nodes.insert(place_of(nodes, what.node), {what.node, false, what.address});
      return planned;
    case change_kind::promote:
      if (!node) return refuse(change_outcome::no_such_node);
      if (node->votes) return refuse(change_outcome::already_so);
      promote(what.node);
      return planned;
    case change_kind::remove:
      if (!node) return refuse(change_outcome::already_so);
      if (node->votes && now.voters() == 1) return refuse(change_outcome::unsafe);
      drop(what.node);
      return planned;
    case change_kind::replace:
      if (!node && now.is_voter(what.by)) return refuse(change_outcome::already_so);
      if (!node || !node->votes || !now.find(what.by) || now.is_voter(what.by))
        return refuse(change_outcome::no_such_node);
      promote(what.by);
      drop(what.node);
      return planned;
  }
  return refuse(change_outcome::no_such_node);
}

}  // namespace

planned_change plan(const configuration& now, const change_members& what) {
  auto planned = plan_nodes(now, what);
  const auto votes = std::ranges::count_if(planned.nodes, [](const group_node& one) { return one.votes; });
  if (planned.result == change_outcome::changed && now.accept_quorum > static_cast<std::size_t>(votes))
    return {change_outcome::unsafe, {}};  // nothing could be chosen any more
  return planned;
}

}  // namespace bulwark::consensus
