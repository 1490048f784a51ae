// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/storm_sink.hpp"

#include <stdexcept>
#include <utility>

namespace bulwark {

struct storm_sink::state {
  state(event_sink to, const storm_options& options) : next{std::move(to)}, filter{options} {}

  /// Has the filter do something, and passes on what it tells.
  template <class Action>
  void run(Action act) {
    const std::lock_guard guard{mutex};
    told.clear();
    act(filter, told);
    for (const auto& event : told) next(event);
  }

  std::mutex mutex;
  const event_sink next;
  storm_filter filter;
  std::vector<supervision_event> told;  ///< a member to keep its memory
};

storm_sink::storm_sink(event_sink next, const storm_options& options) {
  if (const auto problem = options.validate(); !problem.empty()) throw std::invalid_argument{problem};
  state_ = std::make_shared<state>(std::move(next), options);
}

event_sink storm_sink::sink() const {
  return [state = state_](const supervision_event& event) {
    state->run([&](storm_filter& filter, auto& told) { filter.step(event, told); });
  };
}

void storm_sink::tick(instant now) const {
  state_->run([&](storm_filter& filter, auto& told) { filter.tick(now, told); });
}

void storm_sink::flush(instant now) const {
  state_->run([&](storm_filter& filter, auto& told) { filter.flush(now, told); });
}

}  // namespace bulwark
