// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/link.hpp"

#include <spdlog/spdlog.h>

#include <caf/all.hpp>
#include <caf/io/middleman.hpp>
#include <memory>
#include <random>
#include <utility>

#include "bulwark/actors/core/invariant.hpp"
#include "bulwark/actors/core/random.hpp"
#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/own_turn.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "link_messages.hpp"
#include "link_traffic.hpp"
#include "packet_lane.hpp"

namespace bulwark {

namespace {

constexpr duration tick_every = std::chrono::milliseconds{100};
constexpr duration keepalive_every = std::chrono::seconds{1};
/// A session that is silent for so long is given up: CAF can lose a connection without a word. Heartbeats are
/// much quicker to suspect the peer; this is only about getting a connection that works again.
constexpr duration silence_max = std::chrono::seconds{5};
constexpr duration complaint_every = std::chrono::seconds{5};
constexpr duration reset_every = std::chrono::milliseconds{100};

/// Nothing came of a hello.
struct hello_overdue {
  std::uint64_t session = 0;
};

/// Asked of a subscriber, behind packets. It need not know it: any answer will do, an error too, since it
/// comes after the packets were taken.
struct packets_taken {};

/// Enough came in on a channel to give credit back.
struct settle_due {
  std::size_t channel = 0;
};

/// A session lives on.
struct session_tick {
  std::uint64_t session = 0;
};

}  // namespace

}  // namespace bulwark

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::hello_overdue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::packets_taken)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::session_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::settle_due)

namespace bulwark {

namespace {

std::uint64_t random_seed() {
  std::random_device source;
  return std::uint64_t{source()} << 32 | source();
}

/// In the network's thread: it runs what packets set in motion, once it is through with those that are there.
void run_with_the_network(caf::actor_system& system) {
  thread_local std::unique_ptr<own_turn> turn;
  if (turn) return;
  turn = std::make_unique<own_turn>(system);
  system.middleman().backend().post([] { turn.reset(); });
}

/// One end of the connection to a peer.
///
///     idle --dial--> dialling --door_found--> greeting --welcome--> up        the side with the higher
///     number idle --hello--> up                                                      the other side up
///     --down_msg, reset, new hello, silence--> idle
class link final : public service_actor {
 public:
  link(caf::actor_config& config, link_options options)
      : service_actor{config}, options_{std::move(options)}, traffic_{options_}, random_{random_seed()} {
    report_.peer = options_.peer;
  }

  const char* name() const override { return "bulwark.link"; }

  /// Packets pass in the thread that brings them, see link_traffic.
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override {
    using verdict = link_traffic::verdict;
    if (element->mid.is_async()) {
      if (is_network(host)) run_with_the_network(home_system());
      const auto [what, channel] = traffic_.take(*element, caf::actor{this}, now());
      if (what == verdict::settle_due) caf::anon_send(this, settle_due{channel});
      if (what != verdict::not_mine) return;
    }
    service_actor::enqueue(std::move(element), host);
  }

  caf::behavior make_behavior() override {
    set_down_handler([this](caf::down_msg& down) {
      if (report_.up && down.source == remote_.address()) lost(error_text(down.reason));
    });
    tell_subscribers();  // an earlier life of this link may have told them that the peer is connected
    if (dials()) ask_for_door();
    return {
        [this](wire::packet& in) { take(in); },
        [this](const wire::credit& back) { reject(back.session); },
        [this](const settle_due& due) { settle(due.channel); },
        [this](const door_found& found) { greet(found.door); },
        [this](connector_ready) {
          if (dials() && !report_.up) ask_for_door();
        },
        [this](const wire::hello& from_peer) { accept(from_peer); },
        [this](const wire::welcome& from_peer) { welcomed(from_peer); },
        [this](const wire::refusal& no) { refused(no); },
        [this](const wire::reset& unknown) { was_reset(unknown.session); },
        [this](const wire::introduction& of_peer) { meet(of_peer); },
        [this](lane_found& found) { traffic_.go(found.session, std::move(found.lane), caf::actor{this}); },
        [this](const hello_overdue& late) { retry_greeting(late.session); },
        [this](const session_tick& tick) { on_tick(tick.session); },
        [this](const get_link_report&) { return report(); }};
  }

