// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/core/routing_policy.hpp"

#include <charconv>
#include <cstdio>

namespace bulwark {

std::optional<routing_policy> parse_policy(std::string_view text) {
  if (text == "round_robin") return routing_policy{routing_kind::round_robin};
  if (text == "random") return routing_policy{routing_kind::random};
  if (text == "least_connections") return routing_policy{routing_kind::least_connections};
  if (text == "p2c") return routing_policy{routing_kind::p2c};
  if (text == "weighted") return routing_policy{routing_kind::weighted};
  constexpr std::string_view prefix = "weighted:";
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  double alpha = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), alpha);
  if (problem != std::errc{} || end != text.data() + text.size() || !(alpha >= 0) || !std::isfinite(alpha))
    return std::nullopt;
  return routing_policy{routing_kind::weighted, alpha};
}

std::string to_string(const routing_policy& policy) {
  switch (policy.kind) {
    case routing_kind::round_robin: return "round_robin";
    case routing_kind::random: return "random";
    case routing_kind::weighted: break;
    case routing_kind::least_connections: return "least_connections";
    case routing_kind::p2c: return "p2c";
  }
  if (policy.alpha == 1.0) return "weighted";
  char text[48];
  std::snprintf(text, sizeof text, "weighted:%.17g", policy.alpha);
  return text;
}

}  // namespace bulwark
