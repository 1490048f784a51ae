// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/testkit/matchers.hpp"

#include <ostream>
#include <utility>

namespace bulwark::testkit {

namespace {

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

expected_events<supervision_event> NoEventsFor(std::string_view path) {
  return {"nothing happened to \"" + std::string{path} + '"',
          [path = std::string{path}](const std::vector<supervision_event>& events) {
            for (const auto& event : events)
              if (event.path == path || event.path.starts_with(path + '/'))
                return "there is: " + to_string(event);
            return std::string{};
          }};
}

tree_matcher Tree(std::vector<std::string> lines) { return tree_shape{std::move(lines)}; }

}  // namespace bulwark::testkit