  void on_exit() override {
    traffic_.close([] {});
    remote_ = nullptr;
  }

 private:
  [[nodiscard]] bool is_network(const caf::execution_unit* host) const {
    return host != nullptr && home_system().has_middleman() && host == &home_system().middleman().backend();
  }
  [[nodiscard]] bool dials() const { return options_.self.node > options_.peer; }
  instant now() { return clock().now(); }

  // -- to a session

  void ask_for_door() {
    session_ = 0;
    send(options_.connector, dial{options_.peer});
  }

  void greet(const caf::actor& door) {
    if (report_.up || !door) return;
    do session_ = random_();
    while (session_ == 0);
    const auto& self = options_.self;
    send(door, wire::hello{wire::protocol_version, self.cluster, self.node, options_.peer, self.incarnation,
                           session_, offered_windows(), caf::actor{this}});
    delayed_send(this, options_.hello_timeout, hello_overdue{session_});
  }

  void retry_greeting(std::uint64_t session) {
    if (!report_.up && session == session_) ask_for_door();
  }

  /// The connector has checked who it comes from.
  void accept(const wire::hello& from_peer) {
    if (dials() || !from_peer.link || (report_.up && from_peer.session == session_)) return;
    // The peer would not greet again if the session still were of use to it.
    if (report_.up) lost("it starts anew");
    session_ = from_peer.session;
    send(from_peer.link, wire::welcome{session_, options_.self.node, options_.self.incarnation,
                                       offered_windows(), caf::actor{this}});
    establish(from_peer.link, from_peer.incarnation, from_peer.windows);
  }

  void welcomed(const wire::welcome& from_peer) {
    if (report_.up || from_peer.session != session_ || !from_peer.link) {
      if (from_peer.session != session_) reject(from_peer.session);
      return;
    }
    if (from_peer.from != options_.peer) return;  // the next greeting may find the right one
    send(options_.connector, dial_succeeded{options_.peer});
    establish(from_peer.link, from_peer.incarnation, from_peer.windows);
  }

  void refused(const wire::refusal& no) {
    if (report_.up || no.session != session_) return;
    ++report_.refusals;
    if (std::exchange(report_.refusal, no.reason) != no.reason)
      spdlog::error("link n{}: refused by the peer: {}", options_.peer, no.reason);
    ask_for_door();
  }

  void establish(const caf::actor& remote, std::uint64_t incarnation,
                 const std::vector<wire::window>& granted) {
    remote_ = remote;
    monitor(remote_);
    const auto before = std::exchange(report_.peer_incarnation, incarnation);
    const bool new_process = before != 0 && before != incarnation;
    spdlog::info("link n{}: up{}", options_.peer, new_process ? ", with a new process" : "");
    report_.up = true;
    ++report_.sessions;
    report_.refusal.clear();
    ticked_ = kept_alive_ = now();
    delayed_send(this, tick_every, session_tick{session_});
    traffic_.open(session_, remote_, granted, now(), [this] { tell_subscribers(); });
    find_lane(caf::actor{this}, remote_, session_);
    if (options_.envoy) send(remote_, wire::introduction{session_, options_.envoy});
  }

  /// Whose handle came by another way than its own connection would be of no use once that way ends.
  void meet(const wire::introduction& of_peer) {
    if (!report_.up || of_peer.session != session_) return reject(of_peer.session);
    if (!options_.envoy || !of_peer.envoy || of_peer.envoy.node() != remote_.node()) return;
    send(options_.envoy, peer_introduced{options_.peer, report_.peer_incarnation, of_peer.envoy});
  }

  // -- away from a session

  void lost(const std::string& why) {
    BULWARK_INVARIANT(report_.up);
    spdlog::warn("link n{}: lost: {}", options_.peer, why);
    demonitor(remote_);
    remote_ = nullptr;
    report_.up = false;
    traffic_.close([this] { tell_subscribers(); });
    if (dials()) ask_for_door();
  }

