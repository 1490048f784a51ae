// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/process_meter.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <utility>

namespace bulwark {

namespace {

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

}  // namespace bulwark
