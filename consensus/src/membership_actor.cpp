// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/membership_actor.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <caf/all.hpp>
#include <future>
#include <optional>
#include <random>
#include <utility>

#include "bulwark/actors/link.hpp"
#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "bulwark/consensus/group_machine.hpp"
#include "bulwark/consensus/messages.hpp"
#include "bulwark/supervision/core/suspicion.hpp"
#include "bulwark/supervision/core/suspicion_codec.hpp"
#include "vantage_actor.hpp"

namespace bulwark::consensus {

namespace {

struct verdict_changed {
  peer_change what;
};
struct group_changed {};
struct membership_tick {};
struct leave_wanted {
  std::shared_ptr<std::promise<void>> done;
};

}  // namespace

}  // namespace bulwark::consensus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::verdict_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::group_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::membership_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::leave_wanted)

namespace bulwark::consensus {

namespace {

using namespace std::chrono_literals;

/// Between two attempts to say what shows no effect.
constexpr duration say_again = 500ms;
const caf::duration submit_limit{std::chrono::seconds{2}};

class membership_actor final : public service_actor {
 public:
  membership_actor(caf::actor_config& config, membership_options options)
      : service_actor{config}, options_{std::move(options)} {
    begin_life();
  }

  const char* name() const override { return "bulwark.membership"; }

  caf::behavior make_behavior() override {
    vantage_ = spawn_vantage(system(), options_);
    link_to(vantage_);
    look();
    tick();
    return {[this](membership_tick) { tick(); },
            [this](group_changed) { look(); },
            [this](const verdict_changed& verdict) { take(verdict.what); },
            [this](const peer_packet& packet) { take(packet); },
            [](const peer_link_state&) {},  // the detector tells, too
            [this](const leave_wanted& wanted) { leave(wanted); }};
  }

 private:
  instant now() { return clock().now(); }

  [[nodiscard]] node_life life() const { return {options_.self, options_.board->incarnation()}; }

  void begin_life() {
    observer_.emplace(suspicion_options{}, life(), std::random_device{}());
    said_.reset();
  }

  // -- the group

  /// This node as the group knows it; null if the group knows no such life.
  [[nodiscard]] const member* self() const {
    const auto* known = group_ ? group_->nodes().find(options_.self) : nullptr;
    return known && known->life == life() ? known : nullptr;
  }

  void look() {
    group_ = options_.board->latest();
    if (!group_) return;
    const auto* known = group_->nodes().find(options_.self);
    if (known && is_over(*known) && !leaving_) return rejoin(*known);
    if (leaving_ && (!self() || !self()->is_live())) return;
    show_view();
    say_what_is_due();
  }

  [[nodiscard]] bool is_over(const member& known) const {
    return known.life.incarnation > life().incarnation || (known.life == life() && !known.is_live());
  }

  void rejoin(const member& known) {
    options_.board->begin_life(known.life.incarnation + 1);
    spdlog::warn("membership: the group holds {} for over; this node joins again as {}",
                 to_string(known.life), to_string(life()));
    begin_life();
    say_what_is_due();
  }

  void show_view() {
    const auto& nodes = group_->nodes();
    observing::viewed view;
    std::vector<std::uint32_t> others;
    for (const auto& [node, one] : nodes.all())
      if (one.is_live() && node != options_.self) others.push_back(node);
    view.others = std::make_shared<const std::vector<std::uint32_t>>(std::move(others));
    if (const auto* me = self(); me && me->state == member_state::suspect) view.suspect_in_round = me->round;
    std::map<std::uint32_t, instant> watched;
    for (const auto subject : nodes.subjects_of(options_.self)) {
      const auto& one = *nodes.find(subject);
      const auto said = one.accusers.find(options_.self);
      view.subjects.push_back({one.life, one.round, said != one.accusers.end() && said->second == one.round});
      const auto before = watched_.find(subject);
      watched.emplace(subject, before == watched_.end() ? now() : before->second);
    }
    watched_ = std::move(watched);
    observe(view);
  }

  void tell(const members::command& what) {
    request(options_.replica, submit_limit,
            submit{static_cast<std::uint8_t>(request_kind::write), group_request(what)})
        .then([this](const consensus::submit_result& result) { take(result); }, [](const caf::error&) {});
  }

  void take(const consensus::submit_result& result) {
    if (result.outcome == static_cast<std::uint8_t>(outcome::overloaded)) return;
    if (result.outcome != static_cast<std::uint8_t>(outcome::done)) {
      said_.reset();
      return observe(observing::untaken{});
    }
    const auto said = decode_group_result(result.reply);
    const auto* about = said ? std::get_if<membership_result>(&*said) : nullptr;
    if (!about || about->error == membership_error::none) return;
    spdlog::debug("membership: {}", to_string(about->error));
  }

