// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace bulwark::cluster {

/// What nodes say of themselves, in the text format of Prometheus (0.0.4): base units, one `# HELP` and
/// `# TYPE` per metric, ended by a line feed each. `told` has the name of each node and its answer to
/// `status`; an empty text means no answer, and then only `bulwark_up` tells of the node. What a node does
/// not know is left out.
[[nodiscard]] std::string metrics_text(const std::vector<std::pair<std::string, std::string>>& told);

}  // namespace bulwark::cluster
