// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
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
  parked,    ///< the same, after too many restarts
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
  already_started,     ///< a child with this id exists and is not down
  already_present,     ///< a child with this id exists and is down
  running,             ///< it must be terminated first
  restarting,          ///< it is about to be started
  ending,              ///< the supervisor ends
  simple_one_for_one,  ///< not with this strategy, or only with it
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
/// is abandoned instead of waited for; policies by child that OTP does not have (rules by error, own limits,
/// parking, dependencies, progress) do nothing unless a spec asks for them. One plan serves actors and
/// processes alike: it knows ids and generations, not what is behind them.
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
/// Bounds:     8 bytes per restart that may lie in a window, see intensity_max
class restart_plan {
 public:
  /// The flags and specs must be valid, see validate(). The seed drives the jitter of delays only.
  /// `draw_token` is asked before each start that follows a failure when that may be, see
  /// restart_rate::reserve; empty: at once.
  restart_plan(const supervisor_flags& flags, std::vector<child_spec> children, std::uint64_t seed,
               std::function<instant(instant)> draw_token = {});

  /// Takes one event and appends what is to be done.
  void step(const plan::event& event, instant now, std::vector<plan::effect>& effects);

  /// When step(tick) is due at the latest; nothing if only events can change anything.
  [[nodiscard]] std::optional<instant> next_wakeup() const;

  // -- dynamic children: as in OTP, but without waiting -------------------------------------------

  /// Adds a child at the end and starts it. If its first start fails it is dropped again, at no charge. Not
  /// for simple_one_for_one.
  [[nodiscard]] plan_error start_child(child_spec spec, instant now, std::vector<plan::effect>& effects);

  /// Adds one more child of the template, "template:1", "template:2", …; its id comes back, or nothing if the
  /// supervisor ends. simple_one_for_one only; call it after start_all.
  [[nodiscard]] std::optional<std::string> start_pool_child(instant now, std::vector<plan::effect>& effects);

  /// Stops a child and leaves it down. One of a pool is dropped; to do that twice is no error.
  [[nodiscard]] plan_error terminate_child(std::string_view id, instant now,
                                           std::vector<plan::effect>& effects);

  /// Starts a child that is down, at no charge. If that fails it stays down. Not for simple_one_for_one.
  [[nodiscard]] plan_error restart_child(std::string_view id, instant now,
                                         std::vector<plan::effect>& effects);

  /// Forgets a child that is down.
  [[nodiscard]] plan_error delete_child(std::string_view id, std::vector<plan::effect>& effects);

  /// Replaces the flags and the specs of children that exist, from now on; adds the others, down; keeps those
  /// that are not named. What is wrong comes back, and then nothing has changed. As OTP's code_change.
  [[nodiscard]] std::string change(const supervisor_flags& flags, std::vector<child_spec> specs);

  // -- inspection ---------------------------------------------------------------------------------

  /// All children in start order.
  [[nodiscard]] std::vector<child_view> which_children() const;
  [[nodiscard]] std::optional<child_view> find_child(std::string_view id) const;
  [[nodiscard]] child_counts count_children() const;
  /// The spec of a child, or of the template by its own id; nullptr if there is none. Valid until the next
  /// change.
  [[nodiscard]] const child_spec* find_spec(std::string_view id) const;
  [[nodiscard]] const supervisor_flags& flags() const noexcept { return flags_; }

  /// True once the plan only ends: stop_all came, or it gave up.
  [[nodiscard]] bool ending() const noexcept { return phase_ >= phase::ending; }

 private:
  enum class phase : std::uint8_t { idle, starting, running, ending, ended };

  /// Place in the start order; never reused, so that children can come and go.
  using position = std::uint64_t;

  struct entry {
    std::string id;
    std::shared_ptr<const child_spec> spec;  ///< of a pool: shared by all
    backoff delay;
    position at = 0;
    child_state state = child_state::down;
    bool wanted = false;   ///< is to be up, now or after its stop
    bool dynamic = false;  ///< added at run time
    bool served = false;   ///< its first start came through
    bool killing = false;  ///< stopping, and the kill was issued
    bool parked = false;   ///< waiting, after too many restarts
    bool once = false;     ///< starting, and not to be tried again if that fails
    std::string fault;     ///< stopping because this start failed, for this reason
    std::uint64_t generation = 0;
    std::uint64_t restarts = 0;
    std::string last_reason;
    exit_kind last_kind = exit_kind::normal;
    std::uint32_t failures = 0;  ///< since it was last healthy
    instant not_before{};        ///< waiting: no start before
    instant started_at{};
    instant ready_at{};
    std::uint64_t progress = 0;           ///< up, with a progress limit: as last seen
    instant progress_at{};                ///< when that was seen for the first time
    std::optional<instant> failed_at;     ///< when the exit was seen from which it is recovering
    std::optional<instant> token;         ///< of the restart rate, for its next restart: valid from then on
    std::optional<instant> timer;         ///< its place in timers_
    std::unique_ptr<restart_budget> own;  ///< if its spec has a limit of its own
  };

