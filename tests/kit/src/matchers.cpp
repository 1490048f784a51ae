// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/testkit/matchers.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

namespace bulwark::testkit {

namespace {

std::string description(const event_matcher& matcher) {
  std::ostringstream text;
  matcher.DescribeTo(&text);
  return text.str();
}

using event_list = events_matcher::event_list;

std::string missing(const event_matcher& matcher) { return "there is no event that " + description(matcher); }

std::string problem_in_order(const event_list& events, const std::vector<event_matcher>& expected) {
  auto at = events.begin();
  for (const auto& matcher : expected) {
    while (at != events.end() && !matcher.Matches(*at)) ++at;
    if (at == events.end()) return missing(matcher) + ", or it came too early";
    ++at;
  }
  return {};
}

std::string problem_in_any_order(event_list events, const std::vector<event_matcher>& expected) {
  for (const auto& matcher : expected) {
    const auto found =
        std::ranges::find_if(events, [&](const supervision_event& event) { return matcher.Matches(event); });
    if (found == events.end()) return missing(matcher);
    events.erase(found);
  }
  return {};
}

std::string problem_exactly(const event_list& events, const std::vector<event_matcher>& expected) {
  for (std::size_t i = 0; i < expected.size() && i < events.size(); ++i)
    if (!expected[i].Matches(events[i]))
      return "event " + std::to_string(i + 1) + " is " + to_string(events[i]) + ", which does not fit: it " +
             description(expected[i]);
  if (events.size() == expected.size()) return {};
  return "there are " + std::to_string(events.size()) + " events instead of " +
         std::to_string(expected.size());
}

template <class Check>
events_matcher expectation(std::string intent, std::vector<event_matcher> expected, Check find_problem) {
  for (const auto& one : expected) intent += "\n  - " + description(one);
  return {std::move(intent), [expected = std::move(expected), find_problem](const event_list& events) {
            return find_problem(events, expected);
          }};
}

class tree_shape {
 public:
  using is_gtest_matcher = void;
  explicit tree_shape(std::vector<std::string> lines) : lines_{std::move(lines)} {}

  bool MatchAndExplain(const observed_tree& tree, testing::MatchResultListener* listener) const {
    return testing::ExplainMatchResult(testing::ElementsAreArray(lines_), tree.lines(), listener);
  }
  void DescribeTo(std::ostream* out) const {
    *out << "the tree is";
    for (const auto& line : lines_) *out << "\n  " << line;
  }
  void DescribeNegationTo(std::ostream* out) const {
    *out << "not: ";
    DescribeTo(out);
  }

 private:
  std::vector<std::string> lines_;
};

}  // namespace

event_matcher Reason(const char* part) { return Reason(testing::HasSubstr(std::string{part})); }

event_matcher Reason(const testing::Matcher<const std::string&>& text) {
  return testing::Field("reason", &supervision_event::reason,
                        testing::Field("text", &exit_status::text, text));
}

event_matcher Reason(exit_kind kind) {
  return testing::Field("reason", &supervision_event::reason,
                        testing::Field("kind", &exit_status::kind, kind));
}

event_matcher After(duration length) { return After(testing::Matcher<duration>{length}); }

event_matcher After(const testing::Matcher<duration>& length) {
  return testing::Field("t_restart", &supervision_event::t_restart, length);
}

event_matcher Generation(std::uint64_t number) {
  return testing::Field("generation", &supervision_event::generation, number);
}

event_matcher Event(event_kind kind, std::string_view path, std::vector<event_matcher> details) {
  details.insert(details.begin(), event_of(kind, path));
  return testing::AllOfArray(details);
}

void events_matcher::DescribeTo(std::ostream* out) const { *out << intent_; }

void events_matcher::DescribeNegationTo(std::ostream* out) const { *out << "not: " << intent_; }

bool events_matcher::judge(const event_list& events, std::ostream* out) const {
  const auto problem = find_problem_(events);
  if (out && !problem.empty()) *out << problem;
  return problem.empty();
}

void eventual_events::DescribeTo(std::ostream* out) const {
  *out << "within " << std::chrono::duration<double>(within_).count() << " s ";
  expected_.DescribeTo(out);
}

void eventual_events::DescribeNegationTo(std::ostream* out) const {
  *out << "not: ";
  DescribeTo(out);
}

namespace detail {

events_matcher in_order(std::vector<event_matcher> expected) {
  return expectation("in this order, among others:", std::move(expected), problem_in_order);
}

events_matcher in_any_order(std::vector<event_matcher> expected) {
  return expectation("in any order, among others:", std::move(expected), problem_in_any_order);
}

events_matcher exactly(std::vector<event_matcher> expected) {
  return expectation("in this order, and nothing else:", std::move(expected), problem_exactly);
}

}  // namespace detail

events_matcher NoEventsFor(std::string_view path) {
  return {"nothing happened to \"" + std::string{path} + '"',
          [path = std::string{path}](const event_list& events) {
            for (const auto& event : events)
              if (event.path == path || event.path.starts_with(path + '/'))
                return "there is: " + to_string(event);
            return std::string{};
          }};
}

tree_matcher Tree(std::vector<std::string> lines) { return tree_shape{std::move(lines)}; }

}  // namespace bulwark::testkit
