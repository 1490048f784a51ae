// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gmock/gmock.h>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bulwark/actors/core/event.hpp"

namespace bulwark::testkit {

/// Remembers what supervisors publish. Copies share what they remember; thread-safe.
class event_recorder {
 public:
  event_recorder();

  /// Give this to a supervisor; it may outlive the recorder.
  [[nodiscard]] event_sink sink() const;

  [[nodiscard]] std::vector<supervision_event> events() const;

  /// All events since the start or the last clear as "kind path", in order: what most tests compare.
  [[nodiscard]] std::vector<std::string> story() const;

  /// The same for some kinds only.
  [[nodiscard]] std::vector<std::string> story_of(std::vector<event_kind> kinds) const;

  [[nodiscard]] std::size_t count(event_kind kind, std::string_view path) const;

  void clear();

 private:
  struct memory;
  std::shared_ptr<memory> memory_;
};

/// Matchers for single events: `EXPECT_THAT(recorder.events(), Contains(restarted("clients/session2")))`.
[[nodiscard]] testing::Matcher<const supervision_event&> event_of(event_kind kind, std::string_view path);
[[nodiscard]] testing::Matcher<const supervision_event&> started(std::string_view path);
[[nodiscard]] testing::Matcher<const supervision_event&> ready(std::string_view path);
[[nodiscard]] testing::Matcher<const supervision_event&> restarted(std::string_view path);
[[nodiscard]] testing::Matcher<const supervision_event&> exited(std::string_view path);
[[nodiscard]] testing::Matcher<const supervision_event&> stopped(std::string_view path);
[[nodiscard]] testing::Matcher<const supervision_event&> gave_up(std::string_view path);

}  // namespace bulwark::testkit