  /// One step in progress.
  struct turn {
    instant now;
    std::vector<plan::effect>& effects;
  };

  static child_view view(const entry& child);
  entry* find(std::string_view id);
  entry* incarnation(const std::string& id, std::uint64_t generation);
  entry& append(std::string id, std::shared_ptr<const child_spec> spec);
  void adopt(entry& child, std::shared_ptr<const child_spec> spec);
  void begin_dynamic(entry& child, instant now, std::vector<plan::effect>& effects);
  [[nodiscard]] bool was_of_pool(std::string_view id) const;
  void drop(entry& child);
  void set_timer(entry& child, instant due);
  void clear_timer(entry& child);

  void on(const plan::start_all&, turn& now);
  void on(const plan::child_ready& event, turn& now);
  void on(const plan::start_failed& event, turn& now);
  void on(const plan::start_ignored& event, turn& now);
  void on(const plan::child_resumed& event, turn& now);
  void on(const plan::message_quarantined& event, turn& now);
  void on(const plan::progress_seen& event, turn& now);
  void on(const plan::child_exited& event, turn& now);
  void on(const plan::orphaned& event, turn& now);
  void on(const plan::orphan_ended& event, turn& now);
  void on(const plan::stop_all& event, turn& now);
  void on(const plan::terminate& event, turn& now);
  void on(const plan::restart& event, turn& now);
  void on(const plan::tick&, turn& now);

  void on_due(entry& child, turn& now);
  void on_deadline(turn& now);
  void attempt_failed(entry& child, const exit_status& reason, turn& now);
  void exited_by_itself(entry& child, const exit_status& reason, turn& now);
  void failed(entry& child, const exit_status& reason, turn& now);
  void ended_for_good(entry& child, turn& now);
  void exited_while_stopping(entry& child, event_kind how, const exit_status& reason, turn& now);
  void terminate(entry& child, turn& now);
  void restart(entry& child, turn& now);

  enum class first_retry : bool { immediate, delayed };
  void recover(entry& child, first_retry when, turn& now);
  std::string charge(entry& child, instant now);
  void exceeded(entry& child, const std::string& what, turn& now);
  void retry(entry& child, turn& now);
  void take_along(const entry& failed);
  void went_down(entry& child);
  void settle(entry& child, turn& now);
  void start(entry& child, turn& now);
  [[nodiscard]] bool awaits_token(entry& child, turn& now);
  void begin_stop(entry& child, turn& now);
  void kill(entry& child, turn& now);
  void give_up(const std::string& reason, turn& now);
  void begin_end(turn& now);
  [[nodiscard]] bool awaits_others(const entry& child) const;
  [[nodiscard]] bool is_pool() const noexcept {
    return flags_.strategy == restart_strategy::simple_one_for_one;
  }

  void progress(turn& now);
  void progress_starts(turn& now);
  void publish(const entry& child, event_kind kind, exit_status reason, turn& now) const;
  static void publish_end(event_kind kind, const std::string& reason, turn& now);

  supervisor_flags flags_;
  restart_budget budget_;
  std::function<instant(instant)> draw_token_;  ///< of the whole tree; may be empty
  random_stream random_;
  phase phase_ = phase::idle;
  std::string gave_up_;    ///< why; if not empty the end is `gave_up` instead of `stopped`
  std::string shut_down_;  ///< why it ends by itself; empty: it was asked to
  struct deadline {
    instant kill_at, end_at;
  };
  std::optional<deadline> deadline_;            ///< of stop_all
  std::shared_ptr<const child_spec> template_;  ///< of a pool
  position next_position_ = 0;
  std::map<position, entry> children_;
  std::unordered_map<std::string, position> by_id_;
  std::set<position> starts_;      ///< take part in an ordered start, or await others, and are not ready yet
  std::set<std::string> orphans_;  ///< that have not ended, by path; while it ends
  std::set<position> stops_;       ///< take part in an ordered stop and are not down yet
  static constexpr position whole_plan = ~position{0};  ///< in timers_: its own deadline
  std::set<std::pair<instant, position>> timers_;
};

[[nodiscard]] const char* to_string(child_state state) noexcept;
[[nodiscard]] const char* to_string(plan_error error) noexcept;

}  // namespace bulwark
