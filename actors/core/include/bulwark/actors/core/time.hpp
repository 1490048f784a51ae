// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>

namespace bulwark {

/// A moment on the monotonic clock. Cores never read a clock: their caller passes `now`, and never an earlier
/// one than before.
using instant = std::chrono::steady_clock::time_point;

/// A length of time, in nanoseconds.
using duration = std::chrono::steady_clock::duration;

}  // namespace bulwark
