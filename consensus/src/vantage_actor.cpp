// SPDX-License-Identifier: BSD-3-Clause
#include "vantage_actor.hpp"

#include <spdlog/spdlog.h>

#include <caf/all.hpp>
#include <utility>

#include "bulwark/actors/link.hpp"
#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "bulwark/consensus/messages.hpp"
#include "bulwark/supervision/core/suspicion_codec.hpp"

namespace bulwark::consensus {

namespace {

constexpr duration look_around_every = std::chrono::milliseconds{100};
const caf::duration replica_word_limit{std::chrono::seconds{2}};

struct vantage_tick {};

}  // namespace

}  // namespace bulwark::consensus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::vantage_tick)

namespace bulwark::consensus {

namespace {

/// Turns what the board and the replica show into events of a leader_vantage, and performs what it decides.
class vantage_actor final : public service_actor {
 public:
  vantage_actor(caf::actor_config& config, membership_options options)
      : service_actor{config}, options_{std::move(options)} {}

  const char* name() const override { return "bulwark.vantage"; }

  caf::behavior make_behavior() override {
    tick();
    return {[this](vantage_tick) { tick(); }, [this](const vantage_answer& said) { step(said.what); }};
  }

 private:
  void tick() {
    delayed_send(this, look_around_every, vantage_tick{});
    auto missed = members_missed();
    // Who watches all and misses nobody need not know whether it leads, unless it watches all because it
    // does.
    if (missed.empty() && watches_all() && !options_.board->leads()) return step(vantage::seen{});
    if (std::exchange(asks_replica_, true)) return;
    request(options_.replica, replica_word_limit, get_replica_status{})
        .then(
            [this, missed = std::move(missed)](const replica_report& is) {
              asks_replica_ = false;
              const bool leads = is.role == "leader";
              options_.board->set_leads(leads);
              step(vantage::seen{leads, missed, electors(is), members_heard()});
            },
            [this](const caf::error&) { asks_replica_ = false; });
  }

  [[nodiscard]] bool hears(std::uint32_t node) const {
    return options_.board->verdict(node) == peer_state::up;
  }

  template <class Condition>
  [[nodiscard]] std::vector<std::uint32_t> live_members_if(Condition holds) const {
    std::vector<std::uint32_t> found;
    const auto group = options_.board->latest();
    if (!group) return found;
    for (const auto& [node, one] : group->nodes().all())
      if (node != options_.self && one.is_live() && holds(node)) found.push_back(node);
    return found;
  }

  [[nodiscard]] bool watches_all() const {
    return live_members_if([this](std::uint32_t node) { return !options_.board->verdict(node); }).empty();
  }

  /// Of one that is not watched nothing is known; a leader watches all before long, see own_watch.
  [[nodiscard]] std::vector<std::uint32_t> members_missed() const {
    return live_members_if(
        [this](std::uint32_t node) { return options_.board->verdict(node) && !hears(node); });
  }

  [[nodiscard]] std::vector<std::uint32_t> members_heard() const {
    return live_members_if([this](std::uint32_t node) { return hears(node); });
  }

  [[nodiscard]] std::vector<std::uint32_t> electors(const replica_report& is) const {
    auto heard = is.voters;
    std::erase_if(heard, [this](std::uint32_t node) { return node == options_.self || !hears(node); });
    return heard;
  }

  void step(const vantage::event& what) {
    std::vector<vantage::effect> effects;
    vantage_.step(what, clock().now(), effects);
    for (const auto& one : effects) std::visit([this](const auto& effect) { perform(effect); }, one);
  }

  void perform(const vantage::ask& effect) {
    const auto link = options_.links.find(effect.helper);
    if (link == options_.links.end()) return;
    const observer_message question{observer_message_kind::ask, effect.subject, effect.number, false};
    send(link->second, peer_packet{effect.helper, membership_channel, encode(question)});
  }

  void perform(const vantage::hand_over& effect) {
    spdlog::warn("membership: n{} reaches more members than this leader; it is to lead", effect.to);
    request(options_.replica, replica_word_limit, transfer_leadership{effect.to})
        .then([](const transfer_result&) {}, [](const caf::error&) {});  // looked at again before long
  }

  const membership_options options_;
  leader_vantage vantage_{vantage_options{}};
  bool asks_replica_ = false;
};

}  // namespace

caf::actor spawn_vantage(caf::actor_system& system, membership_options options) {
  return system.spawn<vantage_actor>(std::move(options));
}

}  // namespace bulwark::consensus
