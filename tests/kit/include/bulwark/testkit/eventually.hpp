// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>
#include <chrono>
#include <thread>

namespace bulwark::testkit {

/// For tests in real time, of processes and detached actors: looks again and again until the condition holds
/// or the time is over. True if it did hold.
template <class Condition>
[[nodiscard]] bool eventually(std::chrono::steady_clock::duration within, Condition condition) {
  const auto end = std::chrono::steady_clock::now() + within;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return true;
}

/// The opposite: true if the condition held whenever it was looked at, all the time.
template <class Condition>
[[nodiscard]] bool always(std::chrono::steady_clock::duration during, Condition condition) {
  return !eventually(during, [&condition] { return !condition(); });
}

}  // namespace bulwark::testkit

#define EVENTUALLY(within, condition)                                                               \
  EXPECT_TRUE(::bulwark::testkit::eventually(within, [&] { return static_cast<bool>(condition); })) \
      << #condition
#define ALWAYS(during, condition) \
  EXPECT_TRUE(::bulwark::testkit::always(during, [&] { return static_cast<bool>(condition); })) << #condition
