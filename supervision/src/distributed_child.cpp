// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/distributed_child.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <caf/all.hpp>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "bulwark/actors/stable_ref.hpp"
#include "bulwark/supervision/core/placement_word.hpp"
#include "services_messages.hpp"
#include "services_state.hpp"

namespace bulwark {

namespace {

const caf::duration keeper_word_limit{std::chrono::seconds{2}};
/// How long a keeper that is stopped waits for the group to hear that the name is free.
constexpr duration farewell_limit = std::chrono::seconds{2};

struct keeper_tick {};

}  // namespace

}  // namespace bulwark

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::keeper_tick)

namespace bulwark {

namespace {

/// Turns messages into events of the placement_runner, and performs what it decides.
class child_keeper final : public service_actor {
 public:
  child_keeper(caf::actor_config& config, std::shared_ptr<services_state> state,
               std::shared_ptr<const distributed_child_options> options)
      : service_actor{config},
        state_{std::move(state)},
        options_{std::move(options)},
        name_{placement::child_name(options_->name)},
        first_start_{state_->next_start()},
        runner_{numbered(options_->runner, first_start_)},
        word_{{options_->name, options_->role, options_->node}, options_->runner.say_again} {}

  const char* name() const override { return "bulwark.child_keeper"; }

  caf::behavior make_behavior() override {
    set_exit_handler([this](caf::exit_msg& why) { leave(why.reason); });
    set_down_handler([this](caf::down_msg& down) { ended(down.source); });
    state_->listen(caf::actor{this});
    state_->add_keeper(options_->name);
    // A keeper that was killed may have left a tree behind that is about to end.
    if (const auto before = state_->last_tree(options_->name)) {
      waits_for_ = before.address();
      monitor(before);
    }
    tick();
    return {[this](keeper_tick) { tick(); }, [this](group_moved) { look(); }, [](const child_ready&) {}};
  }

  void on_exit() override {
    state_->unlisten(address());
    state_->remove_keeper(options_->name);
    if (permit_) permit_->end();
    if (tree_) {
      state_->withdraw(name_, served_, false);
      kill_now(std::exchange(tree_, {}));
    }
    close_own_ref();
  }

 private:
  static runner_options numbered(runner_options options, std::uint64_t first) {
    options.first_start = first;
    return options;
  }

  instant now() { return clock().now(); }

  void tick() {
    delayed_send(this, options_->runner.stop_within / 4, keeper_tick{});
    look();
  }

  // -- what the group says

  void look() {
    if (waits_for_) {
      if (leaving_ && now() >= leave_by_) quit(*leaving_);
      return;
    }
    group_ = state_->options().group.latest();
    const auto life = state_->options().group.life();
    bool here = false;
    if (group_) {
      const auto seen = placement_word::look(*group_, options_->name, life);
      here = seen.child != nullptr && seen.child->at == life;
      // Declined only when the name is free, so that whoever gets the child can claim it at once.
      const bool is_willing = !leaving_ || !runner_.is_idle();
      if (const auto what = word_.due(seen, is_willing, now())) tell(*what, [](const group_result&) {});
      const auto* held = group_->names().whereis(name_);
      if (std::exchange(is_held_, held && held->owner != life) && !held) step(running::vacated{});
    }
    const bool runs_here = here && !leaving_;
    if (runs_here != std::exchange(here_, runs_here)) step(running::assigned{runs_here});
    step(running::tick{});
    // What belongs here moves only once the group has heard that it does not run here any more.
    const bool holds_nothing = !owes_release() && runner_.is_idle() && !here;
    if (leaving_ && (holds_nothing || (!tree_ && now() >= leave_by_))) quit(*leaving_);
  }

  /// A keeper before this one may have ended without giving the name up. If the child belonged here, this one
  /// would claim the name for itself; else nobody would ever give it up while the node lives.
  bool owes_release() {
    const auto* held = group_ ? group_->names().whereis(name_) : nullptr;
    if (!held || held->owner != state_->options().group.life() || held->start >= first_start_) return false;
    if (runner_.is_idle() && now() >= next_release_) {
      next_release_ = now() + options_->runner.say_again;
      perform(running::release{held->token});
    }
    return true;
  }

  template <class Then>
  void tell(group_command what, Then then) {
    request(state_->options().group.speaker, keeper_word_limit, group_order{std::move(what)})
        .then([then](const group_answer& answer) { then(answer.result); },
              [](const caf::error&) {});  // said again when it is due
  }

  // -- what the runner decides

  void step(const running::event& what) {
    std::vector<running::effect> effects;
    runner_.step(what, now(), effects);
    for (const auto& one : effects) std::visit([this](const auto& effect) { perform(effect); }, one);
    if (!permit_) return;
    if (runner_.may_act(now()))
      permit_->extend(runner_.acts_until());
    else
      permit_->end();
  }

  void perform(const running::claim& effect) {
    const auto asked = now();
    tell(names::command{names::claim{name_, state_->options().group.life(), effect.start}},
         [this, asked](const group_result& result) {
           const auto* said = std::get_if<registry_result>(&result);
           if (!said) return;
           if (said->error == registry_error::none) granted_start_ = said->entry.start;
           step(running::claimed{*said, asked});
         });
  }

  void perform(const running::settle& effect) {
    tell(names::command{names::settled{name_, effect.token}}, [](const group_result&) {});
  }

  void perform(const running::confirm& effect) {
    const auto asked = now();
    request(state_->options().group.speaker, keeper_word_limit, token_question{name_, effect.token})
        .then(
            [this, asked, token = effect.token](const token_holds& holds) {
              step(running::confirmed{token, holds.yes, asked});
            },
            [](const caf::error&) {});  // asked again until the lease ends
  }

