// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bulwark/actors/core/backoff.hpp"
#include "bulwark/actors/core/random.hpp"
#include "bulwark/supervision/core/child_spec.hpp"
#include "bulwark/supervision/core/plan_events.hpp"
#include "bulwark/supervision/core/restart_budget.hpp"

namespace bulwark {

/// Where a child is in its life.
enum class child_state : std::uint8_t {
  waiting,   ///< down; is to be started: awaits its turn or the end of a delay
  starting,  ///< started, not yet ready
  up,        ///< serves
  stopping,  ///< was asked to stop
  down,      ///< is not wanted: terminated, or ended and not to be restarted
};

/// Why an operation was refused.
enum class plan_error : std::uint8_t {
  none,
  invalid_spec,
  not_found,
  already_started,  ///< a child with this id exists and is not down
  already_present,  ///< a child with this id exists and is down
  running,          ///< it must be terminated first
  restarting,       ///< it is about to be started
  ending,           ///< the supervisor ends
};

/// One child as it is now.
struct child_view {
  std::string id;
  child_type type = child_type::worker;
  restart_type restart = restart_type::permanent;
  child_state state = child_state::down;
  std::uint64_t generation = 0;  ///< of the current or last incarnation; 0 before the first
  std::uint64_t restarts = 0;
  std::string last_reason;  ///< why it ended last; empty if it never did
  instant since{};          ///< ready since then; meaningful if up
};

/// As supervisor:count_children of OTP.
struct child_counts {
  std::size_t specs = 0, active = 0, supervisors = 0, workers = 0;
  friend bool operator==(const child_counts&, const child_counts&) = default;
};

/// Decides what a supervisor does: which child is started, stopped, killed or given up, and when.
///
/// Follows the supervisor of Erlang/OTP, with these differences: no step waits for anything; a child can be
/// ready later than started; restarts after the first are delayed (back-off); a child that outlives its kill
/// is abandoned instead of waited for. One plan serves actors and processes alike: it knows ids and
/// generations, not what is behind them.
///
///     waiting --start_child--> starting --child_ready--> up --stop_child / kill_child--> stopping
///     --child_exited--> waiting | down
///        ^------ failed attempt ------'                  '---- child_exited: restart type, strategy, budget
///        ----> waiting | down
///
/// Owner:      one supervisor actor or one launcher; not thread-safe
/// Invariants: (1) at most one incarnation of a child is alive, except abandoned ones
///             (2) within an ordered start a child starts only when all before it are ready; ordered stops
///             run in reverse, one at a time (3) exactly one of `gave_up` and `stopped` comes, as the last
///             effect of all
/// Time:       the caller passes `now`; never goes back. Call step(tick) at next_wakeup() at the latest
/// Errors:     events of old generations and of unknown ids are ignored
/// Cost:       O(log children) per event, O(children) for one that concerns a group; O(1) for the budget
class restart_plan {
 public:
  /// The flags and specs must be valid, see validate(). The seed drives the jitter of delays only.
  restart_plan(const supervisor_flags& flags, std::vector<child_spec> children, std::uint64_t seed);

  /// Takes one event and appends what is to be done.
  void step(const plan::event& event, instant now, std::vector<plan::effect>& effects);

  /// When step(tick) is due at the latest; nothing if only events can change anything.
  [[nodiscard]] std::optional<instant> next_wakeup() const;

  // -- dynamic children: as in OTP, but without waiting -------------------------------------------

  /// Adds a child at the end and starts it. If its first start fails it is dropped again, at no charge.
  [[nodiscard]] plan_error start_child(child_spec spec, instant now, std::vector<plan::effect>& effects);

  /// Stops a child and leaves it down.
  [[nodiscard]] plan_error terminate_child(std::string_view id, instant now,
                                           std::vector<plan::effect>& effects);

  /// Starts a child that is down.
  [[nodiscard]] plan_error restart_child(std::string_view id, instant now,
                                         std::vector<plan::effect>& effects);

