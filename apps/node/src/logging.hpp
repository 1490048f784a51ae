// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/node/options.hpp"

namespace bulwark::node {

/// Sets up the process-wide log on standard error, as text or as one JSON object a line: ts, level, node,
/// thread, msg.
void set_up_logging(const node_options& options);

}  // namespace bulwark::node
