// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <iosfwd>

#include "bulwark/cluster/failure.hpp"

namespace bulwark::cluster {

enum class log_detail { segments, records };

/// Prints what the log in a directory of segments holds; with `records`, each of them. As JSON: one object
/// per line, with a `kind`. The payload of commands is told by its size alone. `unhealthy` if something is
/// damaged. Throws failure if there is no log.
exit_code show_log(const std::filesystem::path& directory, log_detail detail, bool json, std::ostream& out);

}  // namespace bulwark::cluster
