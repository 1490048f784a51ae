// SPDX-License-Identifier: BSD-3-Clause
// The group as nodes see it, and whether they agree.
#include <algorithm>
#include <ostream>
#include <sstream>
#include <variant>

#include "bulwark/testkit/cluster_matchers.hpp"
#include "node_text.hpp"

namespace bulwark::testkit {

namespace {

std::string line_of(const membership_group& group) {
  std::ostringstream text;
  text << "view " << group.nodes().view() << ':';
  for (const auto& [node, one] : group.nodes().all())
    if (one.state != member_state::removed) text << ' ' << node_text(node) << ' ' << one.state << ',';
  auto line = text.str();
  if (line.back() == ':') return line + " no members";
  line.pop_back();
  return line;
}

std::string line_of(const std::map<std::uint32_t, member_state>& members) {
  std::ostringstream text;
  const char* between = "";
  for (const auto& [node, state] : members) {
    text << between << node_text(node) << ' ' << state;
    between = ", ";
  }
  return text.str();
}

std::string line_of(const std::string& name, const name_entry* entry) {
  if (!entry) return '"' + name + "\" belongs to nobody";
  return '"' + name + "\" belongs to " + to_string(entry->owner) + ", token " + std::to_string(entry->token);
}

std::string problem_of_views(const std::vector<witnessed_event>& events) {
  std::map<std::uint64_t, const witnessed_event*> told;
  for (const auto& event : events) {
    const auto* change = std::get_if<membership_change>(&event.what);
    if (!change) continue;
    const auto& before = *told.try_emplace(change->view, &event).first->second;
    if (std::get<membership_change>(before.what) != *change)
      return "one says \"" + to_string(before) + "\", another \"" + to_string(event) + '"';
  }
  return {};
}

/// What is wrong with the owners of names, as told so far.
class owner_audit {
 public:
  std::string take(const witnessed_event& event) {
    const auto* news = std::get_if<name_news>(&event.what);
    if (!news) return {};
    auto& before = held_[{event.node, news->name}];
    const auto after = news->entry.token == 0 ? std::string{} : problem_of(event, *news, before);
    before = {news->entry, std::max(before.highest, news->entry.token), to_string(event)};
    return after;
  }

 private:
  struct holder {
    name_entry entry;
    std::uint64_t highest = 0;  ///< token
    std::string told;
  };

  std::string problem_of(const witnessed_event& event, const name_news& news, const holder& before) {
    const auto& now = news.entry;
    if (now.token <= before.highest)
      return "a token came again, or a lower one: first \"" + before.told + "\", then \"" + to_string(event) +
             '"';
    if (before.entry.token != 0 && before.entry.owner != now.owner && !news.after_gap)
      return "it was not free in between: first \"" + before.told + "\", then \"" + to_string(event) + '"';
    const auto [known, is_new] = tokens_.try_emplace(now.token, now.owner, to_string(event));
    if (!is_new && known->second.first != now.owner)
      return "one token, two owners: one says \"" + known->second.second + "\", another \"" +
             to_string(event) + '"';
    return {};
  }

  std::map<std::pair<std::uint32_t, std::string>, holder> held_;
  std::map<std::uint64_t, std::pair<node_life, std::string>> tokens_;
};

std::string problem_of_owners(const std::vector<witnessed_event>& events) {
  owner_audit audit;
  for (const auto& event : events)
    if (auto problem = audit.take(event); !problem.empty()) return problem;
  return {};
}

}  // namespace

expected_events<witnessed_event> SameViews() {
  return {"each view is the same for all who tell of it", problem_of_views};
}

expected_events<witnessed_event> NeverTwoOwners() {
  return {"no name ever has two owners", problem_of_owners};
}

// -- the group as it is now -----------------------------------------------------------------------

void expected_group::DescribeTo(std::ostream* out) const {
  *out << intent_;
  const char* before = ", as seen by ";
  for (const auto node : seen_by_) *out << std::exchange(before, ", ") << node_text(node);
}

void expected_group::DescribeNegationTo(std::ostream* out) const {
  *out << "not: ";
  DescribeTo(out);
}

std::string expected_group::problem_of(const group_ptr& group) const {
  return group ? find_problem_(*group) : "no group is known";
}

bool expected_group::judge(const group_ptr& group, std::ostream* out) const {
  const auto problem = problem_of(group);
  if (out && !problem.empty()) *out << problem;
  return problem.empty();
}

bool expected_group::judge(const witness& seen, std::ostream* out) const {
  const auto nodes = seen_by_.empty() ? seen.nodes() : seen_by_;
  if (nodes.empty() && out) *out << "no node told of its group";
  for (const auto node : nodes)
    if (const auto problem = problem_of(seen.group(node)); !problem.empty()) {
      if (out) *out << node_text(node) << ": " << problem;
      return false;
    }
  return !nodes.empty();
}

expected_group View(std::map<std::uint32_t, member_state> members, std::vector<std::uint32_t> seen_by) {
  std::erase_if(members, [](const auto& one) { return one.second == member_state::removed; });
  auto intent = "the members are " + line_of(members);
  return {std::move(intent),
          [members = std::move(members)](const membership_group& group) {
            std::map<std::uint32_t, member_state> found;
            for (const auto& [node, one] : group.nodes().all())
              if (one.state != member_state::removed) found.emplace(node, one.state);
            return found == members ? std::string{} : line_of(group);
          },
          std::move(seen_by)};
}

expected_group Owner(std::string_view name, std::uint32_t node, std::vector<std::uint32_t> seen_by) {
  return {'"' + std::string{name} + "\" belongs to " + node_text(node),
          [node, name = std::string{name}](const membership_group& group) {
            const auto* entry = group.names().whereis(name);
            return entry && entry->owner.node == node ? std::string{} : line_of(name, entry);
          },
          std::move(seen_by)};
}

expected_group NoOwner(std::string_view name, std::vector<std::uint32_t> seen_by) {
  return {'"' + std::string{name} + "\" belongs to nobody",
          [name = std::string{name}](const membership_group& group) {
            const auto* entry = group.names().whereis(name);
            return entry ? line_of(name, entry) : std::string{};
          },
          std::move(seen_by)};
}

}  // namespace bulwark::testkit
