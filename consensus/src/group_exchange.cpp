// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/group_exchange.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "actor_base.hpp"
#include "bulwark/actors/core/invariant.hpp"
#include "bulwark/actors/messages.hpp"
#include "bulwark/consensus/core/codec.hpp"
#include "peer_pulses.hpp"

namespace bulwark::consensus {
namespace {

/// Ends a turn: everything that was in the mailbox before it has been taken in.
struct exchange_now {};

struct pulse_due {};

/// Asked of a replica, behind frames. It need not know it: any answer comes after the frames were taken.
struct frames_taken {};

}  // namespace
}  // namespace bulwark::consensus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::exchange_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::pulse_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::frames_taken)

namespace bulwark::consensus {

bool group_routes::add(group_id group, caf::actor replica) {
  std::lock_guard guard{mutex_};
  return replicas_.emplace(group, std::move(replica)).second;
}

void group_routes::remove(group_id group) {
  std::lock_guard guard{mutex_};
  replicas_.erase(group);
}

caf::actor group_routes::find(group_id group) const {
  std::lock_guard guard{mutex_};
  const auto found = replicas_.find(group);
  return found == replicas_.end() ? caf::actor{} : found->second;
}

std::vector<caf::actor> group_routes::all() const {
  std::lock_guard guard{mutex_};
  std::vector<caf::actor> replicas;
  replicas.reserve(replicas_.size());
  for (const auto& [group, replica] : replicas_) replicas.push_back(replica);
  return replicas;
}

namespace {

class group_exchange final : public actor_base {
 public:
  group_exchange(caf::actor_config& config, group_exchange_options options)
      : actor_base{config}, options_{std::move(options)} {
    for (const auto& [peer, link] : options_.links) peers_.emplace(peer, peer_state{});
  }

  const char* name() const override { return "bulwark.group_exchange"; }

  caf::behavior make_behavior() override {
    if (options_.pulses) {
      for (const auto& [peer, link] : options_.links) pulses_.add(peer, clock().now());
      delayed_send(this, options_.interval, pulse_due{});
    }
    return {[this](group_packet& out) { send_out(out); },
            [this](peer_packet& in) { take_in(in); },
            [this](const peer_link_state& link) { take_in(link); },
            [this](replica_joined who) { tell_all_to(options_.routes->find(who.group)); },
            [this](exchange_now) { end_turn(); },
            [this](pulse_due) { beat(); },
            [this](get_group_exchange_report) { return report(); }};
  }

  void on_exit() override { options_.links.clear(); }

 private:
  struct peer_state {
    std::string gathered;  ///< in this turn
    bool down = false;     ///< its link said so
    bool sent = false;     ///< something, since the last pulse
  };
  /// What a replica was handed, and is not known to have taken.
  struct handed_over {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    bool asked = false;
  };

  // -- out

  void send_out(group_packet& out) {
    const auto peer = peers_.find(out.peer);
    if (peer == peers_.end()) return;
    ++report_.frames_sent;
    auto& gathered = peer->second.gathered;
    if (gathered.empty())
      gathered = std::move(out.bytes);
    else
      gathered += out.bytes;
    if (gathered.size() >= options_.packet_bytes) return send_gathered(out.peer, peer->second);
    if (!std::exchange(turn_open_, true)) send(this, exchange_now{});
  }

  void end_turn() {
    turn_open_ = false;
    for (auto& [peer, state] : peers_)
      if (!state.gathered.empty()) send_gathered(peer, state);
  }

  void send_gathered(node_id peer, peer_state& state) {
    state.sent = true;
    ++report_.packets_sent;
    send(options_.links.at(peer),
         peer_packet{number(peer), consensus_channel, std::exchange(state.gathered, {})});
  }

  // -- in

  void take_in(peer_packet& in) {
    if (in.channel != consensus_channel) return;
    ++report_.packets_received;
    if (options_.pulses && pulses_.hear(node_id{in.peer}, clock().now()))
      tell_all(peer_silence{node_id{in.peer}, false});
    runs_.clear();
    if (const auto problem = split_packet(in.bytes, runs_); !problem.empty()) {
      ++report_.dropped_broken;
      return complain("a packet of " + to_string(node_id{in.peer}) + " that is broken: " + problem);
    }
    if (runs_.size() == 1) return hand_over(runs_.front().first, in.peer, std::move(in.bytes));
    for (const auto& [group, frames] : runs_) hand_over(group, in.peer, std::string{frames});
  }

