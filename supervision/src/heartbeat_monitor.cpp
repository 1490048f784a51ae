// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/heartbeat_monitor.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <caf/all.hpp>
#include <optional>
#include <set>
#include <utility>

#include "bulwark/actors/core/invariant.hpp"
#include "bulwark/actors/link.hpp"
#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "peer_opinions.hpp"

namespace bulwark {

namespace {

struct beat_due {};
struct judgement_due {};

}  // namespace

}  // namespace bulwark

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::beat_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::judgement_due)

namespace bulwark {

namespace {

/// An echo of something older is not believed.
constexpr duration rtt_max = std::chrono::minutes{1};

/// A lag beyond means as much.
constexpr std::int64_t lag_max_us = 60'000'000;

/// More means nothing to people.
constexpr double phi_max = 99;

template <class Unit>
std::int64_t count_as(duration what) {
  return std::chrono::duration_cast<Unit>(what).count();
}

std::vector<std::uint32_t> numbers_of(const std::map<std::uint32_t, caf::actor>& links) {
  std::vector<std::uint32_t> numbers;
  for (const auto& [peer, link] : links) numbers.push_back(peer);
  return numbers;
}

class heartbeat_monitor final : public service_actor {
 public:
  heartbeat_monitor(caf::actor_config& config, heartbeat_options options)
      : service_actor{config},
        options_{std::move(options)},
        detector_{options_.detector, numbers_of(options_.links), clock().now()},
        opinions_{options_.detector.interval} {}

  const char* name() const override { return "bulwark.heartbeats"; }

  caf::behavior make_behavior() override {
    beat_due_ = now();
    beat();
    plan_judgement();
    return {[this](beat_due) { beat(); }, [this](judgement_due) { judge(); },
            [this](const peer_packet& packet) { take(packet); },
            [this](const peer_link_state& link) { take(link); },
            [this](const get_peers&) { return table(); }};
  }

 private:
  instant now() { return clock().now(); }

  // -- whom it watches

  /// Asked with each round, so that a monitor which was restarted need not be told.
  void look_whom_to_watch() {
    if (!options_.watched) return;
    const auto wanted = options_.watched();
    if (std::exchange(wanted_, wanted) == wanted) return;
    std::vector<std::uint32_t> watched;
    for (const auto& [peer, link] : options_.links) {
      const bool is_wanted = !wanted || std::binary_search(wanted->begin(), wanted->end(), peer);
      if (is_wanted) watched.push_back(peer);
      if (is_wanted != detector_.watches(peer)) begin_or_cease(peer, is_wanted);
    }
    detector_.watch(watched, now());
  }

  void begin_or_cease(std::uint32_t peer, bool watched) {
    spdlog::debug("heartbeats: n{} is watched {}", peer, watched ? "from now on" : "no longer");
    if (watched)
      listened_at_[peer] = now();  // whatever came before says nothing of now
    else
      forget_opinion(peer);
    if (options_.on_watched) options_.on_watched(peer, watched);
  }

  // -- out

  void beat() {
    const auto started = now();
    ++sequence_;
    load_ = options_.load ? options_.load() : vitals{};
    const auto lag = count_as<std::chrono::microseconds>(started - beat_due_);
    load_.lag_us = static_cast<std::uint32_t>(std::clamp<std::int64_t>(lag, 0, lag_max_us));
    opinions_.observe_self(load_);
    form_opinions();
    look_whom_to_watch();
    const bool is_news = has_news();
    for (const auto& [peer, link] : options_.links)
      if (is_news || detector_.watches(peer)) send_beat(peer, link);
    const auto wait = options_.detector.interval - std::min(now() - started, options_.detector.interval);
    beat_due_ = now() + wait;
    delayed_send(this, wait, beat_due{});
  }

  /// What all peers need to know, those too who do not watch this node. Those who are not connected get it
  /// with the first beat once they are. A monitor that begins is news: it learns from the answers of all.
  bool has_news() {
    std::optional said{std::pair{status_now(), options_.serves_at ? options_.serves_at() : std::string{}}};
    return std::exchange(said_of_self_, said) != said;
  }

