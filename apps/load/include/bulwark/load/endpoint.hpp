// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bulwark::load {

/// Where a server listens: a numeric IPv4 address and a TCP port.
struct endpoint {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;

  friend bool operator==(const endpoint&, const endpoint&) = default;
};

/// Reads "host:port"; nothing if the text is not of that form or the port is not in 1..65535.
std::optional<endpoint> parse_endpoint(std::string_view text);

/// "host:port".
std::string to_string(const endpoint& where);

}  // namespace bulwark::load
