// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "bulwark/supervision/core/storm_filter.hpp"

namespace bulwark {

/// Stands between a tree and an event_sink that cannot bear every event of a crash storm, such as a log.
/// Unlike a subscriber's, its events are told in the thread in which they happen, so the last words of a
/// process that ends are not lost. Thread-safe; the sink is called by one thread at a time.
class storm_sink {
 public:
  /// Throws std::invalid_argument if the options are not valid.
  storm_sink(event_sink next, const storm_options& options);

  /// For supervisor_options::sink; keeps what is behind this object alive.
  [[nodiscard]] event_sink sink() const;

  /// Tells of the periods that are over. Call it now and then, such as every second: with no event coming in,
  /// nobody else does.
  void tick(instant now) const;

  /// Tells at once what is held back; before the process ends.
  void flush(instant now) const;

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace bulwark
