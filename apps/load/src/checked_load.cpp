// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/load/checked_load.hpp"

#include "bulwark/actors/core/invariant.hpp"
#include "checked_state.hpp"

#include <utility>

namespace bulwark::load {

namespace {

using std::chrono::steady_clock;

}  // namespace

load_totals operator-(const load_totals& later, const load_totals& earlier) {
  return {.done = later.done - earlier.done,
          .refused = later.refused - earlier.refused,
          .unknown = later.unknown - earlier.unknown,
          .retried = later.retried - earlier.retried,
          .lost = later.lost - earlier.lost,
          .stale = later.stale - earlier.stale,
          .phantom = later.phantom - earlier.phantom,
          .torn = later.torn - earlier.torn,
          .unexpected = later.unexpected - earlier.unexpected};
}

checked_load::checked_load(load_options options)
    : state_(std::make_unique<checked_state>(std::move(options))) {
  BULWARK_INVARIANT(!state_->options.endpoints.empty());
  BULWARK_INVARIANT(state_->options.attempts > 0);
  BULWARK_INVARIANT(state_->options.registers_per_client > 0 && state_->options.counters > 0);
}

checked_load::~checked_load() { stop(); }

void checked_load::start() {
  BULWARK_INVARIANT(state_->clients.empty());
  for (std::size_t i = 0; i < state_->options.clients; ++i) {
    state_->clients.emplace_back(
        [shared = state_.get(), i](const std::stop_token& stop) { run_client(*shared, i, stop); });
  }
}

void checked_load::stop() {
  for (auto& thread : state_->clients) thread.request_stop();
  state_->clients.clear();
}

audit_result checked_load::audit(duration patience) {
  const auto deadline = steady_clock::now() + patience;
  client through(state_->connection(0));
  audit_result result;
  const auto check_all = [&](auto& keys) {
    for (auto& key : keys) {
      bool read = false;
      while (!(read = state_->check(through, key)) && steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
      ++(read ? result.verified : result.unverified);
    }
  };
  check_all(state_->registers);
  check_all(state_->counters);
  check_all(state_->chains);
  return result;
}

load_totals checked_load::totals() const {
  const std::lock_guard lock(state_->guard);
  return state_->totals;
}

std::vector<std::string> checked_load::findings() const {
  const std::lock_guard lock(state_->guard);
  return state_->findings;
}

std::vector<std::string> checked_load::failures() const {
  const std::lock_guard lock(state_->guard);
  return state_->failures;
}

void checked_load::mark_fault(instant when) { state_->watch.mark(when); }

std::optional<duration> checked_load::write_after_fault() const { return state_->watch.first_write(); }

duration checked_load::longest_gap() const { return state_->watch.longest_gap(steady_clock::now()); }

latency_histogram checked_load::write_latencies() const {
  const std::lock_guard lock(state_->guard);
  return state_->writes;
}

latency_histogram checked_load::read_latencies() const {
  const std::lock_guard lock(state_->guard);
  return state_->reads;
}

}  // namespace bulwark::load