  void was_reset(std::uint64_t session) {
    if (session != session_ || session == 0) return;
    if (report_.up) {
      lost("the peer does not know this session");
    } else if (dials()) {
      ask_for_door();
    }
  }

  /// Tells the sender of the current message that its session is over. Not for each of a whole backlog.
  void reject(std::uint64_t session) {
    const auto other_end = caf::actor_cast<caf::actor>(current_sender());
    if (!other_end || (session == rejected_ && now() - rejected_at_ < reset_every)) return;
    rejected_ = session;
    rejected_at_ = now();
    send(other_end, wire::reset{session});
  }

  void on_tick(std::uint64_t session) {
    if (!report_.up || session != session_) return;
    const auto late = now() - std::exchange(ticked_, now()) > keepalive_every;
    if (late)
      traffic_.hear(now());  // it is this process that stood still: what the peer said meanwhile waits
    if (now() - traffic_.heard_at() > silence_max) return lost("it is silent");
    for (std::size_t i = 0; i < link_channels; ++i) settle(i);
    if (now() - kept_alive_ >= keepalive_every) {
      kept_alive_ = now();
      send(remote_, wire::credit{session_, 0, 0, 0});
    }
    complain();
    delayed_send(this, tick_every, session_tick{session_});
  }

  void complain() {
    const auto dropped = report().dropped_credit;
    if (dropped == complained_ || now() - complained_at_ < complaint_every) return;
    spdlog::warn("link n{}: {} packets dropped, since the peer does not take what it was sent", options_.peer,
                 dropped - std::exchange(complained_, dropped));
    complained_at_ = now();
  }

  void tell_subscribers() {
    for (const auto& one : options_.subscribers)
      if (one) send(one, peer_link_state{options_.peer, report_.up});
    if (options_.envoy) send(options_.envoy, peer_link_state{options_.peer, report_.up});
  }

  // -- packets and credit

  [[nodiscard]] std::vector<wire::window> offered_windows() const {
    std::vector<wire::window> offered;
    for (const auto& window : options_.windows) offered.push_back({window.messages, window.bytes});
    return offered;
  }

  /// It came before the session was open, or behind such a one.
  void take(wire::packet& in) {
    if (!traffic_.take_queued(in, now())) reject(in.session);
  }

  /// Gives credit for what came in so far, once the subscriber has taken it.
  void settle(std::size_t channel) {
    const auto came_in = traffic_.settle(channel);
    if (came_in.messages == 0) return;
    const auto give_credit = [this, session = session_, channel, came_in] {
      if (!report_.up || session != session_) return;
      send(remote_,
           wire::credit{session_, static_cast<std::uint8_t>(channel), came_in.messages, came_in.bytes});
    };
    const auto& taker = options_.subscribers[channel];
    if (!taker) return give_credit();
    request(taker, caf::infinite, packets_taken{}).then(give_credit, [give_credit](caf::error&) {
      give_credit();
    });
  }

  [[nodiscard]] link_report report() const {
    auto result = report_;
    traffic_.add_to(result);
    return result;
  }

  const link_options options_;
  link_traffic traffic_;
  random_stream random_;
  link_report report_;         ///< `up` is the state of this link; without what traffic_ counts
  std::uint64_t session_ = 0;  ///< agreed on if up, else the one that was proposed last
  caf::actor remote_;          ///< meaningful if up

  instant ticked_{};      ///< when the last tick came
  instant kept_alive_{};  ///< when this side sent something just to be heard
  std::uint64_t rejected_ = 0;
  instant rejected_at_{};
  std::uint64_t complained_ = 0;  ///< drops that were logged
  instant complained_at_{};
};

}  // namespace

caf::actor spawn_link(caf::actor_system& system, link_options options) {
  BULWARK_INVARIANT(options.connector && options.peer != 0 && options.self.node != 0);
  BULWARK_INVARIANT(options.peer != options.self.node);
  return system.spawn<link>(std::move(options));
}

void add_link_messages(caf::actor_system_config& config) {
  config.add_message_types<caf::id_block::bulwark_links>();
  config.add_message_types<caf::id_block::bulwark_link_reports>();
}

}  // namespace bulwark
