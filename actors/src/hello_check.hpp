// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "bulwark/actors/link.hpp"
#include "link_messages.hpp"

namespace bulwark {

/// Why a connector with these options refuses a hello, for people; empty if it does not.
[[nodiscard]] std::string objection_to(const wire::hello& from_peer, const connector_options& options);

/// The same as far as certificates go: `names` are those in the certificate at the other end of its
/// connection.
[[nodiscard]] std::string objection_to(const wire::hello& from_peer, const std::vector<std::string>& names,
                                       const std::string& cluster);

}  // namespace bulwark
