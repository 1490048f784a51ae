// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/core/routing_policy.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

namespace bulwark {

namespace {

constexpr std::pair<routing_kind, std::string_view> policy_names[] = {
    {routing_kind::round_robin, "round_robin"},
    {routing_kind::random, "random"},
    {routing_kind::weighted, "weighted"},
    {routing_kind::least_connections, "least_connections"},
    {routing_kind::p2c, "p2c"},
    {routing_kind::least_loaded, "least_loaded"},
    {routing_kind::p2c_ewma, "p2c_ewma"},
    {routing_kind::weighted_round_robin, "weighted_round_robin"},
    {routing_kind::consistent_hash, "consistent_hash"},
    {routing_kind::broadcast, "broadcast"},
    {routing_kind::scatter_gather_first, "scatter_gather_first"},
};

std::optional<double> read_number(std::string_view text) {
  double value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc{} || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

std::optional<routing_policy> parse_policy(std::string_view text) {
  const auto colon = text.find(':');
  for (const auto& [kind, name] : policy_names) {
    if (text.substr(0, colon) != name) continue;
    routing_policy policy{kind};
    if (colon == std::string_view::npos) return policy;
    const auto value = read_number(text.substr(colon + 1));
    if (kind == routing_kind::weighted && value && *value >= 0) {
      policy.alpha = *value;
      return policy;
    }
    if (kind == routing_kind::consistent_hash && value && *value > 1) {
      policy.bound = *value;
      return policy;
    }
    return std::nullopt;
  }
  return std::nullopt;
}

std::string to_string(const routing_policy& policy) {
  const routing_policy plain{policy.kind};
  std::string text;
  for (const auto& [kind, name] : policy_names)
    if (kind == policy.kind) text = name;
  char number[40] = "";
  if (policy.kind == routing_kind::weighted && policy.alpha != plain.alpha)
    std::snprintf(number, sizeof number, ":%.17g", policy.alpha);
  if (policy.kind == routing_kind::consistent_hash && policy.bound != plain.bound)
    std::snprintf(number, sizeof number, ":%.17g", policy.bound);
  return text + number;
}

}  // namespace bulwark
