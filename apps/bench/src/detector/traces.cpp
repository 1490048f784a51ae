// SPDX-License-Identifier: BSD-3-Clause
#include "traces.hpp"

#include <algorithm>
#include <random>

namespace bulwark::bench {

namespace {

using generator = std::mt19937_64;

double lan_delay(generator& random) { return 0.05 + std::gamma_distribution<double>{2, 0.075}(random); }

/// Delivers in order, as one TCP connection does.
void keep_order(trace& of) {
  double latest = 0;
  for (auto& one : of.beats) {
    latest = std::max(latest, one.arrived);
    one.arrived = one.taken = latest;
  }
}

trace lossy(std::string name, std::size_t beats, std::uint64_t seed, double loss_begins, double loss_goes_on,
            double (*delay)(generator&)) {
  generator random{seed};
  std::uniform_real_distribution<double> chance{0, 1};
  trace result{.name = std::move(name)};
  result.beats.reserve(beats);
  bool losing = false;
  for (std::size_t i = 1; i <= beats; ++i) {
    const double sent = static_cast<double>(i) * result.interval + chance(random);
    losing = chance(random) < (losing ? loss_goes_on : loss_begins);
    if (!losing) result.beats.push_back({sent, sent + delay(random), 0});
  }
  keep_order(result);
  return result;
}

/// Intervals of about a minute between pauses of `shortest` to `longest` ms, up to `end`.
std::vector<trace::stall> pauses(double end, double shortest, double longest, std::uint64_t seed) {
  generator random{seed};
  std::exponential_distribution<double> gap{1.0 / 60'000};
  std::uniform_real_distribution<double> length{shortest, longest};
  std::vector<trace::stall> result;
  for (double at = gap(random); at < end; at += gap(random)) {
    result.push_back({at, at + length(random)});
    at = result.back().end;
  }
  return result;
}

}  // namespace

trace lan_trace(std::size_t beats, std::uint64_t seed) {
  return lossy("LAN", beats, seed, 1e-4, 0, lan_delay);
}

trace wan_trace(std::size_t beats, std::uint64_t seed) {
  return lossy("WAN", beats, seed, 0.002, 0.5, [](generator& random) {
    return 45 + std::lognormal_distribution<double>{2.0, 1.0}(random);
  });
}

trace stall_trace(std::size_t beats, std::uint64_t seed) {
  auto result = lan_trace(beats, seed);
  result.name = "stalls of the observer";
  result.stalls = pauses(result.beats.back().arrived, 50, 1000, seed + 1);
  auto stall = result.stalls.begin();
  for (auto& one : result.beats) {
    while (stall != result.stalls.end() && stall->end <= one.arrived) ++stall;
    if (stall != result.stalls.end() && one.arrived >= stall->begin) one.taken = stall->end;
  }
  return result;
}

trace burst_trace(std::size_t beats, std::uint64_t seed) {
  auto result = lan_trace(beats, seed);
  result.name = "bursts";
  const auto held = pauses(result.beats.back().arrived, 50, 500, seed + 2);
  auto pause = held.begin();
  for (auto& one : result.beats) {
    while (pause != held.end() && pause->end <= one.sent) ++pause;
    if (pause != held.end() && one.sent >= pause->begin) one.arrived = std::max(one.arrived, pause->end);
  }
  keep_order(result);
  return result;
}

}  // namespace bulwark::bench
