// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdio>
#include <cstdlib>

namespace bulwark::detail {

/// Prints what was broken and ends the process: going on from a broken invariant could lose data.
[[noreturn]] inline void invariant_broken(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "bulwark: broken invariant: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace bulwark::detail

/// Checks a condition that only a bug in bulwark can break; on in every build.
#define BULWARK_INVARIANT(condition)      \
  (static_cast<bool>(condition) ? void(0) \
                                : ::bulwark::detail::invariant_broken(#condition, __FILE__, __LINE__))
