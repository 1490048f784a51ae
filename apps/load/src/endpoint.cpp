// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/load/endpoint.hpp"

#include <charconv>

namespace bulwark::load {

std::optional<endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const auto digits = text.substr(colon + 1);
  endpoint where{.host = std::string(text.substr(0, colon)), .port = 0};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), where.port);
  if (error != std::errc{} || end != digits.data() + digits.size() || where.port == 0) return std::nullopt;
  return where;
}

std::string to_string(const endpoint& where) { return where.host + ":" + std::to_string(where.port); }

}  // namespace bulwark::load