  void perform(const running::release& effect) {
    tell(names::command{names::release{name_, effect.token}},
         [this, token = effect.token](const group_result&) { step(running::released{token}); });
  }

  void perform(const running::start& effect) {
    permit_ = std::make_shared<run_permit>(effect.token);
    permit_->extend(runner_.acts_until());
    auto ref = start_tree();
    if (!tree_) return;
    spdlog::info("distributed child {}: runs here, token {}", options_->name, effect.token);
    served_ = granted_start_;
    state_->serve(name_, served_, ref);
  }

  /// The reference to the child; without a tree it could not be started.
  caf::actor start_tree() {
    try {
      auto one = options_->make(permit_);
      if (!one.ref) one.ref = own_ref_ = make_stable_ref(system(), {.name = name_});
      one.spec.shutdown = bounded(one.spec.shutdown);
      auto ref = one.ref;
      supervisor_options above{.name = options_->name, .flags = options_->flags};
      above.children.push_back(std::move(one));
      above.sink = options_->sink;
      above.parent = caf::actor{this};
      tree_ = spawn_supervisor(system(), std::move(above));
      monitor(tree_);
      state_->keep_tree(options_->name, tree_);
      return ref;
    } catch (const std::exception& problem) {
      spdlog::error("distributed child {}: cannot be started: {}", options_->name, problem.what());
      caf::anon_send(caf::actor{this}, caf::down_msg{caf::actor_addr{}, {}});
      return {};
    }
  }

  [[nodiscard]] shutdown_policy bounded(shutdown_policy wanted) const {
    const auto limit = options_->runner.stop_within / 2;
    if (wanted.how == shutdown_policy::manner::brutal_kill) return wanted;
    if (wanted.how == shutdown_policy::manner::infinity) return shutdown_policy::within(limit);
    return shutdown_policy::within(std::min(wanted.limit, limit));
  }

  /// From now on nothing comes in that would be lost with the child: who asks here or elsewhere waits for the
  /// next one. What it has it may still handle.
  void perform(const running::stop&) {
    if (!tree_) return;
    state_->withdraw(name_, served_, false);
    state_->fences().fence_off_all(name_);
    if (const auto ref = state_->find_reference(name_)) unbind(ref);
    ask_to_stop(tree_);
  }

  void ended(const caf::actor_addr& who) {
    if (waits_for_ && who == waits_for_) {
      waits_for_ = nullptr;
      return look();
    }
    if (tree_ ? who != tree_.address() : static_cast<bool>(who)) return;
    tree_ = nullptr;
    if (permit_) std::exchange(permit_, nullptr)->end();
    state_->withdraw(name_, served_, false);
    close_own_ref();
    step(running::stopped{});
  }

  /// The next grant gets another one. Other nodes may know it, so it must not live on.
  void close_own_ref() {
    if (own_ref_) close(std::exchange(own_ref_, {}), caf::make_error(caf::exit_reason::unreachable));
  }

  /// Its supervisor stops it: the child stops first, or what a keeper before left of it, then the name is
  /// given up.
  void leave(const caf::error& reason) {
    if (leaving_) return;
    leaving_ = reason;
    leave_by_ = now() + farewell_limit;
    look();
  }

  const std::shared_ptr<services_state> state_;
  const std::shared_ptr<const distributed_child_options> options_;
  const std::string name_;  ///< that it is registered under
  const std::uint64_t first_start_;
  placement_runner runner_;
  placement_word word_;
  std::shared_ptr<const membership_group> group_;
  bool here_ = false;
  bool is_held_ = false;    ///< the name, by another node
  instant next_release_{};  ///< of what a keeper before this one held
  std::uint64_t granted_start_ = 0;
  std::uint64_t served_ = 0;  ///< start under which the services know it
  permit_ptr permit_;
  caf::actor tree_;
  caf::actor own_ref_;  ///< made here, for the child that runs
  caf::actor_addr waits_for_;
  std::optional<caf::error> leaving_;
  instant leave_by_{};
};

}  // namespace

std::string distributed_child_options::validate() const {
  if (name.empty() || name.size() > 240)
    return "its name has " + std::to_string(name.size()) + " bytes; expected 1 to 240";
  if (name.find('/') != std::string::npos) return "its name has a '/'; expected none";
  if (role.size() > 64) return "its role has " + std::to_string(role.size()) + " bytes; expected at most 64";
  if (!make) return "there is nothing that makes it; expected a function";
  if (auto problem = runner.validate(); !problem.empty()) return problem;
  return flags.validate();
}

child distributed_child(const services& where, distributed_child_options options) {
  if (const auto problem = options.validate(); !problem.empty())
    throw std::invalid_argument{"distributed child " + options.name + ": " + problem};
  const auto shared = std::make_shared<const distributed_child_options>(std::move(options));
  child made;
  made.spec.id = shared->name;
  made.spec.delays = {.initial = std::chrono::milliseconds{50}, .max = std::chrono::seconds{2}};
  made.spec.shutdown = shutdown_policy::within(shared->runner.stop_within + farewell_limit * 2);
  made.start = [state = where.state(), shared](caf::actor_system& system, const caf::actor&) {
    return system.spawn<child_keeper>(state, shared);
  };
  return made;
}

void report_node_load(const services& where, std::uint32_t permille) {
  const auto& group = where.state()->options().group;
  caf::anon_send(group.speaker, group_order{placing::command{placing::report_load{group.life(), permille}}});
}

}  // namespace bulwark
