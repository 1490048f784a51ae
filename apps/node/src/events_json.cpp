// SPDX-License-Identifier: BSD-3-Clause
#include "events_json.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "bulwark/supervision/core/json_text.hpp"

namespace bulwark::node {

namespace {

using nlohmann::json;

constexpr std::uint64_t events_at_once = 1000;  ///< in one answer

std::optional<std::uint64_t> number_in(const json& question, const char* name) {
  const auto at = question.find(name);
  if (at == question.end() || !at->is_number_unsigned()) return std::nullopt;
  return at->get<std::uint64_t>();
}

}  // namespace

json events_json(const event_ring& events, std::uint64_t incarnation, const json& question) {
  const auto count = std::min(number_in(question, "newest").value_or(events_at_once), events_at_once);
  const auto page = events.read(number_in(question, "after"), count);
  const auto now = std::chrono::steady_clock::now();
  auto list = json::array();
  for (const auto& event : page.events) list.push_back(json::parse(to_json(event, now)));
  return {{"ok", true},
          {"incarnation", incarnation},
          {"last", page.last},
          {"lost", page.lost},
          {"events", std::move(list)}};
}

}  // namespace bulwark::node