  [[nodiscard]] node_status status_now() const {
    return options_.status ? options_.status() : node_status::normal;
  }

  void send_beat(std::uint32_t peer, const caf::actor& link) {
    const auto sent = static_cast<std::uint64_t>(now().time_since_epoch().count());
    send(link, peer_packet{peer, heartbeat_channel, encode(own(heartbeat_kind::beat, sequence_, sent))});
  }

  heartbeat own(heartbeat_kind kind, std::uint64_t sequence, std::uint64_t sent_ns) {
    const auto uptime =
        static_cast<std::uint64_t>(count_as<std::chrono::milliseconds>(now() - options_.started));
    heartbeat made{kind, status_now(), options_.self, options_.incarnation, uptime, sequence, sent_ns, load_,
                   {}};
    if (options_.serves_at) made.serves_at = options_.serves_at();
    return made;
  }

  // -- in

  void take(const peer_packet& packet) {
    if (packet.channel != heartbeat_channel) return;
    const auto link = options_.links.find(packet.peer);
    const auto what = decode_heartbeat(packet.bytes);
    if (link == options_.links.end() || !what || what->node != packet.peer) {
      if (!std::exchange(complained_, true))
        spdlog::error("heartbeats: something from n{} is no heartbeat of its own", packet.peer);
      return;
    }
    connected_.insert(packet.peer);
    auto& said = said_[packet.peer];
    if (said.last.incarnation != 0 && said.last.incarnation != what->incarnation) {
      spdlog::info("heartbeats: n{} is a new process", packet.peer);
      said.rtt_us = -1;
      forget_opinion(packet.peer);
    }
    if (options_.on_serves_at && said.last.serves_at != what->serves_at)
      options_.on_serves_at(packet.peer, what->serves_at);
    said.last = *what;
    // Beats come if the other watches this node, as long as it does, and are signs of life like any other.
    // Answers come as regularly as this node asks.
    if (what->kind == heartbeat_kind::beat) {
      const auto ack = own(heartbeat_kind::ack, what->sequence, what->sent_ns);
      send(link->second, peer_packet{packet.peer, heartbeat_channel, encode(ack)});
      detector_.heard(packet.peer, evidence::other, now(), changes_);
    } else {
      const instant asked{duration{static_cast<duration::rep>(what->sent_ns)}};
      measure(said, asked);
      if (detector_.watches(packet.peer)) opinions_.hear(packet.peer, *what, said.rtt_us);
      detector_.answered(packet.peer, asked, now(), changes_);
    }
    publish_changes();
  }

  struct told {
    heartbeat last;
    std::int64_t rtt_us = -1;
  };

  void form_opinions() {
    for (const auto& [peer, change] : opinions_.take_changes()) {
      const auto& [anomalous, what] = change;
      if (anomalous) {
        spdlog::warn("heartbeats: n{} behaves unusually: {} {:.0f} {}, usually {:.0f} (score {:.1f})", peer,
                     to_string(what.of), what.seen, unit_of(what.of), what.usual, what.score);
      } else {
        spdlog::info("heartbeats: n{} behaves as usual again", peer);
      }
      if (options_.on_anomaly) options_.on_anomaly(peer, change);
    }
  }

  void forget_opinion(std::uint32_t peer) {
    if (opinions_.forget(peer) && options_.on_anomaly) options_.on_anomaly(peer, {});
  }

  void measure(told& said, instant asked) {
    const auto rtt = now() - asked;
    if (rtt >= duration::zero() && rtt <= rtt_max) said.rtt_us = count_as<std::chrono::microseconds>(rtt);
  }

  void take(const peer_link_state& state) {
    const auto link = options_.links.find(state.peer);
    if (link == options_.links.end()) return;
    if (state.up) {
      connected_.insert(state.peer);
      return send_beat(state.peer, link->second);  // it need not wait for the next round to know us
    }
    connected_.erase(state.peer);
    listened_at_[state.peer] = now();  // what was heard before is of the connection that ended
    detector_.lost(state.peer, now(), changes_);
    publish_changes();
  }

