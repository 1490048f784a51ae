// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>
#include <map>
#include <string>
#include <vector>

#include "bulwark/actors/service_actor.hpp"
#include "bulwark/supervision/core/pool_plan.hpp"
#include "bulwark/supervision/messages.hpp"

namespace bulwark {

/// Performs what a pool_plan decides about the workers of a supervisor and their router. Its own end puts
/// back in use who was on the way out, so that nobody is left drained.
class pool_sizer final : public service_actor {
 public:
  /// `supervisor`: the one whose child "workers" is the supervisor of the workers.
  pool_sizer(caf::actor_config& config, caf::actor router, const caf::actor& supervisor,
             const pool_rules& rules);

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "bulwark.pool_sizer"; }

 private:
  void find_workers();
  void look();
  void decide(const child_list& children, instant asked_at);
  [[nodiscard]] pool_view view_of(const child_list& children, instant asked_at);
  void set_drained(const std::string& id, bool on);

  void perform(const pool_plan::start_worker& effect);
  void perform(const pool_plan::drain& effect);
  void perform(const pool_plan::undrain& effect);
  void perform(const pool_plan::stop_worker& effect);
  void perform(const pool_plan::ready& effect);
  void perform(const pool_plan::resized& effect);

  const caf::actor router_;
  const caf::actor_addr supervisor_;  ///< weak, as it holds this one
  const duration period_;
  const duration answer_limit_;  ///< for each look
  pool_plan plan_;
  caf::actor workers_;                         ///< their supervisor; null: not found yet
  std::map<std::string, caf::actor> handles_;  ///< incarnations of the workers, when it looked last
  bool asking_ = false;
  bool asks_again_ = false;
};

}  // namespace bulwark
