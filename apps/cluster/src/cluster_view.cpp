// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/cluster/cluster_view.hpp"

#include <algorithm>
#include <utility>

#include "bulwark/cluster/control_client.hpp"
#include "bulwark/cluster/table.hpp"
#include "json_fields.hpp"
#include "view_json.hpp"

namespace bulwark::cluster {

using json = nlohmann::json;

namespace {

void add_launcher_fields(node_view& node, const json& told) {
  node.pid = field<std::int64_t>(told, "pid");
  node.state = field<std::string>(told, "state").value_or(node.state);
  node.restarts = field<std::uint64_t>(told, "restarts").value_or(0);
  node.uptime_s = field<double>(told, "uptime_s");
  node.reason = field<std::string>(told, "reason").value_or("");
}

void add_peers(node_view& node, const json& told) {
  const auto peers = told.find("peers");
  if (peers == told.end() || !peers->is_array()) return;
  for (const auto& peer : *peers)
    node.peers.push_back({field<std::string>(peer, "id").value_or("?"),
                          field<std::string>(peer, "state").value_or("?"), field<double>(peer, "rtt_ms"),
                          field<double>(peer, "silent_ms"), field<double>(peer, "anomaly").value_or(0),
                          field<std::string>(peer, "anomaly_of").value_or(""),
                          field<std::string>(peer, "status"), field<double>(peer, "lag_ms"),
                          field<double>(peer, "cpu"), field<double>(peer, "memory_mib"),
                          field<std::uint64_t>(peer, "queue"), field<double>(peer, "mailbox_age_ms")});
}

std::vector<std::string> names_in(const json& told, const char* list) {
  std::vector<std::string> names;
  if (const auto found = told.find(list); found != told.end() && found->is_array())
    for (const auto& one : *found)
      if (one.is_string()) names.push_back(one.get<std::string>());
  return names;
}

void add_node_fields(node_view& node, const json& told, bool launched) {
  if (!field<bool>(told, "ok").value_or(false)) return;
  node.answered = true;
  node.role = field<std::string>(told, "role");
  node.leader = field<std::string>(told, "leader");
  node.ballot = field<std::string>(told, "ballot");
  node.chosen = field<std::uint64_t>(told, "chosen");
  node.applied = field<std::uint64_t>(told, "applied");
  node.quorum = field<bool>(told, "quorum");
  node.configured = field<std::uint64_t>(told, "configured");
  node.voters = names_in(told, "voters");
  node.learners = names_in(told, "learners");
  node.accept_votes = field<std::uint32_t>(told, "accept_votes");
  node.prepare_votes = field<std::uint32_t>(told, "prepare_votes");
  if (!node.pid) node.pid = field<std::int64_t>(told, "pid");
  if (!node.uptime_s) node.uptime_s = field<double>(told, "uptime_s");
  // Only the launcher can know that a process is paused or ended; how far it got, the node knows best.
  const auto state = field<std::string>(told, "state");
  if (state && (!launched || node.state == "up" || node.state == "starting")) node.state = *state;
  add_peers(node, told);
}

const json* find_node(const json& list, const std::string& id) {
  if (!list.is_array()) return nullptr;
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const json& n) { return field<std::string>(n, "id") == id; });
  return found == list.end() ? nullptr : &*found;
}

tint tint_of(const std::string& state) {
  if (state == "up") return tint::good;
  return state == "down" ? tint::bad : tint::warn;
}

template <class T>
std::string text_of(const std::optional<T>& value) {
  if (!value) return "-";
  if constexpr (std::is_same_v<T, std::string>)
    return *value;
  else
    return std::to_string(*value);
}

}  // namespace

bool cluster_view::any_answer() const {
  return launched || std::any_of(nodes.begin(), nodes.end(), [](const node_view& n) { return n.answered; });
}

std::string cluster_view::leader() const {
  for (const auto& node : nodes)
    if (node.answered && node.role == "leader") return node.id;
  return {};
}

cluster_view merge(const cluster_directory& directory, const cluster_config& config,
                   std::string_view launcher_answer, const std::vector<std::string>& node_answers) {
  const auto launcher = parse_object(launcher_answer);
  cluster_view view;
  view.directory = directory.root().string();
  view.cluster = config.cluster;
  view.launched = field<bool>(launcher, "ok").value_or(false);
  view.launcher_pid = field<std::int64_t>(launcher, "pid");
  const auto listed = launcher.value("nodes", json::array());
  for (std::size_t i = 0; i < config.nodes.size(); ++i) {
    const auto& entry = config.nodes[i];
    node_view node;
    node.id = entry.id;
    node.listen = entry.listen;
    node.resp = entry.resp;
    node.data = directory.node_data(entry.id).string();
    if (const auto* told = find_node(listed, entry.id)) add_launcher_fields(node, *told);
    if (i < node_answers.size()) add_node_fields(node, parse_object(node_answers[i]), view.launched);
    view.nodes.push_back(std::move(node));
  }
  return view;
}

cluster_view observe(const cluster_directory& directory, std::chrono::milliseconds timeout) {
  const auto config = require_config(directory);
  std::vector<control_question> questions{{directory.root(), R"({"do":"ps"})"}};
  for (const auto& node : config.nodes)
    questions.push_back({directory.node_data(node.id), R"({"do":"status"})"});
  const auto answers = ask_all(questions, timeout);

  std::vector<std::string> lines;
  for (const auto& answer : answers) lines.push_back(answer.line);
  auto view = merge(directory, config, lines.front(), {lines.begin() + 1, lines.end()});
  if (!view.launched)
    view.launcher_error =
        answers.front().error.empty() ? "its answer was not understood" : answers.front().error;
  return view;
}

std::string ps_table(const cluster_view& view, bool colour) {
  using align = table::align;
  table out({{"ID"},
             {"PID", align::right},
             {"STATE"},
             {"ROLE"},
             {"BALLOT"},
             {"CHOSEN", align::right},
             {"APPLIED", align::right},
             {"RESTARTS", align::right},
             {"UPTIME", align::right},
             {"RESP"}});
  for (const auto& n : view.nodes)
    out.add({{n.id},
             {text_of(n.pid)},
             {n.state, tint_of(n.state)},
             {text_of(n.role), n.role == "leader" ? tint::good : tint::none},
             {text_of(n.ballot)},
             {text_of(n.chosen)},
             {text_of(n.applied)},
             {std::to_string(n.restarts)},
             {n.uptime_s ? spoken_time(*n.uptime_s) : "-"},
             {n.resp}});
  std::string text = out.render(colour);
  for (const auto& n : view.nodes)
    if (n.state == "down" && !n.reason.empty())
      text += tinted(n.id + ": " + n.reason, tint::bad, colour) + "\n";
  return text;
}

nlohmann::ordered_json node_json(const node_view& n) {
  nlohmann::ordered_json out;
  out["id"] = n.id;
  out["pid"] = or_null(n.pid);
  out["resp"] = n.resp;
  out["listen"] = n.listen;
  out["data"] = n.data;
  out["state"] = n.state;
  out["role"] = or_null(n.role);
  out["ballot"] = or_null(n.ballot);
  out["chosen"] = or_null(n.chosen);
  out["applied"] = or_null(n.applied);
  out["restarts"] = n.restarts;
  out["uptime_s"] = or_null(n.uptime_s);
  out["leader"] = or_null(n.leader);
  out["reason"] = n.reason.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(n.reason);
  return out;
}

std::string ps_json(const cluster_view& view) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& node : view.nodes) list.push_back(node_json(node));
  return pretty(list);
}

}  // namespace bulwark::cluster
