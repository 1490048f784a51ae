// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "chaos.hpp"

namespace bulwark::test {

/// Whether the run finds something wrong, also if it aborts: it happens in a process of its own.
bool fails(const run_parameters& what);

/// Leaves out faults and requests as long as the run still fails.
/// Source: Zeller, Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002): halves first, then
/// less
run_parameters shrink(run_parameters failing);

}  // namespace bulwark::test
