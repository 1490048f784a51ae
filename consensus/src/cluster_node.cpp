// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/cluster_node.hpp"

#include <algorithm>
#include <atomic>
#include <caf/all.hpp>
#include <chrono>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <thread>
#include <utility>

#include "bulwark/actors/stable_ref.hpp"
#include "bulwark/actors/tls.hpp"
#include "bulwark/consensus/data_directory.hpp"
#include "bulwark/consensus/group_machine.hpp"
#include "bulwark/consensus/group_member.hpp"
#include "bulwark/consensus/group_speaker.hpp"
#include "bulwark/consensus/member_board.hpp"
#include "bulwark/consensus/membership_actor.hpp"
#include "bulwark/consensus/messages.hpp"
#include "bulwark/consensus/own_status.hpp"
#include "bulwark/consensus/own_watch.hpp"
#include "bulwark/consensus/replicated.hpp"
#include "bulwark/consensus/voter_keeper_actor.hpp"
#include "bulwark/supervision/distributed_child.hpp"
#include "bulwark/supervision/heartbeat_monitor.hpp"
#include "bulwark/supervision/process_meter.hpp"
#include "member_children.hpp"

namespace bulwark::consensus {

using namespace std::chrono_literals;

namespace {

child node_child(std::string id, caf::actor ref, std::function<caf::actor(caf::actor_system&)> start) {
  child made;
  made.spec.id = std::move(id);
  made.spec.delays = member_delays();
  made.ref = std::move(ref);
  made.start = [start = std::move(start)](caf::actor_system& system, const caf::actor&) {
    return start(system);
  };
  return made;
}

detector_options detector_of(const cluster_node_options& node) {
  return {.interval = node.interval,
          .timeout = node.timeout,
          .kind = node.detector,
          .threshold = node.threshold,
          .window = node.window};
}

/// Grows from life to life of a node, as long as its clock does not go back by more than it is down.
std::uint64_t incarnation_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::nanoseconds{since}.count());
}

}  // namespace

std::string cluster_node_options::validate() const {
  if (self == 0) return "self is 0; expected the number of this node, 1 or more";
  if (peers.contains(self))
    return "peers names node " + std::to_string(self) + ", which is this one; expected the others only";
  for (const auto voter : voters)
    if (voter != self && !peers.contains(voter))
      return "voters names " + std::to_string(voter) + ", which is neither self nor among the peers";
  if (!insecure && !tls.any() && !is_loopback(listen.host))
    return "listen is " + listen.host +
           ", which other machines can reach; expected an address of this machine only (127.0.0.1), or tls, "
           "or "
           "insecure = true to do without protection";
  if (auto problem = load.validate(); !problem.empty()) return "load: " + problem;
  if (replace_after < duration::zero()) return "replace_after is negative; expected 0 (never) or more";
  return detector_of(*this).validate();
}

struct cluster_node::impl {
  impl(caf::actor_system& sys, cluster_node_options given)
      : system{sys},
        options{std::move(given)},
        data{options.directory, {options.cluster, node_id{options.self}}},
        tls{options.tls.any() ? make_tls_endpoint(options.tls, options.cluster, options.self) : nullptr},
        connector{make_ref("connector")},
        log{make_ref("log")},
        replica{make_ref("replica")},
        heartbeats{make_ref("heartbeats")},
        membership{make_ref("membership")},
        speaker{make_ref("speaker")} {
    links = link_refs(system, options.peers);
    for (const auto& [peer, link] : links) heard.emplace(peer, std::make_shared<last_heard>());
  }

  caf::actor make_ref(std::string name) {
    return make_stable_ref(system, {.name = std::move(name), .hold_max = 65536});
  }

  [[nodiscard]] node_identity identity() const { return {options.cluster, options.self, incarnation}; }