  void hand_over(group_id group, std::uint32_t peer, std::string frames) {
    const auto replica = options_.routes->find(group);
    if (!replica) {
      handed_.erase(group);
      ++report_.dropped_unknown;
      return complain("frames for group " + std::to_string(number(group)) + ", which is not here");
    }
    auto& handed = handed_[group];
    const auto& most = options_.window;
    if (handed.messages >= most.messages ||
        (handed.messages > 0 && handed.bytes + frames.size() > most.bytes)) {
      ++report_.dropped_full;
      return complain("frames for group " + std::to_string(number(group)) + ", which does not take them");
    }
    ++handed.messages;
    handed.bytes += frames.size();
    caf::anon_send(replica, peer_packet{peer, consensus_channel, std::move(frames)});
    if (4 * handed.messages >= most.messages || 4 * handed.bytes >= most.bytes)
      ask_what_was_taken(group, replica);
  }

  void ask_what_was_taken(group_id group, const caf::actor& replica) {
    auto& handed = handed_[group];
    if (std::exchange(handed.asked, true)) return;
    const auto taken = [this, group, before = handed] {
      const auto now = handed_.find(group);
      if (now == handed_.end()) return;
      now->second.messages -= std::min(now->second.messages, before.messages);
      now->second.bytes -= std::min(now->second.bytes, before.bytes);
      now->second.asked = false;
    };
    request(replica, caf::infinite, frames_taken{}).then(taken, [taken](const caf::error&) { taken(); });
  }

  void complain(const std::string& what) {
    const auto now = clock().now();
    const auto dropped = report_.dropped_broken + report_.dropped_unknown + report_.dropped_full;
    if (dropped > 1 && now - complained_at_ < std::chrono::seconds{1}) return;
    complained_at_ = now;
    spdlog::warn("group exchange: dropped {}; {} in all", what, dropped);
  }

  // -- what all groups are told

  void take_in(const peer_link_state& link) {
    const auto peer = peers_.find(node_id{link.peer});
    if (peer == peers_.end()) return;
    peer->second.down = !link.up;
    tell_all(link);
  }

  template <class What>
  void tell_all(const What& what) {
    for (const auto& replica : options_.routes->all()) caf::anon_send(replica, what);
  }

  /// It takes for granted that all is well.
  void tell_all_to(const caf::actor& replica) {
    if (!replica) return;
    for (const auto& [peer, state] : peers_) {
      if (state.down) caf::anon_send(replica, peer_link_state{number(peer), false});
      if (pulses_.is_silent(peer)) caf::anon_send(replica, peer_silence{peer, true});
    }
  }

  void beat() {
    delayed_send(this, options_.interval, pulse_due{});
    for (auto& [peer, state] : peers_)
      if (!std::exchange(state.sent, false)) {
        send_gathered(peer, state);
        state.sent = false;
      }
    for (const auto peer : pulses_.tick(clock().now(), options_.interval, options_.timeout)) {
      spdlog::warn("group exchange: {} is silent", to_string(peer));
      tell_all(peer_silence{peer, true});
    }
  }

  [[nodiscard]] group_exchange_report report() const {
    auto all = report_;
    for (const auto& [peer, state] : peers_)
      if (pulses_.is_silent(peer)) all.silent.push_back(peer);
    return all;
  }

  group_exchange_options options_;
  std::map<node_id, peer_state> peers_;
  std::map<group_id, handed_over> handed_;
  std::vector<std::pair<group_id, std::string_view>> runs_;  ///< of the packet at hand
  peer_pulses pulses_;
  bool turn_open_ = false;
  group_exchange_report report_;
  instant complained_at_{};
};

}  // namespace

caf::actor spawn_group_exchange(caf::actor_system& system, group_exchange_options options) {
  BULWARK_INVARIANT(options.routes != nullptr);
  return system.spawn<group_exchange>(std::move(options));
}

}  // namespace bulwark::consensus
