// SPDX-License-Identifier: BSD-3-Clause
#include "node_tree.hpp"

#include <algorithm>
#include <caf/all.hpp>
#include <chrono>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "bulwark/actors/link.hpp"
#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/stable_ref.hpp"
#include "bulwark/consensus/group_machine.hpp"
#include "bulwark/consensus/group_member.hpp"
#include "bulwark/consensus/member_board.hpp"
#include "bulwark/consensus/membership_actor.hpp"
#include "bulwark/consensus/own_status.hpp"
#include "bulwark/consensus/own_watch.hpp"
#include "bulwark/consensus/replica_actor.hpp"
#include "bulwark/consensus/voter_keeper_actor.hpp"
#include "bulwark/kv/front.hpp"
#include "bulwark/supervision/heartbeat_monitor.hpp"
#include "bulwark/supervision/process_meter.hpp"
#include "bulwark/supervision/supervisor.hpp"
#include "control.hpp"
#include "serving_addresses.hpp"

namespace bulwark::node {

using namespace std::chrono_literals;

namespace {

/// For a link that is being restarted. Few, since they may be large, and consensus does well without them.
constexpr std::size_t packets_held_max = 64;

/// Writes between two snapshots, or as much as the state takes, if that is more.
constexpr std::size_t snapshot_bytes = 128u << 20;

/// A supervisor gives up only when something keeps failing for so long that a new process is the better cure.
supervisor_flags flags(restart_strategy strategy) {
  return {.strategy = strategy, .intensity = 30, .period = 60s};
}

child worker(std::string id, caf::actor ref,
             std::function<caf::actor(caf::actor_system&, const caf::actor&)> start) {
  child made;
  made.spec.id = std::move(id);
  made.spec.delays = consensus::member_delays();
  made.ref = std::move(ref);
  made.start = std::move(start);
  return made;
}

consensus::member_phase phase_of(const node_facts& facts) {
  switch (facts.phase.load()) {
    case node_phase::starting: return consensus::member_phase::starting;
    case node_phase::up: return consensus::member_phase::up;
    case node_phase::draining: break;
  }
  return consensus::member_phase::draining;
}

}  // namespace

struct node_tree::impl {
  impl(caf::actor_system& sys, node_parts given)
      : system{sys},
        parts{std::move(given)},
        connector{make_ref("connector")},
        heartbeats{make_ref("heartbeats")},
        log{make_ref("log")},
        replica{make_ref("replica")},
        membership{make_ref("membership")},
        board{std::make_shared<consensus::member_board>(
            parts.facts->incarnation, [ref = membership] { consensus::tell_group_changed(ref); })},
        status{std::make_shared<consensus::own_status>(parts.options->id, board,
                                                       [facts = parts.facts] { return phase_of(*facts); })},
        clients{front_settings()} {
    for (const auto& [peer, where] : parts.options->peers) {
      links.emplace(peer, make_ref("link-n" + std::to_string(peer), packets_held_max));
      heard.emplace(peer, std::make_shared<last_heard>());
      peers.push_back(peer);
    }
  }

  caf::actor make_ref(std::string name, std::size_t hold_max = 65536) {
    return make_stable_ref(system, {.name = std::move(name), .hold_max = hold_max});
  }

  kv::front_options front_settings() const {
    kv::front_options settings;
    settings.host = parts.options->resp.host;
    settings.port = parts.options->resp.port;
    settings.sessions = parts.options->sessions;
    settings.replica = replica;
    settings.node = parts.facts->id;
    settings.cluster = parts.facts->cluster;
    settings.version = BULWARK_VERSION;
    settings.address_of = [serving = serving](std::uint32_t node) { return serving->of(node); };
    return settings;
  }

  node_identity identity() const {
    return {
        .cluster = parts.facts->cluster, .node = parts.options->id, .incarnation = parts.facts->incarnation};
  }

  // -- the branches of the tree

  child own_links() {
    connector_options dialling{.self = identity(), .addresses = {}, .links = links};
    dialling.tls = parts.tls;
    for (const auto& [peer, where] : parts.options->peers)
      dialling.addresses.emplace(peer, peer_address{where.host, where.port});
    return consensus::links_branch(connector, std::move(dialling), {replica, heartbeats, membership}, {},
                                   heard);
  }

  child heartbeats_branch() {
    heartbeat_options settings{.self = parts.options->id,
                               .incarnation = parts.facts->incarnation,
                               .detector = {.interval = parts.options->interval,
                                            .timeout = parts.options->timeout,
                                            .kind = parts.options->detector},
                               .links = links};
    settings.started = parts.facts->started;
    settings.heard = heard;
    settings.status = [told = status] { return told->now(); };
    settings.serves_at = [this] { return resp(); };
    settings.on_serves_at = [serving = serving](std::uint32_t peer, const std::string& address) {
      serving->set(peer, address);
    };
    settings.load = measured_load({replica, log});
    settings.watched = [list = std::make_shared<consensus::own_watch>(parts.options->id, peers, board)] {
      return list->now();
    };
    settings.on_watched = [shown = board](std::uint32_t peer, bool watched) {
      shown->set_watched(peer, watched);
    };
    settings.on_change = [shown = board, ref = membership](const peer_change& change) {
      shown->set_verdict(change.peer, change.to);
      consensus::tell_verdict(ref, change);
    };
    return worker("heartbeats", heartbeats,
                  [settings, shown = board](caf::actor_system& sys, const caf::actor&) {
                    shown->begin_hearing(std::chrono::steady_clock::now());
                    return spawn_heartbeat_monitor(sys, settings);
                  });
  }

  child consensus_branch() {
    return supervisor_child(
        {.name = "consensus",
         .flags = flags(restart_strategy::rest_for_one),
         .children = consensus::replica_children(log, replica, parts.data->log_path(), parts.facts->cluster,
                                                 replica_settings())});
  }

