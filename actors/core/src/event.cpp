// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/core/event.hpp"

#include <array>
#include <charconv>
#include <ostream>
#include <string_view>
#include <utility>

namespace bulwark {

namespace {

/// A line that is built in place: one is written for each event of a storm.
class event_line {
 public:
  event_line& operator<<(std::string_view words) {
    text_ += words;
    return *this;
  }

  event_line& operator<<(std::uint64_t number) {
    std::array<char, 24> digits;
    text_.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
    return *this;
  }

  /// "1.5 ms", rounded to tenths.
  event_line& operator<<(duration length) {
    constexpr duration tenth = std::chrono::microseconds{100};
    if (length < duration::zero()) *this << "-";
    const auto tenths = static_cast<std::uint64_t>((std::chrono::abs(length) + tenth / 2) / tenth);
    return *this << tenths / 10 << "." << tenths % 10 << " ms";
  }

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void add_more(event_line& line, const supervision_event& event) {
  switch (event.kind) {
    case event_kind::started:
    case event_kind::ready:
    case event_kind::abandoned: line << "generation " << event.generation; break;
    case event_kind::exited:
    case event_kind::start_failed:
    case event_kind::stopped:
    case event_kind::resumed:
    case event_kind::quarantined:
    case event_kind::hung:
    case event_kind::parked:
    case event_kind::given_up: line << "generation " << event.generation << "; " << event.reason.text; break;
    case event_kind::gave_up:
    case event_kind::shut_down: line << event.reason.text; break;
    case event_kind::restored:
    case event_kind::point_given_up:
    case event_kind::point_lost:
      if (event.generation != 0) line << "point " << event.generation << "; ";
      line << event.reason.text;
      break;
    case event_kind::restarted:
      line << "generation " << event.generation << ", restarts: " << event.restarts << "; T_fail "
           << event.t_fail << " + T_recover " << event.t_recover << " = " << event.t_restart;
      break;
    case event_kind::crash_storm:
      line << "generation " << event.generation << ", restarts: " << event.restarts << "; " << event.ends
           << " ends within " << event.within << ", the last: " << event.reason.text;
      break;
    case event_kind::resized:
      line << "from " << event.from << " to " << event.to << "; " << event.reason.text;
      break;
  }
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
    case event_kind::resized: return "resized";
  }
  return "unknown";
}

std::string to_string(const supervision_event& event) {
  event_line line;
  line << to_string(event.kind) << " " << (event.path.empty() ? std::string_view{"the root"} : event.path)
       << " (";
  add_more(line, event);
  line << ")";
  return line.take();
}

std::ostream& operator<<(std::ostream& out, event_kind kind) { return out << to_string(kind); }

std::ostream& operator<<(std::ostream& out, const supervision_event& event) {
  return out << to_string(event);
}

}  // namespace bulwark
