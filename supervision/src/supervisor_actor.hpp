// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bulwark/actors/reply_promise.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "bulwark/supervision/core/restart_plan.hpp"
#include "bulwark/supervision/events.hpp"
#include "bulwark/supervision/messages.hpp"
#include "bulwark/supervision/supervisor.hpp"
#include "event_feed.hpp"
#include "shared_rate.hpp"

namespace bulwark {

/// What a supervisor leaves that is killed: to whoever is above it, within one process.
struct orphans_left {
  struct orphan {
    std::string path;  ///< from the root
    caf::actor handle;
  };
  std::vector<orphan> alive;           ///< killed as well
  std::vector<std::string> abandoned;  ///< those that it did not wait for any more: paths from the root
};

/// Tells a supervisor that is about to be killed who takes its orphans, as its own parent is no more.
struct orphans_go_to {
  caf::actor heir;
};

/// Performs what a restart_plan decides about actors: turns messages into events of the plan and its effects
/// into spawns, exit messages and bindings of references. Never blocks.
class supervisor_actor final : public service_actor {
 public:
  supervisor_actor(caf::actor_config& config, supervisor_options options);

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "bulwark.supervisor"; }

  // Never change after construction, so that any thread may read them.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const event_sink& sink() const noexcept { return sink_; }
  [[nodiscard]] const std::shared_ptr<event_feed>& feed() const noexcept { return feed_; }
  [[nodiscard]] const std::shared_ptr<shared_rate>& rate() const noexcept { return rate_; }

  /// Tells the world of an event with its whole path. Any thread.
  void tell(const supervision_event& event) const;

 private:
  /// Who waits for a child to be started, or to be down.
  struct open_order {
    enum class kind : bool { start, terminate };

    kind what;
    reply_promise promise;
  };

  /// A child and its current incarnation, if it has one.
  struct member {
    std::shared_ptr<const child> what;  ///< of a pool: shared by all
    caf::actor ref{};                   ///< stable; null: it has none
    caf::actor current{};
    std::uint64_t generation = 0;
    std::uint64_t quarantined = 0;     ///< dead letters of its reference when it was bound
    caf::message arguments{};          ///< of a pool
    caf::message info{};               ///< of the last start
    std::vector<open_order> orders{};  ///< not yet answered
  };

  /// Who an address belongs to.
  struct incarnation {
    std::string id;
    std::uint64_t generation = 0;
  };

  [[nodiscard]] std::string path_of(const std::string& id) const;
  [[nodiscard]] instant now() const;
  void take(plan::event event);
  void settle_events();
  void perform_all(const std::vector<plan::effect>& effects);
  void set_timer();
  void on_down(const caf::down_msg& down);
  void on_exit_message(const caf::exit_msg& message);
  void on_orphans(const orphans_left& left);
  void leave_orphans();
  void report_abandoned();
  void on_ready();

  void perform(const plan::start_child& effect);
  void perform(const plan::stop_child& effect);
  void perform(const plan::kill_child& effect);
  void perform(const plan::abandoned& effect);
  void perform(const plan::check_progress& effect);
  void perform(const plan::child_gone& effect);
  void perform(const plan::publish& effect);
  void perform(const plan::all_ready& effect);
  void perform(const plan::gave_up& effect);
  void perform(const plan::stopped& effect);

  start_result run_start(const member& of, std::string& problem);
  void pass_over_failures(const member& of, const std::string& id);
  void answer_orders(member& of, const supervision_event& event);
  void answer_started(member& of, const std::string& id);
  void bind_reference(member& of, const std::string& id);
  void report_quarantine(const member& of, const std::string& id, const caf::error& reason);
  void let_go(member& of, bool for_good);

  using promised = caf::delegated<caf::message>;
  caf::message_handler orders();
  promised on(start_child& order);
  promised on(start_pool_child& order);
  promised on(const terminate_child& order);
  promised on(const restart_child& order);
  promised on(const delete_child& order);
  promised on(change_supervisor& order);
  promised on(const stop_tree& order);
  caf::result<caf::ok_atom> on(const subscribe_events& order);
  caf::result<caf::ok_atom> on(const unsubscribe_events& order);
  [[nodiscard]] child_list list_children() const;
  [[nodiscard]] caf::result<child_spec> find_spec(const std::string& id) const;

  caf::response_promise answer_tree(const get_tree& question);
  caf::response_promise answer_kill(const kill_child& order);
  [[nodiscard]] tree_node describe() const;

  const std::string name_;
  const std::string path_;
  const event_sink sink_;
  const std::shared_ptr<event_feed> feed_;   ///< of the whole tree
  const std::shared_ptr<shared_rate> rate_;  ///< of the whole tree; may be null
  const bool is_root_;                       ///< has no parent that is a supervisor of this process
  const caf::actor_addr parent_;             ///< weak, as the parent holds this one
  restart_plan plan_;
  const instant started_at_;
  std::shared_ptr<const child> template_;  ///< of a pool
  std::unordered_map<std::string, member> members_;
  std::unordered_map<caf::actor_addr, incarnation> incarnations_;
  std::unordered_map<caf::actor_addr, std::string> orphans_;  ///< paths from here; while it ends
  caf::actor_addr heir_;                                      ///< of its own orphans; weak
  std::deque<plan::event> events_;                            ///< happened while effects are performed
  bool stepping_ = false;
  std::optional<instant> timer_;
  std::uint64_t timer_number_ = 0;
  std::vector<std::string> abandoned_;        ///< while it ends: paths, of its own tree
  std::vector<reply_promise> stop_requests_;  ///< who wants to know about them
  caf::error last_words_;                     ///< the reason to end with once all children are down
};

}  // namespace bulwark

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::orphans_left)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::orphans_go_to)