  // -- judging

  void plan_judgement() {
    delayed_send(this, std::max(detector_.next_judgement() - now(), duration::zero()), judgement_due{});
  }

  void judge() {
    listen();
    detector_.judge(now(), changes_);
    publish_changes();
    plan_judgement();
  }

  /// Takes what the links heard since the last time.
  void listen() {
    for (const auto& [peer, hearing] : options_.heard) {
      const auto heard_at = hearing->get();
      auto& before = listened_at_[peer];
      if (!heard_at || *heard_at <= before) continue;
      before = *heard_at;
      detector_.heard(peer, evidence::other, *heard_at, changes_);
    }
  }

  void publish_changes() {
    for (const auto& change : std::exchange(changes_, {})) {
      const auto level = change.to == peer_state::up ? spdlog::level::info : spdlog::level::warn;
      spdlog::log(level, "heartbeats: n{} is {}, was {}; silent for {} ms", change.peer, to_string(change.to),
                  to_string(change.from), count_as<std::chrono::milliseconds>(change.silence));
      if (options_.on_change) options_.on_change(change);
    }
  }

  peer_table table() {
    peer_table result;
    for (const auto& [peer, link] : options_.links) {
      peer_entry one;
      one.peer = peer;
      one.state = state_of(peer);
      one.phi = std::clamp(detector_.phi(peer, now()), 0.0, phi_max);
      if (const auto silence = silence_of(peer))
        one.silent_us = count_as<std::chrono::microseconds>(*silence);
      if (const auto found = said_.find(peer); found != said_.end()) {
        const auto& [last, rtt_us] = found->second;
        one.status = to_string(last.status);
        one.incarnation = last.incarnation;
        one.uptime_ms = last.uptime_ms;
        one.rtt_us = rtt_us;
        one.lag_us = last.load.lag_us;
        one.cpu_permille = last.load.cpu_permille;
        one.memory_kib = last.load.memory_kib;
        one.queue = last.load.queue;
        one.mailbox_age_us = last.load.mailbox_age_us;
      }
      const auto unusual = opinions_.worst(peer);
      one.anomaly = unusual.score;
      if (unusual.score > 0) one.anomaly_of = to_string(unusual.of);
      result.peers.push_back(std::move(one));
    }
    return result;
  }

  [[nodiscard]] const char* state_of(std::uint32_t peer) const {
    if (detector_.watches(peer)) return to_string(detector_.state(peer));
    return connected_.contains(peer) ? "connected" : "unconnected";
  }

  std::optional<duration> silence_of(std::uint32_t peer) {
    if (detector_.watches(peer)) return detector_.silence(peer, now());
    const auto hearing = options_.heard.find(peer);
    const auto heard_at = hearing == options_.heard.end() ? std::nullopt : hearing->second->get();
    return heard_at ? std::optional{now() - *heard_at} : std::nullopt;
  }

  const heartbeat_options options_;
  failure_detector detector_;
  peer_opinions opinions_;
  std::shared_ptr<const std::vector<std::uint32_t>> wanted_;  ///< null: all are watched
  std::set<std::uint32_t> connected_;                         ///< peers whose link is up
  std::map<std::uint32_t, told> said_;
  std::map<std::uint32_t, instant> listened_at_;  ///< the latest of what the links heard
  std::vector<peer_change> changes_;
  std::uint64_t sequence_ = 0;
  instant beat_due_{};
  vitals load_;
  std::optional<std::pair<node_status, std::string>> said_of_self_;  ///< to all
  bool complained_ = false;
};

}  // namespace

caf::actor spawn_heartbeat_monitor(caf::actor_system& system, heartbeat_options options) {
  BULWARK_INVARIANT(options.detector.validate().empty());
  return system.spawn<heartbeat_monitor>(std::move(options));
}

void add_heartbeat_messages(caf::actor_system_config& config) {
  config.add_message_types<caf::id_block::bulwark_heartbeats>();
}

}  // namespace bulwark
