// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

namespace bulwark::cluster {

/// One event of a node, as its control socket tells it, on one line for people:
/// "n2     3.2 s ago  restarted    consensus/replica  generation 2  T_restart 51.0 ms". What is missing in
/// the event is left out.
[[nodiscard]] std::string event_line(std::string_view event, const std::string& node, bool colour);

}  // namespace bulwark::cluster
