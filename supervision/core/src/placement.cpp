// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/placement.hpp"

#include <algorithm>
#include <ostream>
#include <tuple>
#include <utility>

#include "bulwark/actors/core/random.hpp"
#include "membership_bytes.hpp"

namespace bulwark {

namespace {

constexpr std::size_t child_name_bytes_max = 240;  // with its prefix it has to fit the registry
constexpr std::size_t child_role_bytes_max = 64;
constexpr std::uint32_t permille_max = 1000;
/// What a child counts on the node where it is placed.
constexpr std::uint64_t child_permille = 100;

constexpr std::uint8_t placement_saved_version = 1;
constexpr std::uint8_t declined_version = 2;  // of a state in which somebody declines a child
constexpr std::size_t child_bytes_min = 24;
constexpr std::size_t declined_bytes = 12;
constexpr std::size_t load_bytes_min = 16;

bool has_role(const member& node, const std::string& role) {
  return role.empty() || std::binary_search(node.roles.begin(), node.roles.end(), role);
}

/// Differs from child to child, so that children spread over nodes with the same load.
std::uint64_t tie_breaker(const std::string& child, std::uint32_t node) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : child) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return random_stream::at(hash ^ node);
}

/// Whether its node can run it, drains or not.
bool can_stay(const placed_child& child, const membership& nodes) {
  return child.at.node != 0 && nodes.check(child.at) == membership_error::none &&
         has_role(*nodes.find(child.at.node), child.role) && !child.is_declined_by(child.at);
}

placement_error to_placement_error(membership_error error) {
  if (error == membership_error::none) return placement_error::none;
  return error == membership_error::fenced ? placement_error::fenced : placement_error::unknown_node;
}

void take_declined(byte_reader& in, placed_child& child) {
  for (auto count = in.take_count(declined_bytes); count > 0 && in.good(); --count) {
    const auto life = in.take_life();
    in.require(child.declined.empty() || child.declined.rbegin()->first < life.node);
    child.declined.emplace(life.node, life.incarnation);
  }
}

}  // namespace

placement_error placement::apply(const placing::command& what, const membership& nodes,
                                 change_list& changes) {
  return std::visit([&](const auto& one) { return on(one, nodes, changes); }, what);
}

placement_error placement::on(const placing::place& what, const membership& nodes, change_list& changes) {
  if (what.child.empty() || what.child.size() > child_name_bytes_max ||
      what.role.size() > child_role_bytes_max)
    return placement_error::bad_argument;
  if (!children_.contains(what.child) && children_.size() >= children_max) return placement_error::full;
  auto& child = children_[what.child];
  child.role = what.role;
  child.node = what.node;
  follow(nodes, changes);
  return placement_error::none;
}

placement_error placement::on(const placing::forget& what, const membership&, change_list& changes) {
  const auto found = children_.find(what.child);
  if (found == children_.end()) return placement_error::unknown_child;
  if (found->second.at.node != 0) move(what.child, found->second, {}, changes);
  children_.erase(found);
  return placement_error::none;
}

placement_error placement::on(const placing::report_load& what, const membership& nodes, change_list&) {
  if (what.permille > permille_max) return placement_error::bad_argument;
  const auto error = to_placement_error(nodes.check(what.life));
  if (error == placement_error::none) reported_[what.life.node] = what;
  return error;
}

placement_error placement::on(const placing::decline& what, const membership& nodes, change_list& changes) {
  return note_word(what.child, what.life, true, nodes, changes);
}

placement_error placement::on(const placing::offer& what, const membership& nodes, change_list& changes) {
  return note_word(what.child, what.life, false, nodes, changes);
}

placement_error placement::note_word(const std::string& child, node_life life, bool declines,
                                     const membership& nodes, change_list& changes) {
  const auto found = children_.find(child);
  if (found == children_.end()) return placement_error::unknown_child;
  const auto error = to_placement_error(nodes.check(life));
  if (error != placement_error::none) return error;
  if (declines)
    found->second.declined[life.node] = life.incarnation;
  else
    found->second.declined.erase(life.node);
  follow(nodes, changes);
  return placement_error::none;
}

void placement::follow(const membership& nodes, change_list& changes) {
  std::erase_if(reported_,
                [&](const auto& one) { return nodes.check(one.second.life) != membership_error::none; });
  auto busy = loads();
  for (auto& [name, child] : children_) {
    std::erase_if(child.declined, [&](const auto& one) {
      return nodes.check({one.first, one.second}) != membership_error::none;
    });
    const bool may_stay = can_stay(child, nodes);
    if (may_stay && !nodes.find(child.at.node)->draining) continue;
    auto to = choose(name, child, nodes, busy);
    // A node that drains goes on with what nobody else can take.
    if (to.node == 0 && may_stay) to = child.at;
    if (to == child.at) continue;
    if (child.at.node != 0) busy[child.at.node] -= child_permille;
    if (to.node != 0) busy[to.node] += child_permille;
    move(name, child, to, changes);
  }
}

