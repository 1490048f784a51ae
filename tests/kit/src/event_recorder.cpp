// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/testkit/event_recorder.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

namespace bulwark::testkit {

struct event_recorder::memory {
  mutable std::mutex mutex;
  std::vector<supervision_event> events;
};

event_recorder::event_recorder() : memory_{std::make_shared<memory>()} {}

event_sink event_recorder::sink() const {
  return [memory = memory_](const supervision_event& event) {
    std::lock_guard guard{memory->mutex};
    memory->events.push_back(event);
  };
}

std::vector<supervision_event> event_recorder::events() const {
  std::lock_guard guard{memory_->mutex};
  return memory_->events;
}

std::vector<std::string> event_recorder::story() const {
  std::vector<std::string> lines;
  for (const auto& event : events()) lines.push_back(std::string{to_string(event.kind)} + ' ' + event.path);
  return lines;
}

std::vector<std::string> event_recorder::story_of(std::vector<event_kind> kinds) const {
  std::vector<std::string> lines;
  for (const auto& event : events())
    if (std::ranges::find(kinds, event.kind) != kinds.end())
      lines.push_back(std::string{to_string(event.kind)} + ' ' + event.path);
  return lines;
}

std::size_t event_recorder::count(event_kind kind, std::string_view path) const {
  const auto all = events();
  return static_cast<std::size_t>(std::ranges::count_if(
      all, [&](const supervision_event& event) { return event.kind == kind && event.path == path; }));
}

void event_recorder::clear() {
  std::lock_guard guard{memory_->mutex};
  memory_->events.clear();
}

testing::Matcher<const supervision_event&> event_of(event_kind kind, std::string_view path) {
  return testing::AllOf(testing::Field("kind", &supervision_event::kind, kind),
                        testing::Field("path", &supervision_event::path, std::string{path}));
}

testing::Matcher<const supervision_event&> started(std::string_view path) {
  return event_of(event_kind::started, path);
}
testing::Matcher<const supervision_event&> ready(std::string_view path) {
  return event_of(event_kind::ready, path);
}
testing::Matcher<const supervision_event&> restarted(std::string_view path) {
  return event_of(event_kind::restarted, path);
}
testing::Matcher<const supervision_event&> exited(std::string_view path) {
  return event_of(event_kind::exited, path);
}
testing::Matcher<const supervision_event&> stopped(std::string_view path) {
  return event_of(event_kind::stopped, path);
}
testing::Matcher<const supervision_event&> gave_up(std::string_view path) {
  return event_of(event_kind::gave_up, path);
}

}  // namespace bulwark::testkit