  /// The board outlives this, in the hands of actors that end late.
  void make_services(const std::shared_ptr<impl>& self) {
    auto settings = options.services;
    settings.self = options.self;
    settings.group.speaker = speaker;
    board = std::make_shared<member_board>(incarnation, [weak = std::weak_ptr{self}] {
      const auto strong = weak.lock();
      if (!strong || !strong->names) return;
      if (strong->options.on_group) strong->options.on_group(*strong->board->latest());
      tell_group_changed(strong->membership);
      strong->names->look();
    });
    settings.group.latest = [shown = board] { return shown->latest(); };
    settings.group.life = [shown = board, node = options.self] {
      return node_life{node, shown->incarnation()};
    };
    names.emplace(system, std::move(settings));
    status = std::make_shared<own_status>(options.self, board, [state = phase] { return state->load(); });
    const auto peers = std::views::keys(options.peers);
    watch = std::make_shared<own_watch>(options.self, std::vector<std::uint32_t>{peers.begin(), peers.end()},
                                        board);
  }

  child own_links() const {
    connector_options dialling{.self = identity(), .addresses = options.peers, .links = links};
    dialling.tls = tls;
    return links_branch(connector, std::move(dialling), {replica, heartbeats, membership}, names->envoy(),
                        heard);
  }

  child heartbeats_branch() const {
    heartbeat_options settings{
        .self = options.self, .incarnation = incarnation, .detector = detector_of(options), .links = links};
    settings.started = started;
    settings.heard = heard;
    settings.status = [told = status] { return told->now(); };
    settings.load = load_that_is_told();
    settings.watched = [list = watch] { return list->now(); };
    settings.on_watched = [shown = board](std::uint32_t peer, bool watched) {
      shown->set_watched(peer, watched);
    };
    settings.on_change = [shown = board, ref = membership,
                          told = options.on_verdict](const peer_change& change) {
      shown->set_verdict(change.peer, change.to);
      tell_verdict(ref, change);
      if (told) told(change);
    };
    settings.on_anomaly = [where = *names, told = options.on_anomaly](std::uint32_t peer,
                                                                      const anomaly_change& change) {
      where.set_anomalous(peer, change.anomalous);
      if (told) told(peer, change);
    };
    return node_child("heartbeats", heartbeats,
                      [settings, shown = board, where = *names](caf::actor_system& sys) {
                        // A monitor that starts has no opinion yet, and does not take back those of the one
                        // before.
                        for (const auto& [peer, link] : settings.links) where.set_anomalous(peer, false);
                        shown->begin_hearing(std::chrono::steady_clock::now());
                        return spawn_heartbeat_monitor(sys, settings);
                      });
  }

  /// What it measures for its heartbeats, of which the group hears now and then.
  std::function<vitals()> load_that_is_told() const {
    return [measure = measured_load({replica, log}), report = load_report{options.load}, shown = board,
            where = *names, node = options.self, cores = std::thread::hardware_concurrency()]() mutable {
      const auto measured = measure();
      const auto group = shown->latest();
      const auto known = group ? group->children().reported_load({node, shown->incarnation()}) : 0;
      const auto word =
          report.step(load_permille(measured.cpu_permille, cores), known, std::chrono::steady_clock::now());
      if (word) report_node_load(where, *word);
      return measured;
    };
  }

  child consensus_branch() const {
    replica_actor_options settings;
    settings.core = core_settings();
    for (const auto& [peer, ref] : links) settings.links.emplace(node_id{peer}, ref);
    settings.machine = [make = options.machine, shown = board] {
      return std::make_unique<group_machine>(make ? make() : no_service(), shown);
    };
    return supervisor_child(
        {.name = "consensus",
         .flags = flags_of(restart_strategy::rest_for_one),
         .children = replica_children(log, replica, data.log_path(), options.cluster, std::move(settings))});
  }

  replica_options core_settings() const {
    auto core = core_of_member(options.self, options.voters, options.peers, data);
    core.interval = options.interval;
    core.timeout = options.timeout;
    core.snapshot_bytes = options.snapshot_bytes;
    return core;
  }

  child membership_branch() const {
    membership_options settings;
    settings.self = options.self;
    settings.address = options.listen.host + ":" + std::to_string(port);
    settings.roles = options.roles;
    settings.phase = [state = phase] { return state->load(); };
    settings.board = board;
    settings.replica = replica;
    settings.links = links;
    settings.interval = options.interval;
    settings.timeout = options.timeout;
    return node_child("membership", membership,
                      [settings](caf::actor_system& sys) { return spawn_membership(sys, settings); });
  }

