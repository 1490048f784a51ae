// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/group_member.hpp"

#include <algorithm>
#include <caf/all.hpp>
#include <chrono>
#include <cstdint>
#include <future>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>

#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/stable_ref.hpp"
#include "bulwark/actors/tls.hpp"
#include "bulwark/consensus/data_directory.hpp"
#include "bulwark/consensus/file_log_store.hpp"
#include "bulwark/consensus/log_store_actor.hpp"
#include "bulwark/consensus/messages.hpp"
#include "bulwark/supervision/messages.hpp"
#include "member_children.hpp"

namespace bulwark::consensus {

using namespace std::chrono_literals;

namespace {

/// Between two tries to hand the leadership over.
constexpr auto look_again = 10ms;

/// Whether a replica that answers so may still lead, and may do better when it is asked again.
bool is_worth_another_try(transfer_outcome what) {
  switch (what) {
    case transfer_outcome::busy:       // somebody else has begun it, and gets the answer
    case transfer_outcome::timed_out:  // it goes on leading
    case transfer_outcome::lost:       // perhaps to itself, under a new ballot
      return true;
    case transfer_outcome::moved:
    case transfer_outcome::not_leader:
    case transfer_outcome::no_member:
    case transfer_outcome::unreachable: break;
  }
  return false;
}

/// Asks for a transfer, and waits for what becomes of it. True: it is to be asked for again.
bool tries_in_vain(caf::actor_system& system, const caf::actor& replica, duration limit) {
  // An actor for each try: CAF leaks one that has the timeout of an earlier request in its mailbox when it
  // ends.
  caf::scoped_actor self{system};
  bool again = false;
  self->request(replica, caf::duration{limit}, transfer_leadership{})
      .receive(
          [&again](const transfer_result& what) {
            again = is_worth_another_try(transfer_outcome{what.outcome});
          },
          [](const caf::error&) {});
  return again;
}

}  // namespace

backoff_options member_delays() {
  return {.initial = 50ms, .max = 2s, .factor = 2, .jitter = 0.2, .reset_after = 10s};
}

void set_voters(replica_options& core, node_id self, const std::vector<std::uint32_t>& voters,
                const std::vector<std::uint32_t>& peers) {
  core.self = self;
  for (const auto id : voters.empty() ? peers : voters) core.members.push_back(node_id{id});
  if (voters.empty()) core.members.push_back(self);
  core.joins = std::find(core.members.begin(), core.members.end(), self) == core.members.end();
}

child links_branch(const caf::actor& connector, connector_options dialling,
                   std::array<caf::actor, link_channels> subscribers, const caf::actor& envoy,
                   const hearings& heard) {
  link_options link{
      .self = dialling.self, .peer = 0, .connector = connector, .subscribers = std::move(subscribers)};
  link.envoy = envoy;
  supervisor_options branch{.name = "links", .flags = flags_of(restart_strategy::one_for_one)};
  for (const auto& [peer, ref] : dialling.links) {
    link.peer = peer;
    const auto hearing = heard.find(peer);
    link.heard = hearing == heard.end() ? nullptr : hearing->second;
    branch.children.push_back(
        worker("link-n" + std::to_string(peer), ref,
               [link](caf::actor_system& system, const caf::actor&) { return spawn_link(system, link); }));
  }
  branch.children.insert(branch.children.begin(), worker("connector", connector,
                                                         [dialling = std::move(dialling)](
                                                             caf::actor_system& system, const caf::actor&) {
                                                           return spawn_connector(system, dialling);
                                                         }));
  return supervisor_child(std::move(branch));
}

std::vector<child> replica_children(const caf::actor& log, const caf::actor& replica,
                                    std::filesystem::path log_directory, const std::string& cluster,
                                    replica_actor_options settings) {
  const file_log_options files{
      .directory = std::move(log_directory), .cluster = cluster, .node = settings.core.self};
  settings.log = log;
  return {log_child(log, [files] { return std::make_unique<file_log_store>(files); }),
          replica_child(replica, std::move(settings))};
}

void hand_leadership_over(caf::actor_system& system, const caf::actor& replica, duration limit) {
  // One that is being restarted does not lead.
  if (is_stable_ref(replica) && ref_stats(replica).state != ref_state::bound) return;
  const auto until = std::chrono::steady_clock::now() + limit;
  for (auto left = limit; left > duration::zero(); left = until - std::chrono::steady_clock::now()) {
    if (!tries_in_vain(system, replica, left)) return;
    std::this_thread::sleep_for(std::min<duration>(left, look_again));
  }
}

struct group_member::impl {
  impl(caf::actor_system& sys, group_member_options given)
      : system{sys},
        options{std::move(given)},
        data{options.directory, {options.cluster, node_id{options.self}}},
        tls{options.tls.any() ? make_tls_endpoint(options.tls, options.cluster, options.self) : nullptr},
        connector{make_stable_ref(sys, {.name = "connector"})},
        log{make_stable_ref(sys, {.name = "log", .hold_max = 65536})},
        replica{make_stable_ref(sys, {.name = "replica", .hold_max = 65536})},
        front{make_stable_ref(sys, {.name = "front", .hold_max = 65536})} {
    links = link_refs(sys, options.peers);
  }

