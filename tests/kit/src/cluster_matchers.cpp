// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/testkit/cluster_matchers.hpp"

#include <chrono>
#include <ostream>
#include <sstream>
#include <variant>

namespace bulwark::testkit {

namespace {

/// What an event has to be, in words and as a test.
class event_shape {
 public:
  using is_gtest_matcher = void;
  using test = std::function<bool(const witnessed_event& event)>;

  event_shape(std::string intent, test fits) : intent_{std::move(intent)}, fits_{std::move(fits)} {}

  bool MatchAndExplain(const witnessed_event& event, std::ostream*) const { return fits_(event); }
  void DescribeTo(std::ostream* out) const { *out << intent_; }
  void DescribeNegationTo(std::ostream* out) const { *out << "not: " << intent_; }

 private:
  std::string intent_;
  test fits_;
};

/// That it says something of this kind.
template <class What, class Test>
witnessed_matcher says(const std::string& intent, Test fits) {
  return event_shape{"says that " + intent, [fits = std::move(fits)](const witnessed_event& event) {
                       const auto* what = std::get_if<What>(&event.what);
                       return what && fits(*what);
                     }};
}

/// That a part of it fits, where `part_of` finds it: a pointer.
template <class Matcher, class Find>
witnessed_matcher part(const std::string& name, const Matcher& value, Find part_of) {
  std::ostringstream intent;
  intent << "its " << name << ' ';
  value.DescribeTo(&intent);
  return event_shape{intent.str(), [value, part_of](const witnessed_event& event) {
                       const auto* found = part_of(event);
                       return found && value.Matches(*found);
                     }};
}

template <class What, class Value, class Matcher>
witnessed_matcher part_of(Value What::*field, const std::string& name, const Matcher& value) {
  return part(name, value, [field](const witnessed_event& event) -> const Value* {
    const auto* what = std::get_if<What>(&event.what);
    return what ? &(what->*field) : nullptr;
  });
}

/// The life of the member or owner of which it tells; null if it tells of something else.
const node_life* life_of(const witnessed_event& event) {
  if (const auto* change = std::get_if<membership_change>(&event.what)) return &change->life;
  if (const auto* news = std::get_if<name_news>(&event.what)) return &news->entry.owner;
  return nullptr;
}

witnessed_matcher with(witnessed_matcher first, std::vector<witnessed_matcher> details) {
  if (details.empty()) return first;
  details.insert(details.begin(), std::move(first));
  return testing::AllOfArray(details);
}

std::string time_text(duration time) {
  std::ostringstream text;
  text << std::chrono::duration<double>(time).count() << " s";
  return text.str();
}

std::string life_text(std::uint32_t node) { return "n" + std::to_string(node); }

std::string line_of(const membership_group& group) {
  std::ostringstream text;
  text << "view " << group.nodes().view() << ':';
  for (const auto& [node, one] : group.nodes().all())
    if (one.state != member_state::removed) text << ' ' << life_text(node) << ' ' << one.state << ',';
  auto line = text.str();
  if (line.back() == ':') return line + " no members";
  line.pop_back();
  return line;
}

std::string line_of(const std::map<std::uint32_t, member_state>& members) {
  std::ostringstream text;
  const char* between = "";
  for (const auto& [node, state] : members) {
    text << between << life_text(node) << ' ' << state;
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

/// Of whom a detector or the group changed its mind; 0 if it is about something else.
std::uint32_t subject_of(const witnessed_event& event) {
  if (const auto* verdict = std::get_if<peer_change>(&event.what)) return verdict->peer;
  if (const auto* change = std::get_if<membership_change>(&event.what)) return change->life.node;
  return 0;
}

}  // namespace

// -- details --------------------------------------------------------------------------------------

witnessed_matcher SeenBy(std::uint32_t node) {
  return event_shape{"is told by " + life_text(node),
                     [node](const witnessed_event& event) { return event.node == node; }};
}

witnessed_matcher At(duration time) {
  return event_shape{"is told after " + time_text(time),
                     [time](const witnessed_event& event) { return event.at == time; }};
}

witnessed_matcher At(const testing::Matcher<duration>& time) {
  return part("time", time, [](const witnessed_event& event) { return &event.at; });
}

witnessed_matcher Silence(duration length) {
  return says<peer_change>("it was silent for " + time_text(length),
                           [length](const peer_change& change) { return change.silence == length; });
}

witnessed_matcher Silence(const testing::Matcher<duration>& length) {
  return part_of(&peer_change::silence, "silence", length);
}

witnessed_matcher Incarnation(const testing::Matcher<std::uint64_t>& number) {
  return part("incarnation", number, [](const witnessed_event& event) {
    const auto* life = life_of(event);
    return life ? &life->incarnation : nullptr;
  });
}

witnessed_matcher Cause(down_cause cause) {
  return says<membership_change>(std::string{"the cause is: "} + to_string(cause),
                                 [cause](const membership_change& change) { return change.cause == cause; });
}

witnessed_matcher AccusedBy(const testing::Matcher<const std::vector<std::uint32_t>&>& nodes) {
  return part_of(&membership_change::accusers, "accusers", nodes);
}

witnessed_matcher InView(const testing::Matcher<std::uint64_t>& number) {
  return part_of(&membership_change::view, "view", number);
}

witnessed_matcher Token(const testing::Matcher<std::uint64_t>& number) {
  return part("token", number, [](const witnessed_event& event) {
    const auto* news = std::get_if<name_news>(&event.what);
    return news ? &news->entry.token : nullptr;
  });
}

// -- events ---------------------------------------------------------------------------------------

witnessed_matcher VerdictEvent(peer_state to, std::uint32_t peer, std::vector<witnessed_matcher> details) {
  const auto intent = life_text(peer) + " is " + to_string(to) + " for a detector";
  return with(says<peer_change>(
                  intent, [=](const peer_change& change) { return change.peer == peer && change.to == to; }),
              std::move(details));
}

witnessed_matcher MemberEvent(member_state to, std::uint32_t node, std::vector<witnessed_matcher> details) {
  const auto intent = life_text(node) + " is " + to_string(to) + " in a new view";
  return with(says<membership_change>(intent,
                                      [=](const membership_change& change) {
                                        return change.life.node == node && change.to == to;
                                      }),
              std::move(details));
}

witnessed_matcher NameEvent(std::string_view name, std::uint32_t owner,
                            std::vector<witnessed_matcher> details) {
  const auto intent = '"' + std::string{name} + "\" is " + (owner ? "owned by " + life_text(owner) : "free");
  return with(says<name_news>(intent,
                              [=, name = std::string{name}](const name_news& news) {
                                return news.name == name && news.entry.owner.node == owner;
                              }),
              std::move(details));
}

// -- what happened, all in all --------------------------------------------------------------------

expected_events<witnessed_event> NoEventsFor(std::uint32_t node) {
  return {"nothing happened to " + life_text(node), [node](const std::vector<witnessed_event>& events) {
            for (const auto& event : events)
              if (subject_of(event) == node) return "there is: " + to_string(event);
            return std::string{};
          }};
}

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
  for (const auto node : seen_by_) *out << std::exchange(before, ", ") << life_text(node);
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
      if (out) *out << life_text(node) << ": " << problem;
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
  return {'"' + std::string{name} + "\" belongs to " + life_text(node),
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