  // -- what this node has to say of itself

  void say_what_is_due() {
    const auto what = due();
    if (!what || (said_ == what && now() - said_at_ < say_again)) return;
    said_ = what;
    said_at_ = now();
    tell(*what);
  }

  [[nodiscard]] std::optional<members::command> due() const {
    const auto* me = self();
    if (leaving_) {
      if (me && me->is_live()) return members::leave{life()};
      return std::nullopt;
    }
    if (!me) return members::join{life(), options_.address, options_.roles};
    const auto phase = options_.phase();
    if (phase == member_phase::up && !me->ready) return members::ready{life()};
    if (phase == member_phase::draining && !me->draining) return members::drain{life()};
    return std::nullopt;
  }

  void leave(const leave_wanted& wanted) {
    leaving_ = wanted.done;
    tick_leaving();
  }

  void tick_leaving() {
    if (!leaving_) return;
    say_what_is_due();
    if (self() && self()->is_live()) return;
    if (!std::exchange(left_, true)) leaving_->set_value();
  }

  // -- evidence

  void tick() {
    delayed_send(this, suspicion_options{}.tick, membership_tick{});
    if (leaving_) return tick_leaving();
    say_what_is_due();
    // Whoever it never heard, or has begun to watch while silent, gets as long as the detector gives at most.
    const auto grace = options_.interval + 4 * options_.timeout;
    for (const auto& [subject, since] : watched_)
      if (now() - std::max(since, options_.board->hearing_since()) >= grace &&
          options_.board->verdict(subject) != peer_state::up)
        observe(observing::silent{subject});
    observe(observing::tick{});
  }

  void take(const peer_change& change) {
    if (change.to == peer_state::up)
      observe(observing::heard{change.peer});
    else
      observe(observing::silent{change.peer});
  }

  void take(const peer_packet& packet) {
    const auto link = options_.links.find(packet.peer);
    const auto what = decode_observer_message(packet.bytes);
    if (packet.channel != membership_channel || link == options_.links.end() || !what) return;
    switch (what->what) {
      case observer_message_kind::ask:
        return observe(observing::asked{packet.peer, what->subject, what->number});
      case observer_message_kind::answer:
        if (what->number & leader_vantage::mark)
          return send(vantage_, vantage_answer{{packet.peer, what->subject, what->number, what->reached}});
        return observe(observing::answered{what->subject, what->number, what->reached});
      case observer_message_kind::probe: return say(packet.peer, {.what = observer_message_kind::echo});
      case observer_message_kind::echo: return observe(observing::heard{packet.peer});
    }
  }

  void observe(const observing::event& what) {
    std::vector<observing::effect> effects;
    observer_->step(what, now(), effects);
    for (const auto& one : effects) std::visit([&](const auto& effect) { perform(effect); }, one);
  }

  void perform(const observing::ask& effect) {
    say(effect.helper, {observer_message_kind::ask, effect.subject, effect.number, false});
  }
  void perform(const observing::probe& effect) { say(effect.node, {.what = observer_message_kind::probe}); }
  void perform(const observing::answer& effect) {
    say(effect.observer, {observer_message_kind::answer, effect.subject, effect.number, effect.reached});
  }
  void perform(const observing::tell& effect) {
    if (!leaving_) tell(effect.what);
  }

  void say(std::uint32_t node, const observer_message& what) {
    const auto link = options_.links.find(node);
    if (link != options_.links.end()) send(link->second, peer_packet{node, membership_channel, encode(what)});
  }

  const membership_options options_;
  caf::actor vantage_;
  std::shared_ptr<const membership_group> group_;
  std::optional<suspicion> observer_;
  std::map<std::uint32_t, instant> watched_;  ///< since when
  std::optional<members::command> said_;      ///< of itself, latest
  instant said_at_{};
  std::shared_ptr<std::promise<void>> leaving_;
  bool left_ = false;
};

}  // namespace

caf::actor spawn_membership(caf::actor_system& system, membership_options options) {
  return system.spawn<membership_actor>(std::move(options));
}

void tell_verdict(const caf::actor& membership, const peer_change& change) {
  caf::anon_send(membership, verdict_changed{change});
}

void tell_group_changed(const caf::actor& membership) { caf::anon_send(membership, group_changed{}); }

void leave_group(const caf::actor& membership, duration patience) {
  auto done = std::make_shared<std::promise<void>>();
  auto left = done->get_future();
  caf::anon_send(membership, leave_wanted{std::move(done)});
  left.wait_for(patience);
}

}  // namespace bulwark::consensus
