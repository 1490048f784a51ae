// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/cluster/health.hpp"

#include <algorithm>
#include <cstdio>
#include <map>

#include "bulwark/cluster/member_plan.hpp"
#include "bulwark/cluster/table.hpp"
#include "json_fields.hpp"
#include "view_json.hpp"

namespace bulwark::cluster {

namespace {

bool votes(const node_view& node) { return node.answered && node.state != "down" && node.state != "paused"; }

/// The leader that most of the nodes that answered name; empty if none names any.
std::optional<std::string> agreed_leader(const cluster_view& view) {
  std::map<std::string, int> named;
  for (const auto& node : view.nodes)
    if (votes(node) && node.leader) ++named[*node.leader];
  const auto most = std::max_element(named.begin(), named.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == named.end() ? std::nullopt : std::optional(most->first);
}

void note_nodes(const cluster_view& view, verdict& result) {
  for (const auto& node : view.nodes) {
    if (node.state != "up")
      result.problems.push_back(node.id + " is " + node.state +
                                (node.reason.empty() ? "" : ": " + node.reason));
    else if (!node.answered)
      result.problems.push_back(node.id + " runs but does not answer");
  }
}

void note_leaders(const cluster_view& view, verdict& result) {
  for (const auto& node : view.nodes) {
    if (!votes(node)) continue;
    if (!node.leader)
      result.problems.push_back(node.id + " knows no leader");
    else if (node.leader != result.leader)
      result.problems.push_back(node.id + " follows " + *node.leader + ", not " + *result.leader);
  }
}

void note_peers(const cluster_view& view, verdict& result) {
  for (const auto& node : view.nodes) {
    if (!votes(node)) continue;
    for (const auto& peer : node.peers) {
      const auto target = std::find_if(view.nodes.begin(), view.nodes.end(),
                                       [&](const node_view& n) { return n.id == peer.id; });
      // That nobody hears a node that is down goes without saying.
      const bool should_be_heard = target == view.nodes.end() || votes(*target);
      if (should_be_heard && !peer.is_well())
        result.problems.push_back(node.id + " does not hear " + peer.id + " (" + peer.state + ")");
    }
  }
}

void note_laggards(const cluster_view& view, verdict& result) {
  std::uint64_t first = 0;
  for (const auto& node : view.nodes) first = std::max(first, node.chosen.value_or(0));
  for (const auto& node : view.nodes) {
    if (!votes(node) || !node.applied || first <= *node.applied) continue;
    const auto behind = first - *node.applied;
    if (behind > lag_slots_max)
      result.problems.push_back(node.id + " is " + std::to_string(behind) + " slots behind");
  }
}

/// One observer alone may be the one that is slow.
void note_unusual(const cluster_view& view, verdict& result) {
  for (const auto& node : view.nodes) {
    const peer_view* worst = nullptr;
    std::size_t observers = 0, alarmed = 0;
    for (const auto& observer : view.nodes) {
      for (const auto& peer : observer.peers) {
        if (peer.id != node.id || peer.state != "up") continue;
        ++observers;
        if (peer.anomaly < anomaly_noted) continue;
        ++alarmed;
        if (!worst || peer.anomaly > worst->anomaly) worst = &peer;
      }
    }
    if (!worst || 2 * alarmed < observers) continue;
    char score[16];
    std::snprintf(score, sizeof score, "%.1f", worst->anomaly);
    result.notes.push_back(node.id + " behaves unusually: its " + worst->anomaly_of +
                           " is far above what it was (score " + score + ")");
  }
}

/// Who hears whom: a row per node that speaks, a column per node it speaks of; the cell is the round trip or
/// the state; dim of whom the node does not watch.
std::string peers_table(const cluster_view& view, bool colour) {
  std::vector<table::column> columns{{"HEARS"}};
  for (const auto& node : view.nodes) columns.push_back({node.id, table::align::right});
  table out(std::move(columns));
  for (const auto& node : view.nodes) {
    std::vector<table::cell> row{{node.id}};
    for (const auto& other : view.nodes) {
      const auto peer = std::find_if(node.peers.begin(), node.peers.end(),
                                     [&](const peer_view& p) { return p.id == other.id; });
      if (peer == node.peers.end()) {
        row.push_back({node.id == other.id ? "·" : "-", tint::dim});
      } else if (peer->state == "up" && peer->rtt_ms) {
        char text[32];
        std::snprintf(text, sizeof text, "%.1fms", *peer->rtt_ms);
        row.push_back({text, tint::good});
      } else {
        const bool is_watched = peer->state != "connected";
        row.push_back({peer->state, !peer->is_well() ? tint::bad : is_watched ? tint::good : tint::dim});
      }
    }
    out.add(std::move(row));
  }
  return out.render(colour);
}

}  // namespace

verdict judge(const cluster_view& view) {
  verdict result;
  const auto group = voting_in(view);
  const auto has_a_vote = [&](const node_view& n) { return !group.configured || group.votes(n.id); };
  result.voters = static_cast<std::uint32_t>(std::count_if(view.nodes.begin(), view.nodes.end(), has_a_vote));
  result.quorum = result.voters / 2 + 1;
  result.votes = static_cast<std::uint32_t>(std::count_if(
      view.nodes.begin(), view.nodes.end(), [&](const node_view& n) { return has_a_vote(n) && votes(n); }));
  if (!view.any_answer()) {
    result.code = exit_code::unreachable;
    result.word = "unreachable";
    result.problems.push_back("the cluster does not run: " + view.launcher_error);
    return result;
  }
  result.leader = agreed_leader(view);
  if (group.configured)
    result.quorum = static_cast<std::uint32_t>(result.leader ? group.accept_votes : group.prepare_votes);
  const bool heard = std::any_of(view.nodes.begin(), view.nodes.end(),
                                 [](const node_view& n) { return votes(n) && n.quorum.value_or(true); });
  if (result.votes < result.quorum)
    result.problems.push_back("only " + std::to_string(result.votes) + " of " +
                              std::to_string(result.voters) +
                              (result.voters < view.nodes.size() ? " voters" : " nodes") + " are up, " +
                              std::to_string(result.quorum) + " are needed");
  else if (!result.leader)
    result.problems.push_back("no node knows a leader");
  else if (!heard)
    result.problems.push_back("no node hears from a quorum");
  const bool decides = result.problems.empty();
  if (!view.launched) result.problems.push_back("the launcher does not answer: " + view.launcher_error);
  note_nodes(view, result);
  note_unusual(view, result);
  if (decides) {
    note_leaders(view, result);
    note_peers(view, result);
    note_laggards(view, result);
  }
  const bool fine = result.problems.empty();
  result.code = !decides ? exit_code::no_quorum : fine ? exit_code::ok : exit_code::unhealthy;
  result.word = !decides ? "no_quorum" : fine ? "healthy" : "unhealthy";
  return result;
}

std::string status_text(const cluster_view& view, const verdict& judged, bool colour) {
  const tint how = judged.code == exit_code::ok          ? tint::good
                   : judged.code == exit_code::unhealthy ? tint::warn
                                                         : tint::bad;
  std::string word = judged.word;
  std::replace(word.begin(), word.end(), '_', ' ');
  std::string text = "cluster " + view.cluster + ": " + tinted(word, how, colour) + ", leader " +
                     judged.leader.value_or("none") + ", " + std::to_string(judged.votes) + " of " +
                     std::to_string(judged.voters) +
                     (judged.voters < view.nodes.size() ? " voters" : " nodes") + " up (" +
                     std::to_string(judged.quorum) + " needed)\n";
  for (const auto& problem : judged.problems) text += "  " + tinted("!", how, colour) + " " + problem + "\n";
  for (const auto& note : judged.notes) text += "  " + tinted("~", tint::warn, colour) + " " + note + "\n";
  return text + "\n" + ps_table(view, colour) + "\n" + peers_table(view, colour);
}

std::string status_json(const cluster_view& view, const verdict& judged) {
  nlohmann::ordered_json json;
  json["verdict"] = judged.word;
  json["exit_code"] = number(judged.code);
  json["cluster"] = view.cluster;
  json["directory"] = view.directory;
  json["launcher_pid"] = or_null(view.launcher_pid);
  json["leader"] = or_null(judged.leader);
  json["votes"] = judged.votes;
  json["voters"] = judged.voters;
  json["quorum"] = judged.quorum;
  json["problems"] = judged.problems;
  json["notes"] = judged.notes;
  auto& nodes = json["nodes"] = nlohmann::ordered_json::array();
  for (const auto& node : view.nodes) {
    auto entry = node_json(node);
    auto& peers = entry["peers"] = nlohmann::ordered_json::array();
    for (const auto& peer : node.peers)
      peers.push_back({{"id", peer.id},
                       {"state", peer.state},
                       {"rtt_ms", or_null(peer.rtt_ms)},
                       {"silent_ms", or_null(peer.silent_ms)},
                       {"anomaly", peer.anomaly},
                       {"anomaly_of", peer.anomaly_of},
                       {"status", or_null(peer.status)},
                       {"lag_ms", or_null(peer.lag_ms)},
                       {"cpu", or_null(peer.cpu)},
                       {"memory_mib", or_null(peer.memory_mib)},
                       {"queue", or_null(peer.queue)},
                       {"mailbox_age_ms", or_null(peer.mailbox_age_ms)}});
    nodes.push_back(std::move(entry));
  }
  return pretty(json);
}

}  // namespace bulwark::cluster