  child voters_branch() const {
    const voter_keeper_options settings{.replica = replica,
                                        .board = board,
                                        .look_every = std::max<duration>(options.interval, 500ms),
                                        .patience = options.replace_after};
    return node_child("voters", {},
                      [settings](caf::actor_system& sys) { return spawn_voter_keeper(sys, settings); });
  }

  caf::actor_system& system;
  const cluster_node_options options;
  const data_directory data;
  const std::shared_ptr<tls_endpoint> tls;
  const std::uint64_t incarnation = incarnation_now();
  const instant started = std::chrono::steady_clock::now();
  const caf::actor connector;
  const caf::actor log;
  const caf::actor replica;
  const caf::actor heartbeats;
  const caf::actor membership;
  const caf::actor speaker;
  std::map<std::uint32_t, caf::actor> links;
  hearings heard;
  const std::shared_ptr<std::atomic<member_phase>> phase =
      std::make_shared<std::atomic<member_phase>>(member_phase::up);
  std::shared_ptr<member_board> board;
  std::shared_ptr<own_status> status;
  std::shared_ptr<own_watch> watch;
  std::optional<bulwark::services> names;
  std::uint16_t port = 0;
  caf::actor root;
  caf::actor users;
};

cluster_node::cluster_node(caf::actor_system& system, cluster_node_options options) {
  if (const auto problem = options.validate(); !problem.empty()) throw std::invalid_argument{problem};
  impl_ = std::make_shared<impl>(system, std::move(options));
  auto& it = *impl_;
  if (const auto problem = it.core_settings().validate(); !problem.empty())
    throw std::invalid_argument{problem};
  it.make_services(impl_);
  it.port = open_door(system, it.connector, it.options.listen.host, it.options.listen.port, it.tls);
  supervisor_options root{.name = "node", .flags = flags_of(restart_strategy::one_for_one)};
  root.sink = told_to(it.status, it.options.sink);
  root.children = {
      it.own_links(),
      it.heartbeats_branch(),
      it.consensus_branch(),
      node_child("speaker", it.speaker,
                 [asked = it.replica](caf::actor_system& sys) { return spawn_group_speaker(sys, asked); }),
      it.membership_branch(),
      it.names->as_child()};
  if (it.options.replace_after > duration::zero()) root.children.push_back(it.voters_branch());
  // First what may be refused; it waits for the rest.
  if (it.options.children) {
    supervisor_options users{.name = "children", .flags = it.options.flags};
    users.children = it.options.children(*it.names);
    users.sink = it.options.sink;
    it.users = spawn_supervisor(system, std::move(users));
  }
  it.root = spawn_supervisor(system, std::move(root));
}

cluster_node::~cluster_node() {
  auto& it = *impl_;
  // While the children still serve: what they have to say to the group goes to the next leader.
  hand_leadership_over(it.system, it.replica, it.options.interval + it.options.timeout + 200ms);
  if (it.users) stop_and_wait(it.system, it.users);
  it.names->close();
  leave_group(it.membership, it.options.leave_patience);
  stop_and_wait(it.system, it.root);
}

const services& cluster_node::services() const { return *impl_->names; }
std::shared_ptr<const membership_group> cluster_node::group() const { return impl_->board->latest(); }
node_life cluster_node::life() const { return {impl_->options.self, impl_->board->incarnation()}; }
void cluster_node::drain() {
  impl_->phase->store(member_phase::draining);
  caf::anon_send(impl_->replica, transfer_leadership{});
}

bool cluster_node::has_handed_over() const {
  const auto seen = group();
  const auto* self = seen ? seen->nodes().find(life().node) : nullptr;
  if (!self || self->life != life() || !self->draining) return false;
  return std::ranges::none_of(seen->names().all(), [&](const auto& one) {
    return one.second.owner == life() && one.first.starts_with(placement::child_name({}));
  });
}

const caf::actor& cluster_node::replica() const { return impl_->replica; }
const caf::actor& cluster_node::heartbeats() const { return impl_->heartbeats; }
const caf::actor& cluster_node::supervisor() const { return impl_->root; }
const caf::actor& cluster_node::children() const { return impl_->users; }
std::uint16_t cluster_node::port() const { return impl_->port; }

void add_cluster_messages(caf::actor_system_config& config) {
  add_replicated_messages(config);
  add_heartbeat_messages(config);
  add_services_messages(config);
}

}  // namespace bulwark::consensus
