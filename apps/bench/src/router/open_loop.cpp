// SPDX-License-Identifier: BSD-3-Clause
#include "open_loop.hpp"

#include <sys/prctl.h>

#include <algorithm>
#include <caf/all.hpp>
#include <cmath>
#include <numeric>
#include <thread>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/core/random.hpp"
#include "bulwark/actors/service_actor.hpp"

namespace bulwark::bench {

namespace {

using namespace std::chrono_literals;

struct sleeper_state {
  instant busy_until{};
  instant next_stall{};
};

using sleeper = caf::stateful_actor<sleeper_state, service_actor>;

/// Sleeping takes a little longer than asked; what is lost is made up for while there is work, so that the
/// capacity is what the service time says.
void work(sleeper_state& state, const worker_tally& tally, std::int64_t service) {
  const auto now = std::chrono::steady_clock::now();
  auto start = now - state.busy_until < 1ms ? state.busy_until : now;
  if (tally.stall_each > duration::zero() && now >= state.next_stall) {
    if (state.next_stall != instant{}) start += tally.stall;
    state.next_stall = now + tally.stall_each;
  }
  const auto length = static_cast<double>(service) * tally.slowness;
  state.busy_until = start + duration{static_cast<std::int64_t>(length)};
  std::this_thread::sleep_until(state.busy_until);
}

caf::behavior sleeper_behavior(sleeper* self, shared_tally tally) {
  ::prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);  // of this worker's own thread; 50 us by default
  return {[self, tally](std::int64_t intended, std::int64_t service) {
    work(self->state, *tally, service);
    tally->latencies_ms.push_back(static_cast<double>(clock_ns() - intended) / 1e6);
    tally->jobs.push_back(intended);
    tally->handled.fetch_add(1);
    return intended;
  }};
}

}  // namespace

caf::actor spawn_sleeper(caf::actor_system& system, const shared_tally& tally) {
  return system.spawn<caf::detached>(sleeper_behavior, tally);
}

std::uint64_t offer(const offered_load& load, const std::function<void(std::int64_t, std::int64_t)>& send) {
  ::prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
  random_stream random{random_stream::at(load.seed)};
  const auto draw = [&random](double mean) { return -mean * std::log(1 - random.next01()); };
  const auto begin = std::chrono::steady_clock::now() + 5ms;
  const auto end = begin + duration{static_cast<std::int64_t>(load.seconds * 1e9)};
  const auto service = static_cast<double>(load.service.count());
  std::uint64_t sent = 0;
  for (auto at = begin; at < end; ++sent) {
    if (at > std::chrono::steady_clock::now()) std::this_thread::sleep_until(at);
    send(at.time_since_epoch().count(),
         static_cast<std::int64_t>(load.exponential ? draw(service) : service));
    at += duration{static_cast<std::int64_t>(draw(1e9 / load.per_second))};
  }
  return sent;
}

double quantile(std::vector<double>& samples, double share) {
  if (samples.empty()) return 0;
  std::ranges::sort(samples);
  const auto place = static_cast<std::size_t>(std::ceil(share * static_cast<double>(samples.size())));
  return samples[std::clamp<std::size_t>(place, 1, samples.size()) - 1];
}

worker_row::worker_row(caf::actor_system& system,
                       const std::function<void(std::vector<shared_tally>&)>& spoil, std::size_t count)
    : system_{system} {
  for (std::size_t i = 0; i < count; ++i) tallies_.push_back(std::make_shared<worker_tally>());
  if (spoil) spoil(tallies_);
  for (const auto& tally : tallies_) workers_.push_back(spawn_sleeper(system, tally));
}

worker_row::~worker_row() { end(); }

caf::actor worker_row::join() {
  tallies_.push_back(std::make_shared<worker_tally>());
  workers_.push_back(spawn_sleeper(system_, tallies_.back()));
  return workers_.back();
}

std::map<std::int64_t, int> worker_row::jobs() const {
  std::map<std::int64_t, int> times;
  for (const auto& tally : tallies_)
    for (const auto job : tally->jobs) ++times[job];
  return times;
}

void worker_row::end() {
  caf::scoped_actor self{system_};
  for (const auto& one : workers_) kill_now(one);
  for (const auto& one : workers_) self->wait_for(one);
}

bool worker_row::await(std::uint64_t jobs) const {
  const auto latest = std::chrono::steady_clock::now() + 1min;
  const auto handled = [this] {
    return std::accumulate(tallies_.begin(), tallies_.end(), std::uint64_t{0},
                           [](auto sum, const auto& tally) { return sum + tally->handled.load(); });
  };
  while (handled() < jobs) {
    if (std::chrono::steady_clock::now() > latest) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

std::vector<double> worker_row::latencies() const {
  std::vector<double> all;
  for (const auto& tally : tallies_)
    all.insert(all.end(), tally->latencies_ms.begin(), tally->latencies_ms.end());
  return all;
}

double worker_row::max_to_mean() const {
  double most = 0, sum = 0;
  for (const auto& tally : tallies_) {
    const auto jobs = static_cast<double>(tally->handled.load());
    most = std::max(most, jobs);
    sum += jobs;
  }
  return most * static_cast<double>(tallies_.size()) / sum;
}

}  // namespace bulwark::bench
