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

/// What all matchers for trees share. The tree itself is printed by gmock, see PrintTo.
class tree_expectation {
 public:
  using is_gtest_matcher = void;
  using check = std::string (*)(const observed_tree& tree, const std::vector<event_matcher>& expected);

  tree_expectation(std::string intent, std::vector<event_matcher> expected, check find_problem)
      : intent_{std::move(intent)}, expected_{std::move(expected)}, find_problem_{find_problem} {}

  bool MatchAndExplain(const observed_tree& tree, std::ostream* out) const {
    const auto problem = find_problem_(tree, expected_);
    if (out && !problem.empty()) *out << problem;
    return problem.empty();
  }

  void DescribeTo(std::ostream* out) const {
    *out << intent_;
    for (const auto& one : expected_) *out << "\n  - " << description(one);
  }
  void DescribeNegationTo(std::ostream* out) const {
    *out << "not: ";
    DescribeTo(out);
  }

 private:
  std::string intent_;
  std::vector<event_matcher> expected_;
  check find_problem_;
};

std::string missing(const event_matcher& matcher) { return "there is no event that " + description(matcher); }

std::string problem_in_order(const observed_tree& tree, const std::vector<event_matcher>& expected) {
  const auto events = tree.events();
  auto at = events.begin();
  for (const auto& matcher : expected) {
    while (at != events.end() && !matcher.Matches(*at)) ++at;
    if (at == events.end()) return missing(matcher) + ", or it came too early";
    ++at;
  }
  return {};
}

std::string problem_in_any_order(const observed_tree& tree, const std::vector<event_matcher>& expected) {
  auto events = tree.events();
  for (const auto& matcher : expected) {
    const auto found =
        std::ranges::find_if(events, [&](const supervision_event& event) { return matcher.Matches(event); });
    if (found == events.end()) return missing(matcher);
    events.erase(found);
  }
  return {};
}

std::string problem_exactly(const observed_tree& tree, const std::vector<event_matcher>& expected) {
  const auto events = tree.events();
  for (std::size_t i = 0; i < expected.size() && i < events.size(); ++i)
    if (!expected[i].Matches(events[i]))
      return "event " + std::to_string(i + 1) + " is " + to_string(events[i]) + ", which does not fit: it " +
             description(expected[i]);
  if (events.size() == expected.size()) return {};
  return "there are " + std::to_string(events.size()) + " events instead of " +
         std::to_string(expected.size());
}

/// Nothing happened at `path_` or below.
class silence {
 public:
  using is_gtest_matcher = void;
  explicit silence(std::string_view path) : path_{path} {}

  bool MatchAndExplain(const observed_tree& tree, std::ostream* out) const {
    for (const auto& event : tree.events()) {
      if (event.path != path_ && !event.path.starts_with(path_ + '/')) continue;
      if (out) *out << "there is: " << event;
      return false;
    }
    return true;
  }
  void DescribeTo(std::ostream* out) const { *out << "nothing happened to \"" << path_ << '"'; }
  void DescribeNegationTo(std::ostream* out) const { *out << "something happened to \"" << path_ << '"'; }

 private:
  std::string path_;
};

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

namespace detail {

tree_matcher in_order(std::vector<event_matcher> expected) {
  return tree_expectation{"in this order, among others:", std::move(expected), problem_in_order};
}

tree_matcher in_any_order(std::vector<event_matcher> expected) {
  return tree_expectation{"in any order, among others:", std::move(expected), problem_in_any_order};
}

tree_matcher exactly(std::vector<event_matcher> expected) {
  return tree_expectation{"in this order, and nothing else:", std::move(expected), problem_exactly};
}

}  // namespace detail

tree_matcher NoEventsFor(std::string_view path) { return silence{path}; }

tree_matcher Tree(std::vector<std::string> lines) { return tree_shape{std::move(lines)}; }

}  // namespace bulwark::testkit
