// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/testkit/cluster_matchers.hpp"

#include <chrono>
#include <ostream>
#include <sstream>
#include <variant>

#include "node_text.hpp"

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

/// Of whom a detector or the group changed its mind; 0 if it is about something else.
std::uint32_t subject_of(const witnessed_event& event) {
  if (const auto* verdict = std::get_if<peer_change>(&event.what)) return verdict->peer;
  if (const auto* change = std::get_if<membership_change>(&event.what)) return change->life.node;
  return 0;
}

}  // namespace

// -- details --------------------------------------------------------------------------------------

witnessed_matcher SeenBy(std::uint32_t node) {
  return event_shape{"is told by " + node_text(node),
                     [node](const witnessed_event& event) { return event.node == node; }};
}

witnessed_matcher At(duration time) {
  return event_shape{"is told after " + time_text(time),
                     [time](const witnessed_event& event) { return event.at == time; }};
}

witnessed_matcher At(const testing::Matcher<duration>& time) {
  return part("time", time, [](const witnessed_event& event) { return &event.at; });
}

witnessed_matcher From(peer_state state) {
  return says<peer_change>(std::string{"it was "} + to_string(state),
                           [state](const peer_change& change) { return change.from == state; });
}

witnessed_matcher From(member_state state) {
  return says<membership_change>(std::string{"it was "} + to_string(state),
                                 [state](const membership_change& change) { return change.from == state; });
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
  const auto intent = node_text(peer) + " is " + to_string(to) + " for a detector";
  return with(says<peer_change>(
                  intent, [=](const peer_change& change) { return change.peer == peer && change.to == to; }),
              std::move(details));
}

witnessed_matcher MemberEvent(member_state to, std::uint32_t node, std::vector<witnessed_matcher> details) {
  const auto intent = node_text(node) + " is " + to_string(to) + " in a new view";
  return with(says<membership_change>(intent,
                                      [=](const membership_change& change) {
                                        return change.life.node == node && change.to == to;
                                      }),
              std::move(details));
}

witnessed_matcher NameEvent(std::string_view name, std::uint32_t owner,
                            std::vector<witnessed_matcher> details) {
  const auto intent = '"' + std::string{name} + "\" is " + (owner ? "owned by " + node_text(owner) : "free");
  return with(says<name_news>(intent,
                              [=, name = std::string{name}](const name_news& news) {
                                return news.name == name && news.entry.owner.node == owner;
                              }),
              std::move(details));
}

// -- what happened, all in all --------------------------------------------------------------------

expected_events<witnessed_event> NoEventsFor(std::uint32_t node) {
  return {"nothing happened to " + node_text(node), [node](const std::vector<witnessed_event>& events) {
            for (const auto& event : events)
              if (subject_of(event) == node) return "there is: " + to_string(event);
            return std::string{};
          }};
}

}  // namespace bulwark::testkit
