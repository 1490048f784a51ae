// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "bulwark/supervision/core/membership_group.hpp"

namespace bulwark::node {

/// What the control socket answers to `members`: view, members, names and history; docs/architecture.md lists
/// the fields. `group` may be null: nobody has joined yet.
[[nodiscard]] nlohmann::json members_json(const membership_group* group);

}  // namespace bulwark::node