  /// Forgets a child that is down.
  [[nodiscard]] plan_error delete_child(std::string_view id, std::vector<plan::effect>& effects);

  // -- inspection ---------------------------------------------------------------------------------

  /// All children in start order.
  [[nodiscard]] std::vector<child_view> which_children() const;
  [[nodiscard]] std::optional<child_view> find_child(std::string_view id) const;
  [[nodiscard]] child_counts count_children() const;
  [[nodiscard]] const supervisor_flags& flags() const noexcept { return flags_; }

  /// True once the plan only ends: stop_all came, or it gave up.
  [[nodiscard]] bool ending() const noexcept { return phase_ >= phase::ending; }

 private:
  enum class phase : std::uint8_t { idle, starting, running, ending, ended };

  /// Place in the start order; never reused, so that children can come and go.
  using position = std::uint64_t;

  struct entry {
    child_spec spec;
    backoff delay;
    position at = 0;
    child_state state = child_state::down;
    bool wanted = false;   ///< is to be up, now or after its stop
    bool dynamic = false;  ///< added at run time
    bool served = false;   ///< was ready at least once
    bool killing = false;  ///< stopping, and the kill was issued
    std::string fault;     ///< stopping because this start failed, for this reason
    std::uint64_t generation = 0;
    std::uint64_t restarts = 0;
    std::string last_reason;
    std::uint32_t failures = 0;  ///< since it was last healthy
    instant not_before{};        ///< waiting: no start before
    instant started_at{};
    instant ready_at{};
    std::optional<instant> failed_at;  ///< when the exit was seen from which it is recovering
    std::optional<instant> timer;      ///< its place in timers_
  };

  /// One step in progress.
  struct turn {
    instant now;
    std::vector<plan::effect>& effects;
  };

  static child_view view(const entry& child);
  entry* find(std::string_view id);
  entry* incarnation(const std::string& id, std::uint64_t generation);
  entry& append(child_spec spec);
  void drop(entry& child);
  void set_timer(entry& child, instant due);
  void clear_timer(entry& child);

  void on(const plan::start_all&, turn& now);
  void on(const plan::child_ready& event, turn& now);
  void on(const plan::start_failed& event, turn& now);
  void on(const plan::child_exited& event, turn& now);
  void on(const plan::stop_all&, turn& now);
  void on(const plan::terminate& event, turn& now);
  void on(const plan::restart& event, turn& now);
  void on(const plan::tick&, turn& now);

  void on_due(entry& child, turn& now);
  void attempt_failed(entry& child, const exit_status& reason, turn& now);
  void exited_by_itself(entry& child, const exit_status& reason, turn& now);
  void exited_while_stopping(entry& child, event_kind how, const exit_status& reason, turn& now);
  void terminate(entry& child, turn& now);
  void restart(entry& child, turn& now);

  enum class first_retry : bool { immediate, delayed };
  void recover(entry& child, first_retry when, turn& now);
  void take_along(const entry& failed);
  void went_down(entry& child);
  void settle(entry& child, turn& now);
  void start(entry& child, turn& now);
  void begin_stop(entry& child, turn& now);
  void kill(entry& child, turn& now);
  void give_up(const std::string& reason, turn& now);
  void begin_end();

  void progress(turn& now);
  void progress_starts(turn& now);
  void publish(const entry& child, event_kind kind, exit_status reason, turn& now) const;

  supervisor_flags flags_;
  restart_budget budget_;
  random_stream random_;
  phase phase_ = phase::idle;
  std::string gave_up_;  ///< why; if not empty the end is `gave_up` instead of `stopped`
  position next_position_ = 0;
  std::map<position, entry> children_;
  std::unordered_map<std::string, position> by_id_;
  std::set<position> starts_;  ///< take part in an ordered start and are not ready yet
  std::set<position> stops_;   ///< take part in an ordered stop and are not down yet
  std::set<std::pair<instant, position>> timers_;
};

[[nodiscard]] const char* to_string(child_state state) noexcept;
[[nodiscard]] const char* to_string(plan_error error) noexcept;

}  // namespace bulwark