  consensus::replica_actor_options replica_settings() const {
    consensus::replica_actor_options settings;
    for (const auto& [peer, ref] : links) settings.links.emplace(consensus::node_id{peer}, ref);
    consensus::set_voters(settings.core, consensus::node_id{parts.options->id}, parts.options->voters, peers);
    settings.core.lost = parts.data->lost();
    settings.core.accept_quorum = parts.options->accept_quorum;
    settings.core.priority = parts.options->priority;
    settings.core.seed = 0;  // drawn anew in each life
    settings.core.interval = parts.options->interval;
    settings.core.timeout = parts.options->leader_silence();
    settings.core.lease = parts.options->lease;
    settings.core.snapshot_bytes = snapshot_bytes;
    settings.prompt = true;
    settings.machine = [service = clients.machine_factory(), shown = board] {
      return std::make_unique<consensus::group_machine>(service(), shown);
    };
    return settings;
  }

  child membership_branch() {
    consensus::membership_options settings;
    settings.self = parts.options->id;
    settings.address = parts.facts->listen;
    settings.roles = {"kv"};
    settings.phase = [facts = parts.facts] { return phase_of(*facts); };
    settings.board = board;
    settings.replica = replica;
    settings.links = links;
    settings.interval = parts.options->interval;
    settings.timeout = parts.options->timeout;
    return worker("membership", membership, [settings](caf::actor_system& sys, const caf::actor&) {
      return consensus::spawn_membership(sys, settings);
    });
  }

  child voters_branch() {
    const consensus::voter_keeper_options settings{
        .replica = replica,
        .board = board,
        .look_every = std::max<duration>(parts.options->interval, 500ms),
        .patience = parts.options->replace_after};
    return worker("voters", {}, [settings](caf::actor_system& sys, const caf::actor&) {
      return consensus::spawn_voter_keeper(sys, settings);
    });
  }

  child control_branch(const std::weak_ptr<impl>& weak) {
    return worker("control", {}, [this, weak](caf::actor_system& sys, const caf::actor&) {
      control_options settings;
      settings.directory = parts.data->path();
      settings.facts = parts.facts;
      settings.node = parts.options->id;
      settings.root = [weak]() -> caf::actor {
        const auto strong = weak.lock();
        if (!strong) return {};
        const std::lock_guard guard{strong->root_mutex};
        return strong->root;
      };
      settings.replica = replica;
      settings.heartbeats = heartbeats;
      settings.board = board;
      settings.events = parts.events;
      settings.resp = [this] { return resp(); };
      settings.connections = [this] { return clients.connections(); };
      settings.drain = parts.drain;
      return spawn_control(sys, std::move(settings));
    });
  }

  child clients_branch() {
    std::vector<child> workers;
    for (std::size_t i = 1; i <= parts.options->sessions; ++i)
      workers.push_back(worker("session" + std::to_string(i), {}, clients.session_child(i)));
    auto sessions = supervisor_child(
        {.name = "sessions", .flags = flags(restart_strategy::one_for_one), .children = std::move(workers)});
    auto front = worker("front", {}, clients.front_child());
    return supervisor_child({.name = "clients",
                             .flags = flags(restart_strategy::rest_for_one),
                             .children = {std::move(sessions), std::move(front)}});
  }

  std::string resp() const { return node::to_string(endpoint{parts.options->resp.host, clients.port()}); }

  caf::actor_system& system;
  node_parts parts;
  caf::actor connector;
  caf::actor heartbeats;
  caf::actor log;
  caf::actor replica;
  caf::actor membership;
  std::shared_ptr<consensus::member_board> board;
  std::shared_ptr<consensus::own_status> status;
  std::map<std::uint32_t, caf::actor> links;
  std::vector<std::uint32_t> peers;
  hearings heard;
  const std::shared_ptr<serving_addresses> serving = std::make_shared<serving_addresses>();
  kv::service clients;
  std::mutex root_mutex;
  caf::actor root;
};

node_tree::node_tree(caf::actor_system& system, node_parts parts)
    : impl_{std::make_shared<impl>(system, std::move(parts))} {
  auto& node = *impl_;
  const auto& listen = node.parts.options->listen;
  const auto port = open_door(system, node.connector, listen.host, listen.port, node.parts.tls);
  node.parts.facts->listen = node::to_string(endpoint{listen.host, port});
  supervisor_options root{.name = "root",
                          .flags = flags(restart_strategy::one_for_one),
                          .children = {},
                          .sink = consensus::told_to(node.status, node.parts.sink)};
  root.children = {node.own_links(),         node.heartbeats_branch(), node.consensus_branch(),
                   node.membership_branch(), node.voters_branch(),     node.control_branch(impl_),
                   node.clients_branch()};
  root.parent = node.parts.parent;
  const std::lock_guard guard{node.root_mutex};
  node.root = spawn_supervisor(system, std::move(root));
}

node_tree::~node_tree() {
  const std::lock_guard guard{impl_->root_mutex};
  impl_->root = nullptr;
}

const caf::actor& node_tree::root() const { return impl_->root; }
std::string node_tree::resp() const { return impl_->resp(); }
void node_tree::leave(duration patience) { consensus::leave_group(impl_->membership, patience); }
void node_tree::hand_leadership_over() {
  const auto& options = *impl_->parts.options;
  const duration one_try = options.interval + options.timeout + 200ms;
  consensus::hand_leadership_over(impl_->system, impl_->replica,
                                  std::max<duration>(one_try, options.drain / 2));
}
void node_tree::drain_clients() { impl_->clients.drain(); }
std::size_t node_tree::connections() const { return impl_->clients.connections(); }

}  // namespace bulwark::node