  child own_links() const {
    connector_options dialling{
        .self = {options.cluster, options.self, incarnation}, .addresses = options.peers, .links = links};
    dialling.tls = tls;
    return links_branch(connector, std::move(dialling), {replica, {}, {}});
  }

  child consensus_branch(machine_factory machine, front_factory make_front) const {
    replica_actor_options settings;
    settings.core = replica_settings();
    for (const auto& [peer, ref] : links) settings.links.emplace(node_id{peer}, ref);
    settings.machine = std::move(machine);
    auto children = replica_children(log, replica, data.log_path(), options.cluster, std::move(settings));
    children.push_back(
        worker("front", front, [asked = replica, make_front](caf::actor_system& where, const caf::actor&) {
          return make_front(where, asked);
        }));
    return supervisor_child({.name = "consensus",
                             .flags = flags_of(restart_strategy::rest_for_one),
                             .children = std::move(children)});
  }

  replica_options replica_settings() const {
    auto core = core_of_member(options.self, options.voters, options.peers, data);
    core.interval = options.interval;
    core.timeout = options.timeout;
    core.lease = options.lease;
    core.snapshot_bytes = options.snapshot_bytes;
    return core;
  }

  caf::actor_system& system;
  const group_member_options options;
  const data_directory data;
  const std::shared_ptr<tls_endpoint> tls;
  const std::uint64_t incarnation = random_incarnation();
  const caf::actor connector;
  const caf::actor log;
  const caf::actor replica;
  const caf::actor front;
  std::map<std::uint32_t, caf::actor> links;
  std::uint16_t port = 0;
  caf::actor root;
};

group_member::group_member(caf::actor_system& system, group_member_options options, machine_factory machine,
                           front_factory front) {
  check_membership(options.self, options.listen, options.peers, options.voters,
                   options.insecure || options.tls.any());
  impl_ = std::make_unique<impl>(system, std::move(options));
  auto& it = *impl_;
  if (const auto problem = it.replica_settings().validate(); !problem.empty())
    throw std::invalid_argument{problem};
  it.port = open_door(system, it.connector, it.options.listen.host, it.options.listen.port, it.tls);
  supervisor_options root{.name = "member", .flags = flags_of(restart_strategy::one_for_one)};
  root.sink = it.options.sink;
  root.children.push_back(it.own_links());
  root.children.push_back(it.consensus_branch(std::move(machine), std::move(front)));
  it.root = spawn_supervisor(system, std::move(root));
}

group_member::~group_member() { stop_and_wait(impl_->system, impl_->root); }

const caf::actor& group_member::front() const { return impl_->front; }
const caf::actor& group_member::replica() const { return impl_->replica; }
const caf::actor& group_member::supervisor() const { return impl_->root; }
std::uint16_t group_member::port() const { return impl_->port; }

}  // namespace bulwark::consensus
