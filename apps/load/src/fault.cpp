// SPDX-License-Identifier: BSD-3-Clause
#include "fault.hpp"

#include <algorithm>
#include <csignal>
#include <map>
#include <stdexcept>

namespace bulwark::load {

namespace {

using std::chrono::steady_clock;

constexpr duration leader_patience = std::chrono::seconds(10);

std::vector<std::string> all_but(const local_cluster& cluster, const std::string& id) {
  auto others = cluster.ids();
  std::erase(others, id);
  return others;
}

/// Does any other node say that it misses this one, or follow another leader since?
bool is_missed(const local_cluster& cluster, const std::string& victim, bool was_leader) {
  for (const auto& id : all_but(cluster, victim)) {
    const auto status = cluster.status(id);
    if (!status) continue;
    if (was_leader && status->leader != victim) return true;
    for (const auto& peer : status->peers) {
      if (peer.id == victim && !peer.is_well()) return true;
    }
  }
  return false;
}

bool is_back(const local_cluster& cluster, const std::string& id, pid_t old_pid) {
  const auto process = cluster.process_of(id);
  if (!process || process->pid <= 0 || process->pid == old_pid) return false;
  const auto status = cluster.status(id);
  return status && status->state == "up" && !status->leader.empty();
}

node_process running(const local_cluster& cluster, const std::string& id) {
  auto found = cluster.process_of(id);
  if (!found || found->pid <= 0) throw std::runtime_error(id + " has no process to send a signal to");
  return *found;
}

/// Sends the signal and notes when. The process cannot answer anything that is sent from then on.
instant hit(const node_process& process, int number) {
  if (!process.signal(number)) throw std::runtime_error(process.id + " ended by itself");
  return steady_clock::now();
}

live_fault kill_node(const local_cluster& cluster, bool the_leader) {
  auto victim = cluster.await_leader(leader_patience);
  if (!the_leader) victim = all_but(cluster, victim).back();
  const auto process = running(cluster, victim);
  return {.at = hit(process, SIGKILL),
          .victim = victim,
          .detected = [&cluster, victim, the_leader] { return is_missed(cluster, victim, the_leader); },
          .recovered = [&cluster, victim, old = process.pid] { return is_back(cluster, victim, old); },
          .hits_leader = the_leader};
}

live_fault pause_leader(const local_cluster& cluster) {
  const auto victim = cluster.await_leader(leader_patience);
  const auto process = running(cluster, victim);
  // A paused process cannot come back by itself: recovered means that the others go on without it.
  const auto has_successor = [&cluster, victim] {
    const auto others = all_but(cluster, victim);
    const auto followers = std::count_if(others.begin(), others.end(), [&](const auto& id) {
      const auto status = cluster.status(id);
      return status && !status->leader.empty() && status->leader != victim;
    });
    return static_cast<std::size_t>(followers) * 2 > cluster.ids().size();
  };
  return {.at = hit(process, SIGSTOP),
          .victim = victim,
          .detected = [&cluster, victim] { return is_missed(cluster, victim, true); },
          .recovered = has_successor,
          .hits_leader = true,
          .heal = [process] { process.signal(SIGCONT); }};
}

live_fault kill_all(const local_cluster& cluster) {
  std::vector<node_process> victims;
  for (const auto& id : cluster.ids()) victims.push_back(running(cluster, id));
  instant at;
  for (const auto& each : victims) at = hit(each, SIGKILL);
  const auto first = victims.front();
  const auto noticed = [&cluster, first] {
    const auto process = cluster.process_of(first.id);
    return process && (process->pid != first.pid || process->restarts > first.restarts);
  };
  const auto all_back = [&cluster, victims] {
    return std::all_of(victims.begin(), victims.end(),
                       [&](const auto& each) { return is_back(cluster, each.id, each.pid); }) &&
           cluster.leader().has_value();
  };
  return {.at = at, .victim = "all", .detected = noticed, .recovered = all_back};
}

using path_matcher = std::function<bool(const std::string& last_component)>;

std::string last_component(const std::string& path) { return path.substr(path.rfind('/') + 1); }

live_fault crash_actor(const local_cluster& cluster, bool at_leader, const path_matcher& matches) {
  auto node = cluster.await_leader(leader_patience);
  if (!at_leader) node = all_but(cluster, node).front();
  const auto before = cluster.tree(node);
  if (!before) throw std::runtime_error(node + " does not show its tree");
  const auto victim = std::find_if(before->begin(), before->end(),
                                   [&](const auto& each) { return matches(last_component(each.path)); });
  if (victim == before->end()) throw std::runtime_error(node + " has no such actor");
  const auto path = victim->path;
  const auto restarts = victim->restarts;
  if (!cluster.kill_actor(node, path)) throw std::runtime_error(node + " refused to kill " + path);
  const auto at = steady_clock::now();
  const auto noticed = [&cluster, node, path, restarts, was = victim->state] {
    const auto now = cluster.tree(node);
    return now && std::any_of(now->begin(), now->end(), [&](const auto& each) {
             return each.path == path && (each.restarts > restarts || each.state != was);
           });
  };
  // Its supervisor may have restarted neighbours as well: all must be in the state that they were in.
  std::map<std::string, std::string> states;
  for (const auto& each : *before) states[each.path] = each.state;
  const auto restored = [&cluster, node, path, restarts, states] {
    const auto now = cluster.tree(node);
    return now && now->size() == states.size() &&
           std::all_of(now->begin(), now->end(), [&](const auto& each) {
             const auto was = states.find(each.path);
             return was != states.end() && was->second == each.state &&
                    (each.path != path || each.restarts > restarts);
           });
  };
  return {.at = at, .victim = node + "/" + path, .detected = noticed, .recovered = restored};
}

fault crash(std::string what, bool at_leader, path_matcher matches) {
  return {.name = "crash " + std::move(what),
          .inject = [at_leader, matches = std::move(matches)](const local_cluster& cluster) {
            return crash_actor(cluster, at_leader, matches);
          }};
}

}  // namespace

std::vector<fault> demo_faults() {
  const auto begins = [](std::string_view word) {
    return [word](const std::string& name) { return name.starts_with(word) && name != word; };
  };
  const auto is = [](std::string_view word) {
    return [word](const std::string& name) { return name == word; };
  };
  return {
      {.name = "kill -9 leader", .inject = [](const auto& cluster) { return kill_node(cluster, true); }},
      {.name = "kill -9 follower", .inject = [](const auto& cluster) { return kill_node(cluster, false); }},
      {.name = "pause leader", .inject = pause_leader},
      crash("leader's replica", true, is("replica")),
      crash("leader's log store", true, is("log")),
      crash("session worker", false, [](const std::string& name) { return name == "session1"; }),
      crash("link", false, begins("link-")),
      {.name = "kill -9 all nodes", .inject = kill_all},
  };
}

}  // namespace bulwark::load
