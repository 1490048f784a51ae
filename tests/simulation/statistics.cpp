// SPDX-License-Identifier: BSD-3-Clause
#include "statistics.hpp"

namespace bulwark::test {
namespace {

constexpr std::array names{"leader change",
                           "transfer asked for",
                           "leader handed over",
                           "transfer timed out",
                           "learner added",
                           "learner promoted",
                           "node removed",
                           "voter replaced",
                           "change refused",
                           "change lost",
                           "configuration proposed again",
                           "configuration installed",
                           "crash",
                           "restart",
                           "unsynced record lost",
                           "unsynced write survived",
                           "message lost",
                           "message doubled",
                           "partition",
                           "one-way cut",
                           "chained cut",
                           "flapping cut",
                           "link reset",
                           "loss that one misses",
                           "pause",
                           "storage stall",
                           "torn write",
                           "disk full",
                           "disk error",
                           "clock jump",
                           "freeze before a read",
                           "value proposed again",
                           "hole filled with a no-op",
                           "refusal",
                           "promise in parts",
                           "accept sent again",
                           "values learned",
                           "fetch for a laggard",
                           "snapshot restored",
                           "snapshot installed",
                           "snapshot in pieces",
                           "snapshot without room",
                           "replay piece",
                           "forward",
                           "forward doubled",
                           "not-done reply",
                           "fell quiet",
                           "woken by silence",
                           "session command done",
                           "session command repeated",
                           "write done",
                           "read done",
                           "read by lease",
                           "lease over before reply",
                           "stale read answered here",
                           "stale read passed on",
                           "stale read that was behind",
                           "stale read done",
                           "unknown outcome",
                           "no-leader outcome",
                           "overloaded outcome"};
static_assert(names.size() == static_cast<std::size_t>(happening::count_));

}  // namespace

const char* name_of(happening what) { return names[static_cast<std::size_t>(what)]; }

void statistics::add(const statistics& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
}

std::string statistics::table() const {
  std::string text;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    auto line = std::string{names[i]};
    line.resize(26, ' ');
    const auto number = std::to_string(counts_[i]);
    text += "  " + line + std::string(number.size() < 12 ? 12 - number.size() : 0, ' ') + number + "\n";
  }
  return text;
}

std::string statistics::missing() const {
  std::string text;
  for (std::size_t i = 0; i < counts_.size(); ++i)
    if (counts_[i] == 0) text += (text.empty() ? "" : ", ") + std::string{names[i]};
  return text;
}

}  // namespace bulwark::test
