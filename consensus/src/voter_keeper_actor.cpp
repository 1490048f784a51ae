// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/voter_keeper_actor.hpp"

#include <spdlog/spdlog.h>

#include <caf/all.hpp>
#include <utility>

#include "bulwark/actors/service_actor.hpp"
#include "bulwark/consensus/core/configuration.hpp"
#include "bulwark/consensus/group_machine.hpp"
#include "bulwark/consensus/messages.hpp"
#include "bulwark/supervision/core/voter_keeper.hpp"

namespace bulwark::consensus {

namespace {

struct voters_look {};

}  // namespace

}  // namespace bulwark::consensus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::voters_look)

namespace bulwark::consensus {

namespace {

const caf::duration report_patience{std::chrono::seconds{1}};
const caf::duration change_patience{std::chrono::seconds{12}};

voter_keeper::node_health health_by(member_state state) {
  if (state == member_state::up) return voter_keeper::node_health::up;
  if (state == member_state::down || state == member_state::removed) return voter_keeper::node_health::down;
  return voter_keeper::node_health::doubtful;
}

class voter_keeper_actor final : public service_actor {
 public:
  voter_keeper_actor(caf::actor_config& config, voter_keeper_options options)
      : service_actor{config}, options_{std::move(options)}, keeper_{options_.patience} {}

  const char* name() const override { return "bulwark.voters"; }

  caf::behavior make_behavior() override {
    rest();
    return {[this](voters_look) { look(); }};
  }

 private:
  void rest() { delayed_send(this, options_.look_every, voters_look{}); }

  void look() {
    request(options_.replica, report_patience, get_replica_status{})
        .then([this](const replica_report& report) { weigh(report); }, [this](caf::error&) { rest(); });
  }

  void weigh(const replica_report& report) {
    const auto group = options_.board->latest();
    if (report.role != "leader" || !group) {
      keeper_.rest();
      return rest();
    }
    voter_keeper::situation now_is{{}, report.voters, report.learners};
    for (const auto& [node, one] : group->nodes().all()) now_is.nodes[node] = health_by(one.state);
    const auto change = keeper_.next(now_is, clock().now());
    if (!change) return rest();
    const auto kind = change->gone == 0 ? change_kind::add : change_kind::replace;
    const auto node = change->gone == 0 ? change->newcomer : change->gone;
    request(options_.replica, change_patience,
            change_group{static_cast<std::uint8_t>(kind), node, change->newcomer, {}})
        .then([this, what = *change](const group_change_result& result) { conclude(what, result); },
              [this](caf::error&) { rest(); });
  }

  void conclude(const voter_keeper::change& what, const group_change_result& result) {
    const change_outcome how{result.outcome};
    if (what.gone != 0)
      spdlog::warn("n{} stays down: n{} votes in its place: {}", what.gone, what.newcomer, to_string(how));
    rest();
  }

  const voter_keeper_options options_;
  voter_keeper keeper_;
};

}  // namespace

caf::actor spawn_voter_keeper(caf::actor_system& system, voter_keeper_options options) {
  return system.spawn<voter_keeper_actor>(std::move(options));
}

}  // namespace bulwark::consensus
