// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/load/local_cluster.hpp"

#include "bulwark/cluster/control_client.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <thread>

namespace bulwark::load {

namespace {

using nlohmann::json;
using std::chrono::steady_clock;

/// The answer as an object; an empty one if it is no answer or says that something failed.
json parse_answer(const std::string& line) {
  auto answer = json::parse(line, nullptr, false);
  if (!answer.is_object() || !answer.value("ok", false)) return json::object();
  return answer;
}

/// A member's text, or an empty one if it is missing or null.
std::string text(const json& object, const char* member) {
  const auto at = object.find(member);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

std::uint64_t number(const json& object, const char* member) {
  const auto at = object.find(member);
  return at != object.end() && at->is_number() ? at->get<std::uint64_t>() : 0;
}

bool truth(const json& object, const char* member) {
  const auto at = object.find(member);
  return at != object.end() && at->is_boolean() && at->get<bool>();
}

void flatten(const json& node, const std::string& path, std::vector<actor_status>& into) {
  into.push_back({.path = path, .state = text(node, "state"), .restarts = number(node, "restarts")});
  const auto children = node.find("children");
  if (children == node.end() || !children->is_array()) return;
  for (const auto& child : *children) {
    flatten(child, path.empty() ? text(child, "id") : path + "/" + text(child, "id"), into);
  }
}

std::string last_part(const std::string& whole, std::size_t bytes) {
  return whole.size() <= bytes ? whole : "..." + whole.substr(whole.size() - bytes);
}

}  // namespace

bool eventually(duration patience, const std::function<bool()>& is_true, duration rest) {
  const auto deadline = steady_clock::now() + patience;
  while (!is_true()) {
    if (steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(rest);
  }
  return true;
}

bool node_process::signal(int number) const { return pid > 0 && ::kill(pid, number) == 0; }

local_cluster::local_cluster(cluster_options options)
    : options_(std::move(options)), directory_("bulwark-cluster") {
  for (unsigned i = 1; i <= options_.nodes; ++i) ids_.push_back("n" + std::to_string(i));
  std::vector<std::string> arguments = {options_.program.string(),
                                        "up",
                                        "--nodes",
                                        std::to_string(options_.nodes),
                                        "--base-port",
                                        std::to_string(ports_.base()),
                                        "--dir",
                                        directory().string()};
  arguments.insert(arguments.end(), options_.extra.begin(), options_.extra.end());
  const auto output = directory() / "launcher.out";
  launcher_.emplace(arguments, output);
  bool ready = false;
  eventually(options_.ready_within, [&] {
    ready = is_ready();
    return ready || launcher_->wait(steady_clock::now()).has_value();
  });
  if (ready) return;
  const auto exit_code = launcher_->wait(steady_clock::now());
  stop();
  auto message = "the cluster did not get ready; its launcher " +
                 (exit_code ? "ended with exit code " + std::to_string(*exit_code) : "was stopped") +
                 " and said:\n" + last_part(file_content(output), 4000);
  for (const auto& id : ids_) message += "\n--- " + id + "\n" + log_tail(id);
  throw std::runtime_error(message);
}

local_cluster::~local_cluster() { stop(); }

bool local_cluster::stop() {
  if (!launcher_) return true;
  // A paused node could not obey the launcher.
  for (const auto& id : ids_) signal(id, SIGCONT);
  launcher_->signal(SIGTERM);
  const bool ended = launcher_->wait(steady_clock::now() + std::chrono::seconds(12)).has_value();
  launcher_.reset();
  return ended;
}

std::string local_cluster::ask(const std::filesystem::path& where, const std::string& request,
                               duration patience) const {
  const auto limit = std::chrono::ceil<std::chrono::milliseconds>(patience);
  return cluster::ask({.directory = where, .request = request}, limit).line;
}

endpoint local_cluster::endpoint_of(const std::string& id) const {
  return {.host = "127.0.0.1",
          .port = static_cast<std::uint16_t>(ports_.base() + 100 + std::stoi(id.substr(1)))};
}

std::vector<endpoint> local_cluster::endpoints() const {
  std::vector<endpoint> all;
  for (const auto& id : ids_) all.push_back(endpoint_of(id));
  return all;
}

std::vector<node_process> local_cluster::processes() const {
  const auto answer = parse_answer(ask(directory(), R"({"do":"ps"})", std::chrono::seconds(1)));
  std::vector<node_process> all;
  const auto nodes = answer.find("nodes");
  if (nodes == answer.end() || !nodes->is_array()) return all;
  for (const auto& node : *nodes) {
    all.push_back({.id = text(node, "id"),
                   .pid = static_cast<pid_t>(number(node, "pid")),
                   .resp = parse_endpoint(text(node, "resp")).value_or(endpoint{}),
                   .state = text(node, "state"),
                   .restarts = number(node, "restarts")});
  }
  return all;
}

std::optional<node_process> local_cluster::process_of(const std::string& id) const {
  for (auto& each : processes()) {
    if (each.id == id) return std::move(each);
  }
  return std::nullopt;
}

std::optional<node_status> local_cluster::status(const std::string& id, duration patience) const {
  const auto answer = parse_answer(ask(directory() / id, R"({"do":"status"})", patience));
  if (answer.empty()) return std::nullopt;
  node_status status{.id = text(answer, "id"),
                     .state = text(answer, "state"),
                     .role = text(answer, "role"),
                     .leader = text(answer, "leader"),
                     .quorum = truth(answer, "quorum"),
                     .chosen = number(answer, "chosen"),
                     .applied = number(answer, "applied"),
                     .elections = number(answer, "elections"),
                     .peers = {}};
  if (const auto peers = answer.find("peers"); peers != answer.end() && peers->is_array()) {
    for (const auto& peer : *peers)
      status.peers.push_back({.id = text(peer, "id"), .state = text(peer, "state")});
  }
  return status;
}

std::optional<std::vector<actor_status>> local_cluster::tree(const std::string& id) const {
  const auto answer = parse_answer(ask(directory() / id, R"({"do":"tree"})", std::chrono::milliseconds(500)));
  const auto root = answer.find("tree");
  if (root == answer.end()) return std::nullopt;
  std::vector<actor_status> all;
  flatten(*root, {}, all);
  return all;
}

std::optional<std::string> local_cluster::leader() const {
  std::vector<node_status> heard;
  for (const auto& id : ids_) {
    if (auto answer = status(id)) heard.push_back(std::move(*answer));
  }
  for (const auto& candidate : heard) {
    if (candidate.role != "leader") continue;
    const auto believers = std::count_if(heard.begin(), heard.end(),
                                         [&](const auto& other) { return other.leader == candidate.id; });
    if (static_cast<std::size_t>(believers) * 2 > ids_.size()) return candidate.id;
  }
  return std::nullopt;
}

std::string local_cluster::await_leader(duration patience, const std::string& except) const {
  std::optional<std::string> found;
  const bool there = eventually(patience, [&] {
    found = leader();
    return found && *found != except;
  });
  if (!there)
    throw std::runtime_error("no leader" + (except.empty() ? "" : " other than " + except) + " in time");
  return *found;
}

bool local_cluster::is_ready() const {
  std::string common_leader;
  std::uint64_t chosen_max = 0;
  std::uint64_t applied_min = ~std::uint64_t{0};
  for (const auto& id : ids_) {
    const auto answer = status(id);
    if (!answer || answer->state != "up" || answer->leader.empty()) return false;
    if (common_leader.empty()) common_leader = answer->leader;
    if (answer->leader != common_leader) return false;
    const bool all_peers_well = std::all_of(answer->peers.begin(), answer->peers.end(),
                                            [](const auto& peer) { return peer.is_well(); });
    if (answer->peers.size() + 1 != ids_.size() || !all_peers_well) return false;
    if (chosen_max == 0) chosen_max = answer->chosen;
    applied_min = std::min(applied_min, answer->applied);
  }
  // Under load the numbers move while they are gathered: who has what the first one had when asked is not
  // behind.
  return applied_min >= chosen_max;
}

bool local_cluster::await_all_up(duration patience) const {
  return eventually(patience, [this] { return is_ready(); });
}

bool local_cluster::signal(const std::string& id, int number) const {
  const auto found = process_of(id);
  return found && found->signal(number);
}

bool local_cluster::kill_actor(const std::string& id, const std::string& path) const {
  const json request = {{"do", "kill"}, {"actor", path}};
  return !parse_answer(ask(directory() / id, request.dump(), std::chrono::seconds(1))).empty();
}

run_result local_cluster::command(std::vector<std::string> arguments, duration patience) const {
  arguments.insert(arguments.begin(), options_.program.string());
  arguments.insert(arguments.end(), {"--dir", directory().string()});
  return run(arguments, patience);
}

std::string local_cluster::describe() const {
  std::string all;
  for (const auto& id : ids_) {
    const auto node = process_of(id);
    all += id + ": process " +
           (node ? node->state + ", " + std::to_string(node->restarts) + " restarts" : "unknown");
    if (const auto answer = status(id)) {
      all += "; " + answer->state + " " + answer->role + " of " + answer->leader + ", chosen " +
             std::to_string(answer->chosen) + ", applied " + std::to_string(answer->applied);
      for (const auto& peer : answer->peers) all += ", " + peer.id + " " + peer.state;
    } else {
      all += "; does not answer";
    }
    all += "\n";
  }
  return all;
}

std::string local_cluster::log_tail(const std::string& id) const {
  return last_part(file_content(directory() / (id + ".log")), 2000);
}

}  // namespace bulwark::load
