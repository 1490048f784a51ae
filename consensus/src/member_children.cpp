// SPDX-License-Identifier: BSD-3-Clause
#include "member_children.hpp"

#include <caf/all.hpp>
#include <chrono>
#include <future>
#include <random>
#include <stdexcept>
#include <utility>

#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/stable_ref.hpp"
#include "bulwark/consensus/group_member.hpp"
#include "bulwark/consensus/log_store_actor.hpp"
#include "bulwark/supervision/messages.hpp"

namespace bulwark::consensus {

using namespace std::chrono_literals;

namespace {

/// For a link that is being restarted. Few, since they may be large, and consensus does well without them.
constexpr std::size_t packets_held_max = 64;

/// How long a member may take to stop: an append to a slow disk is waited for.
constexpr auto stop_patience = 10s;

/// Lets an actor say "I serve" to its supervisor in its own name, though its options are made before it
/// exists.
class ready_report {
 public:
  explicit ready_report(const caf::actor& supervisor)
      : supervisor_{caf::actor_cast<caf::actor_addr>(supervisor)} {}

  std::function<void()> callback() {
    return [born = born_, supervisor = supervisor_] {
      const auto self = caf::actor_cast<caf::actor>(born->get_future().get());
      const auto whom = caf::actor_cast<caf::actor>(supervisor);
      if (self && whom) caf::send_as(self, whom, child_ready{});
    };
  }

  caf::actor born(caf::actor actor) {
    born_->set_value(caf::actor_cast<caf::actor_addr>(actor));
    return actor;
  }

 private:
  caf::actor_addr supervisor_;
  std::shared_ptr<std::promise<caf::actor_addr>> born_ = std::make_shared<std::promise<caf::actor_addr>>();
};

}  // namespace

supervisor_flags flags_of(restart_strategy strategy) {
  return {.strategy = strategy, .intensity = 30, .period = 60s};
}

child worker(std::string id, caf::actor ref,
             std::function<caf::actor(caf::actor_system&, const caf::actor&)> start) {
  child made;
  made.spec.id = std::move(id);
  made.spec.delays = member_delays();
  made.ref = std::move(ref);
  made.start = std::move(start);
  return made;
}

child log_child(const caf::actor& ref, std::function<std::unique_ptr<log_store>()> open) {
  auto made =
      worker("log", ref, [open = std::move(open)](caf::actor_system& system, const caf::actor& supervisor) {
        ready_report report{supervisor};
        return report.born(spawn_log_store(system, {.open = open, .on_ready = report.callback()}));
      });
  made.reports_ready = true;
  return made;
}

child replica_child(const caf::actor& ref, replica_actor_options settings) {
  auto made =
      worker("replica", ref,
             [settings = std::move(settings)](caf::actor_system& system, const caf::actor& supervisor) {
               ready_report report{supervisor};
               auto one = settings;
               one.on_ready = [tell = report.callback(), then = settings.on_ready] {
                 tell();
                 if (then) then();
               };
               return report.born(spawn_replica(system, std::move(one)));
             });
  made.reports_ready = true;
  return made;
}

std::uint64_t random_incarnation() {
  std::random_device source;
  const auto high = std::uint64_t{source()};
  return (high << 32 | source()) | 1;
}

replica_options core_of_member(std::uint32_t self, const std::vector<std::uint32_t>& voters,
                               const std::map<std::uint32_t, peer_address>& peers,
                               const data_directory& data) {
  replica_options core;
  std::vector<std::uint32_t> others;
  for (const auto& [peer, where] : peers) others.push_back(peer);
  set_voters(core, node_id{self}, voters, others);
  core.lost = data.lost();
  core.seed = 0;  // drawn anew in each life
  return core;
}

std::map<std::uint32_t, caf::actor> link_refs(caf::actor_system& system,
                                              const std::map<std::uint32_t, peer_address>& peers) {
  std::map<std::uint32_t, caf::actor> refs;
  for (const auto& [peer, where] : peers)
    refs.emplace(peer, make_stable_ref(
                           system, {.name = "link-n" + std::to_string(peer), .hold_max = packets_held_max}));
  return refs;
}

void check_membership(std::uint32_t self, const peer_address& listen,
                      const std::map<std::uint32_t, peer_address>& peers,
                      const std::vector<std::uint32_t>& voters, bool may_be_reached) {
  if (self == 0) throw std::invalid_argument{"self is 0; expected the number of this member, 1 or more"};
  for (const auto voter : voters)
    if (voter != self && !peers.contains(voter))
      throw std::invalid_argument{"voters names " + std::to_string(voter) +
                                  ", which is neither self nor among the peers"};
  if (peers.contains(self))
    throw std::invalid_argument{"peers names member " + std::to_string(self) +
                                ", which is this one; expected the others only"};
  if (!may_be_reached && !is_loopback(listen.host))
    throw std::invalid_argument{
        "listen is " + listen.host +
        ", which other machines can reach; expected an address of this machine only (127.0.0.1), or tls, or "
        "insecure = true to do without protection"};
}

void stop_and_wait(caf::actor_system& system, const caf::actor& root) {
  caf::scoped_actor self{system};
  self->monitor(root);
  ask_to_stop(root);
  bool ended = false;
  self->receive([&ended](const caf::down_msg&) { ended = true; }, caf::after(stop_patience) >> [] {});
  if (!ended) kill_now(root);
}

}  // namespace bulwark::consensus
