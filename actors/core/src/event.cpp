// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/core/event.hpp"

#include <cstdio>
#include <ostream>

namespace bulwark {

namespace {

std::string milliseconds(duration length) {
  char text[48];
  std::snprintf(text, sizeof text, "%.1f ms", std::chrono::duration<double, std::milli>{length}.count());
  return text;
}

std::string what_more(const supervision_event& event) {
  const auto generation = "generation " + std::to_string(event.generation);
  switch (event.kind) {
    case event_kind::started:
    case event_kind::ready:
    case event_kind::abandoned: return generation;
    case event_kind::exited:
    case event_kind::start_failed:
    case event_kind::stopped:
    case event_kind::resumed:
    case event_kind::quarantined:
    case event_kind::hung:
    case event_kind::parked:
    case event_kind::given_up: return generation + "; " + event.reason.text;
    case event_kind::gave_up:
    case event_kind::shut_down: return event.reason.text;
    case event_kind::restored:
    case event_kind::point_given_up:
    case event_kind::point_lost:
      if (event.generation == 0) return event.reason.text;
      return "point " + std::to_string(event.generation) + "; " + event.reason.text;
    case event_kind::restarted:
      return generation + ", restarts: " + std::to_string(event.restarts) + "; T_fail " +
             milliseconds(event.t_fail) + " + T_recover " + milliseconds(event.t_recover) + " = " +
             milliseconds(event.t_restart);
    case event_kind::crash_storm:
      return generation + ", restarts: " + std::to_string(event.restarts) + "; " +
             std::to_string(event.ends) + " ends within " + milliseconds(event.within) +
             ", the last: " + event.reason.text;
  }
  return {};
}

}  // namespace

const char* to_string(event_kind kind) noexcept {
  switch (kind) {
    case event_kind::started: return "started";
    case event_kind::ready: return "ready";
    case event_kind::exited: return "exited";
    case event_kind::restarted: return "restarted";
    case event_kind::start_failed: return "start_failed";
    case event_kind::gave_up: return "gave_up";
    case event_kind::abandoned: return "abandoned";
    case event_kind::stopped: return "stopped";
    case event_kind::resumed: return "resumed";
    case event_kind::hung: return "hung";
    case event_kind::parked: return "parked";
    case event_kind::given_up: return "given_up";
    case event_kind::shut_down: return "shut_down";
    case event_kind::quarantined: return "quarantined";
    case event_kind::restored: return "restored";
    case event_kind::point_given_up: return "point_given_up";
    case event_kind::point_lost: return "point_lost";
    case event_kind::crash_storm: return "crash_storm";
  }
  return "unknown";
}

std::string to_string(const supervision_event& event) {
  return std::string{to_string(event.kind)} + ' ' + (event.path.empty() ? "the root" : event.path) + " (" +
         what_more(event) + ')';
}

std::ostream& operator<<(std::ostream& out, event_kind kind) { return out << to_string(kind); }

std::ostream& operator<<(std::ostream& out, const supervision_event& event) {
  return out << to_string(event);
}

}  // namespace bulwark
