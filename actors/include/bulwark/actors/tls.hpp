// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bulwark/actors/certificates.hpp"

/// Connections between nodes that only nodes of the same cluster can make: TLS 1.3, with certificates on both
/// sides.
namespace bulwark {

/// One node's side of it: its certificate, by whom it judges others, and the handshakes under way. Given to
/// the connector and to its door; lives as long as one of them.
class tls_endpoint;

/// Reads the files of a node. Errors: throws std::runtime_error that says what is wrong with which file, and
/// what was expected; see problem_with(). The files are not read again.
[[nodiscard]] std::shared_ptr<tls_endpoint> make_tls_endpoint(const tls_files& files,
                                                              const std::string& cluster, std::uint32_t node);

}  // namespace bulwark
