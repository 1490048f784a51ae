// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "closed_loop.hpp"
#include "detection.hpp"
#include "snapshot_pauses.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace bulwark::bench {

/// What all rounds of one point (a kind of work, a number of clients) showed.
struct point {
  work kind = work::put;
  std::size_t clients = 0;
  std::vector<double> rates{};   ///< op/s, one per round
  std::vector<double> p50_ms{};  ///< one per round
  std::vector<double> p99_ms{};  ///< one per round
  std::uint64_t errors = 0;
};

/// How long it took from the end of a leader to the first write at another node.
struct failovers {
  std::vector<double> ms{};  ///< one per round; empty if not measured
  std::size_t missed = 0;    ///< rounds in which no write was acknowledged in time
};

struct report {
  std::string target;  ///< what was measured, for people
  std::vector<point> points{};
  failovers killed{};    ///< by SIGKILL
  failovers paused{};    ///< by SIGSTOP
  detections crashes{};  ///< told by others after SIGKILL
  detections stops{};    ///< told by others after SIGSTOP
  std::optional<quiet_load> quiet{};
  std::optional<snapshot_pauses> snapshots{};
};

/// The middle value; 0 if there are none.
double median(std::vector<double> values);

/// True if nothing was missed that should have happened, and nothing happened that should not.
bool is_good(const report& result);

std::string to_table(const report& result);
std::string to_json(const report& result);

}  // namespace bulwark::bench