std::uint32_t placement::reported_load(const node_life& life) const {
  const auto found = reported_.find(life.node);
  return found != reported_.end() && found->second.life == life ? found->second.permille : 0;
}

std::map<std::uint32_t, std::uint64_t> placement::loads() const {
  std::map<std::uint32_t, std::uint64_t> busy;
  for (const auto& [node, one] : reported_) busy[node] = one.permille;
  for (const auto& [name, child] : children_)
    if (child.at.node != 0) busy[child.at.node] += child_permille;
  return busy;
}

node_life placement::choose(const std::string& name, const placed_child& child, const membership& nodes,
                            const std::map<std::uint32_t, std::uint64_t>& loads) const {
  node_life best;
  std::tuple<bool, std::uint64_t, std::uint64_t> least{};
  for (const auto& [node, one] : nodes.all()) {
    if (one.state != member_state::up || !has_role(one, child.role) || child.is_declined_by(one.life))
      continue;
    const auto load = loads.find(node);
    const std::tuple candidate{node != child.node, load == loads.end() ? 0 : load->second,
                               tie_breaker(name, node)};
    if (best.node != 0 && candidate >= least) continue;
    best = one.life;
    least = candidate;
  }
  return best;
}

void placement::move(const std::string& name, placed_child& child, node_life to, change_list& changes) {
  changes.push_back({++revision_, name, child.at, to});
  child.at = to;
}

// -- the saved form -------------------------------------------------------------------------------

std::string placement::save() const {
  std::string saved;
  byte_writer out{saved};
  // Nodes of before there were declines take the states that have none.
  const bool has_declined =
      std::ranges::any_of(children_, [](const auto& one) { return !one.second.declined.empty(); });
  out.put(has_declined ? declined_version : placement_saved_version).put(revision_);
  out.put(static_cast<std::uint32_t>(children_.size()));
  for (const auto& [name, child] : children_) {
    out.put(name).put(child.role).put(child.node).put(child.at);
    if (!has_declined) continue;
    out.put(static_cast<std::uint32_t>(child.declined.size()));
    for (const auto& [node, incarnation] : child.declined) out.put(node_life{node, incarnation});
  }
  out.put(static_cast<std::uint32_t>(reported_.size()));
  for (const auto& [node, one] : reported_) out.put(one.life).put(one.permille);
  return saved;
}

bool placement::restore(std::string_view saved) {
  byte_reader in{saved};
  const auto version = in.take<std::uint8_t>();
  if (version < placement_saved_version || version > declined_version) return false;
  placement other;
  other.revision_ = in.take<std::uint64_t>();
  for (auto count = in.take_count(child_bytes_min); count > 0 && in.good(); --count) {
    auto name = in.take_text();
    placed_child child;
    child.role = in.take_text();
    child.node = in.take<std::uint32_t>();
    child.at = in.take_life();
    if (version == declined_version) take_declined(in, child);
    in.require(other.children_.empty() || other.children_.rbegin()->first < name);
    other.children_.emplace(std::move(name), std::move(child));
  }
  for (auto count = in.take_count(load_bytes_min); count > 0 && in.good(); --count) {
    const auto life = in.take_life();
    const auto permille = in.take<std::uint32_t>();
    in.require(other.reported_.empty() || other.reported_.rbegin()->first < life.node);
    other.reported_.emplace(life.node, placing::report_load{life, permille});
  }
  in.require(other.children_.size() <= children_max);
  if (!in.complete()) return false;
  *this = std::move(other);
  return true;
}

const char* to_string(placement_error error) noexcept {
  switch (error) {
    case placement_error::none: return "no error";
    case placement_error::bad_argument:
      return "expected a name of 1 to 240 bytes, a role of at most 64 bytes, a load of at most 1000";
    case placement_error::unknown_node: return "this node is no member yet; it has to join first";
    case placement_error::fenced: return "this life of the node is over";
    case placement_error::unknown_child: return "nothing is placed under this name";
    case placement_error::full: break;
  }
  return "there is no room for another child";
}

std::ostream& operator<<(std::ostream& out, placement_error error) { return out << to_string(error); }

std::ostream& operator<<(std::ostream& out, const placement_change& change) {
  return out << change.revision << ": " << change.child << " from " << to_string(change.from) << " to "
             << to_string(change.to);
}

}  // namespace bulwark
