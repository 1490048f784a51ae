// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/process_meter.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <utility>

#include "bulwark/actors/service_actor.hpp"
#include "bulwark/supervision/core/mailbox_age.hpp"

namespace bulwark {

namespace {

/// More means nothing to people, and fits.
constexpr std::int64_t queue_max = 1'000'000'000;
constexpr std::chrono::minutes age_max{1};

struct watched_actor {
  caf::actor actor;
  mailbox_age age;
};

std::int64_t cpu_used_us() {
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) != 0) return 0;
  const auto us = [](const timeval& time) { return time.tv_sec * 1'000'000 + time.tv_usec; };
  return us(used.ru_utime) + us(used.ru_stime);
}

std::uint64_t resident_kib() {
  std::uint64_t all_pages = 0, resident_pages = 0;
  std::ifstream{"/proc/self/statm"} >> all_pages >> resident_pages;
  return resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 1024;
}

}  // namespace

vitals process_meter::measure(instant now) {
  vitals result;
  const auto cpu = cpu_used_us();
  const auto before = std::exchange(cpu_us_, cpu);
  const auto since = std::exchange(measured_, now);
  const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(now - since).count();
  if (since != instant{} && passed > 0 && cpu > before)
    result.cpu_permille = static_cast<std::uint32_t>((cpu - before) * 1000 / passed);
  result.memory_kib = resident_kib();
  return result;
}

std::function<vitals()> measured_load(std::vector<caf::actor> main_actors) {
  std::vector<watched_actor> all;
  for (auto& one : main_actors) all.push_back({std::move(one), {}});
  return [meter = process_meter{}, watched = std::move(all)]() mutable {
    const auto now = std::chrono::steady_clock::now();
    auto measured = meter.measure(now);
    std::int64_t waiting = 0;
    duration oldest{};
    for (auto& one : watched) {
      const auto* gauge = gauge_of(one.actor);
      if (!gauge) continue;
      const auto handled = gauge->handled();
      const auto here = std::clamp<std::int64_t>(gauge->depth(), 0, queue_max);
      waiting += here;
      oldest = std::max(oldest, one.age.look(handled, static_cast<std::uint64_t>(here), now));
    }
    measured.queue = static_cast<std::uint32_t>(std::min(waiting, queue_max));
    measured.mailbox_age_us = static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(std::min<duration>(oldest, age_max)).count());
    return measured;
  };
}

}  // namespace bulwark
