// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bulwark/consensus/messages.hpp"

namespace bulwark::node {

/// {"ok": false, "error": TEXT}
nlohmann::json failure(const std::string& text);

/// The number in "n2"; 0 if it is no such name.
std::uint32_t number_of(const std::string& name);
/// ["n1", "n2"]
nlohmann::json names_of(const std::vector<std::uint32_t>& nodes);

/// A change as it comes from the control socket: {"change": "replace", "node": "n2", "by": "n5"}. None if it
/// cannot be understood.
std::optional<consensus::change_group> to_change(const nlohmann::json& what);
/// What became of it; "outcome" has it in words.
nlohmann::json to_json(const consensus::group_change_result& result);

}  // namespace bulwark::node
