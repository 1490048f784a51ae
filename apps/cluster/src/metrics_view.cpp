// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/cluster/metrics_view.hpp"

#include <cstdio>
#include <functional>
#include <optional>

#include "json_fields.hpp"

namespace bulwark::cluster {
namespace {

using nlohmann::json;

/// What one node, or one of its peers, says.
using reader = std::function<std::optional<double>(const json& of)>;

struct metric {
  const char* name;
  const char* type;
  const char* help;
  reader read;
};

reader number_in(const char* key, double scale = 1) {
  return [key, scale](const json& of) -> std::optional<double> {
    const auto found = field<double>(of, key);
    return found ? std::optional{*found * scale} : std::nullopt;
  };
}

reader truth_of(const char* key) {
  return [key](const json& of) -> std::optional<double> {
    const auto found = field<bool>(of, key);
    return found ? std::optional{*found ? 1.0 : 0.0} : std::nullopt;
  };
}

reader whether(const char* key, const char* text) {
  return [key, text](const json& of) -> std::optional<double> {
    const auto found = field<std::string>(of, key);
    return found ? std::optional{*found == text ? 1.0 : 0.0} : std::nullopt;
  };
}

/// Nothing of a peer that the node does not watch: it has no opinion of it.
std::optional<double> is_held_for_up(const json& peer) {
  const auto state = field<std::string>(peer, "state");
  if (!state || *state == "connected" || *state == "unconnected") return std::nullopt;
  return *state == "up" ? 1.0 : 0.0;
}

const std::vector<metric>& of_nodes() {
  static const std::vector<metric> all{
      {"bulwark_uptime_seconds", "gauge", "How long the node's process has run.", number_in("uptime_s")},
      {"bulwark_connections", "gauge", "Connections of clients.", number_in("connections")},
      {"bulwark_draining", "gauge", "Whether it is about to stop.", whether("state", "draining")},
      {"bulwark_paxos_is_leader", "gauge", "Whether it leads by its own word.", whether("role", "leader")},
      {"bulwark_paxos_has_quorum", "gauge", "Whether it reaches as many as it takes.", truth_of("quorum")},
      {"bulwark_paxos_chosen_index", "gauge", "Up to which slot it knows the log to be chosen.",
       number_in("chosen")},
      {"bulwark_paxos_applied_index", "gauge", "Up to which slot it has applied the log.",
       number_in("applied")},
      {"bulwark_paxos_in_flight", "gauge", "Slots that it has proposed and that are not chosen yet.",
       number_in("in_flight")},
      {"bulwark_paxos_waiting", "gauge", "Requests without an outcome yet.", number_in("waiting")},
      {"bulwark_paxos_elections_total", "counter", "Leaders that it has seen come.", number_in("elections")},
      {"bulwark_storage_writable", "gauge", "Whether its log takes records.", truth_of("storage_writable")},
      {"bulwark_membership_view", "gauge", "The latest view of the membership that it has applied.",
       number_in("view")},
  };
  return all;
}

const std::vector<metric>& of_peers() {
  static const std::vector<metric> all{
      {"bulwark_peer_up", "gauge", "Whether the node holds its peer, which it watches, for up.",
       is_held_for_up},
      {"bulwark_peer_rtt_seconds", "gauge", "Round trip of the last heartbeat.", number_in("rtt_ms", 1e-3)},
      {"bulwark_peer_silence_seconds", "gauge", "Since when nothing was heard of the peer.",
       number_in("silent_ms", 1e-3)},
      {"bulwark_phi", "gauge", "How suspect the peer's silence is (phi accrual).", number_in("phi")},
      {"bulwark_peer_anomaly", "gauge", "How unusual the peer behaves.", number_in("anomaly")},
  };
  return all;
}

json peers_in(const json& answer) {
  const auto found = answer.find("peers");
  return found != answer.end() && found->is_array() ? *found : json::array();
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? std::string{"\\n"} : std::string(1, c);
  }
  return out + "\"";
}

std::string sample(const char* name, const std::string& labels, double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.15g", value);
  return std::string{name} + "{" + labels + "} " + text + "\n";
}

/// Its samples under its heading; nothing if there are none.
std::string with_heading(const metric& of, const std::string& samples) {
  if (samples.empty()) return {};
  return std::string{"# HELP "} + of.name + " " + of.help + "\n# TYPE " + of.name + " " + of.type + "\n" +
         samples;
}

}  // namespace

std::string metrics_text(const std::vector<std::pair<std::string, std::string>>& told) {
  std::vector<std::pair<std::string, json>> nodes;  // labels and answer of those that answered
  std::string up;
  std::string versions;
  for (const auto& [id, line] : told) {
    const auto label = "node=" + quoted(id);
    const auto answer = line.empty() ? json{} : parse_object(line);
    const bool answered = field<bool>(answer, "ok").value_or(false);
    up += sample("bulwark_up", label, answered ? 1 : 0);
    if (!answered) continue;
    if (const auto version = field<std::string>(answer, "version"))
      versions += sample("bulwark_build_info", label + ",version=" + quoted(*version), 1);
    nodes.emplace_back(label, answer);
  }
  auto text = with_heading({"bulwark_up", "gauge", "Whether the node answers.", {}}, up) +
              with_heading({"bulwark_build_info", "gauge", "The version that runs; always 1.", {}}, versions);
  for (const auto& one : of_nodes()) {
    std::string samples;
    for (const auto& [label, answer] : nodes)
      if (const auto value = one.read(answer)) samples += sample(one.name, label, *value);
    text += with_heading(one, samples);
  }
  for (const auto& one : of_peers()) {
    std::string samples;
    for (const auto& [label, answer] : nodes)
      for (const auto& peer : peers_in(answer))
        if (const auto value = one.read(peer))
          samples += sample(one.name, label + ",peer=" + quoted(field<std::string>(peer, "id").value_or("?")),
                            *value);
    text += with_heading(one, samples);
  }
  return text;
}

}  // namespace bulwark::cluster
