// SPDX-License-Identifier: BSD-3-Clause
// What supervisors of a cluster did, read from the control sockets of its nodes.
#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string_view>

#include "bulwark/cluster/control_client.hpp"
#include "bulwark/load/local_cluster.hpp"

namespace bulwark::load {

namespace {

using json = nlohmann::json;

/// The kind with this name, of those that there are.
template <class Kind>
std::optional<Kind> kind_of(std::string_view name) {
  constexpr std::string_view no_kind = "unknown";
  for (std::uint8_t number = 0;; ++number) {
    const std::string_view known = to_string(Kind{number});
    if (known == no_kind) return std::nullopt;
    if (known == name) return Kind{number};
  }
}

duration milliseconds_in(const json& event, const char* name) {
  return std::chrono::duration_cast<duration>(
      std::chrono::duration<double, std::milli>{event.value(name, 0.0)});
}

/// Nothing: it is of a kind that is not known here.
std::optional<supervision_event> event_from(const json& told, const std::string& node, instant now) {
  const auto kind = kind_of<event_kind>(told.value("kind", ""));
  if (!kind) return std::nullopt;
  supervision_event event;
  event.kind = *kind;
  const auto path = told.value("path", "");
  event.path = path.empty() ? node : node + '/' + path;
  event.generation = told.value("generation", std::uint64_t{0});
  event.restarts = told.value("restarts", std::uint64_t{0});
  if (const auto reason = told.find("reason"); reason != told.end()) {
    event.reason.kind = kind_of<exit_kind>(reason->value("kind", "")).value_or(exit_kind::failure);
    event.reason.text = reason->value("text", "");
  }
  event.at = now - milliseconds_in(told, "ago_ms");
  event.t_fail = milliseconds_in(told, "t_fail_ms");
  event.t_recover = milliseconds_in(told, "t_recover_ms");
  event.t_restart = milliseconds_in(told, "t_restart_ms");
  event.ends = told.value("ends", std::uint64_t{0});
  event.within = milliseconds_in(told, "within_ms");
  event.from = told.value("from", std::uint64_t{0});
  event.to = told.value("to", std::uint64_t{0});
  return event;
}

}  // namespace

std::vector<supervision_event> local_cluster::events() const {
  std::vector<cluster::control_question> questions;
  for (const auto& id : ids_) questions.push_back({directory() / id, R"({"do":"events","newest":1000})"});
  const auto answers = cluster::ask_all(questions, std::chrono::milliseconds(500));
  const auto now = std::chrono::steady_clock::now();
  std::vector<supervision_event> all;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto answer = json::parse(answers[i].line, nullptr, false);
    const auto list = answer.is_object() ? answer.find("events") : answer.end();
    if (list == answer.end() || !list->is_array()) continue;
    for (const auto& told : *list)
      if (auto event = told.is_object() ? event_from(told, ids_[i], now) : std::nullopt)
        all.push_back(std::move(*event));
  }
  std::ranges::stable_sort(all, {}, &supervision_event::at);
  return all;
}

void PrintTo(const local_cluster& cluster, std::ostream* out) {
  *out << cluster.describe() << "events:\n";
  for (const auto& event : cluster.events()) *out << "  " << event << '\n';
}

}  // namespace bulwark::load
