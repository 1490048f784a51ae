// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "agreement_checker.hpp"
#include "ballot_checker.hpp"
#include "bulwark/actors/core/random.hpp"
#include "history_checker.hpp"
#include "linearizability_checker.hpp"
#include "member.hpp"
#include "session_clients.hpp"
#include "staleness_checker.hpp"
#include "statistics.hpp"
#include "violations.hpp"

namespace bulwark::test {

/// What one seed makes of the world.
struct world_options {
  std::size_t members = 3;
  std::size_t spares = 0;           ///< nodes that the group may take in
  double loss = 0;                  ///< of a message
  double doubling = 0;              ///< of a message
  duration delay_max{};             ///< of a message; drawn anew for each, so that they overtake each other
  duration sync_max{};              ///< of a write to disk
  std::vector<double> clock_rates;  ///< of each member
  double freezes = 0;               ///< how many of the reads freeze their node right before them
  consensus::replica_options replica;

  static world_options draw(random_stream& random);
};

/// A whole group in one thread, under a clock of its own: replicas, disks, a network and clients. Every step
/// is checked.
class simulated_cluster final : public member_observer {
 public:
  simulated_cluster(std::uint64_t seed, bool trace);
  ~simulated_cluster() override;

  // Faults; each is a no-op where it makes no sense.
  void crash(std::size_t which, bool peers_notice);
  void restart(std::size_t which);
  void pause(std::size_t which, duration how_long);
  void stall_storage(std::size_t which, duration how_long);
  /// Its next write fails; then the log is latched, and the node ends.
  void break_disk(std::size_t which);
  /// Refuses writes, and says so, until there is room again.
  void fill_disk(std::size_t which, duration how_long);
  /// Its clock leaps ahead of the others. Where there are leases, which lean on clocks, it is the node that
  /// stands still, as when a machine is suspended.
  void jump_clock(std::size_t which, duration how_far);
  /// Whoever leads there is asked to hand over.
  void transfer_leadership(std::size_t which, std::size_t to);
  /// Whoever leads there is asked to change the group.
  void change_group(std::size_t which, consensus::change_members what);
  /// Its log is lost, as `bulwark rebuild` sets a damaged one aside: once the group goes on without it, by
  /// whoever leads it, whose word binds the next life. It is down then. False, and nothing happens, if that
  /// is not so.
  bool rebuild(std::size_t which);
  /// Cuts the way from one to the other; the other way stays.
  void cut(std::size_t from, std::size_t to);
  void mend(std::size_t from, std::size_t to) { cuts_.erase({from, to}); }
  void reset_link(std::size_t a, std::size_t b, duration how_long);
  /// It is cut off, which all others notice at once, as by a reset that does not reach it.
  void lose_unnoticed(std::size_t which, duration how_long);
  /// All nodes up, all ways open, no more loss.
  void heal();

  /// A client at that node writes to or reads the register with that number.
  void submit(std::size_t which, consensus::request_kind kind, std::size_t key);

  /// A client at that node reads the register with that number, as it was so long ago or later.
  void submit_stale(std::size_t which, std::size_t key, duration at_most);

  /// Clients that count in sessions.
  session_clients& sessions() { return sessions_; }
  /// What is wrong with the counters of the replicas; empty if nothing. @pre the sessions are idle
  [[nodiscard]] std::string miscount() const;

  void at(duration delay, std::function<void()> what);
  /// Runs for that long, or until something is wrong.
  void run(duration how_long);
  /// Runs until `done` holds, which is looked at now and then, but not longer than that.
  void run_until(const std::function<bool()>& done, duration at_most);

  [[nodiscard]] std::size_t size() const { return members_.size(); }
  /// One that leads by its own word.
  [[nodiscard]] std::optional<std::size_t> leader() const;
  /// The group as that node knows it. @pre is_up(which)
  [[nodiscard]] const consensus::configuration& group_of(std::size_t which) const {
    return members_[which]->core().group();
  }
  [[nodiscard]] consensus::node_id id_of(std::size_t which) const { return members_[which]->id(); }
  [[nodiscard]] bool is_up(std::size_t which) const { return members_[which]->is_up(); }
  /// Its groups may fall quiet.
  [[nodiscard]] bool allows_quiet() const { return options_.replica.quiet_after > duration{0}; }
  /// Empty if all replicas that are up are quiet; else who is not.
  [[nodiscard]] std::string restlessness() const;
  /// All that are up follow the same leader, which is one of them.
  [[nodiscard]] bool is_led() const;
  /// Healing does not end a freeze: whoever is within one may hold others up for as long as it lasts.
  [[nodiscard]] bool is_any_frozen() const {
    return std::ranges::any_of(around_, [](const surroundings& one) { return one.frozen; });
  }
  /// A leader still tells others what they missed, a piece per interval: new requests queue up behind that.
  [[nodiscard]] bool is_catching_up() const;
  [[nodiscard]] std::size_t open_requests() const {
    return clients_.size() + counting_.size() + stale_.size();
  }
  /// Empty if all replicas are up, know the same log and have applied it; else what is missing.
  [[nodiscard]] std::string divergence() const;
  /// Looks at the histories of all clients.
  void check_history();

  random_stream& random() { return random_; }
  violations& found() { return violations_; }
  statistics& seen() { return statistics_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }
  [[nodiscard]] std::uint64_t rebuilds() const { return rebuilds_; }

  void on_send(member& by, consensus::envelope what) override;
  void on_write(member& by, const consensus::persist& what) override;
  void on_durable(member& by, const std::vector<consensus::record>& records) override;
  void on_apply(member& by, const consensus::apply& what) override;
  void on_answer(member& by, const consensus::answer& what, instant now) override;
  void on_fetch(member& by, const consensus::fetch& what) override;
  void on_leader(member& by, consensus::ballot leader) override;
  void on_transferred(member& by, const consensus::transferred& what) override;
  void on_members_changed(member& by, const consensus::members_changed& what) override;
  void on_configured(member& by, const consensus::configuration& group) override;
  void on_disk_work(member& by, std::function<void(member&, instant)> then) override;
  bool disk_has_room(member& by) override;
  void on_restored(member& by, consensus::slot at, bool own) override;
  bool on_query(member& by, std::function<void(member&, instant)> go_on) override;

 private:
  struct scheduled {
    instant at;
    std::uint64_t order;
    std::function<void()> what;
    friend bool operator>(const scheduled& a, const scheduled& b) {
      return std::pair{a.at, a.order} > std::pair{b.at, b.order};
    }
  };
  /// What surrounds a member.
  struct surroundings {
    instant paused_until{};
    instant stalled_until{};
    instant full_until{};
    bool refusing = false;  ///< it was told that the disk is full
    bool breaking = false;  ///< the next write fails
    bool syncing = false;
    instant wake_at = instant::max();
    duration clock_ahead{};
    bool frozen = false;             ///< paused in the middle of a step
    std::uint64_t leased_reads = 0;  ///< that were counted
    std::uint64_t lapsed_reads = 0;
    std::uint64_t stale_reads = 0;
    std::uint64_t passed_reads = 0;
    bool quiet = false;

    [[nodiscard]] bool is_writable(instant now) const { return stalled_until <= now && !refusing; }
  };
  struct waiting_client {
    history_checker::operation what;
    linearizability_checker::operation seen_as;
    instant deadline;
  };

  std::size_t index_of(consensus::node_id id) const { return number(id) - 1; }
  /// Runs `what` in this life of the member, later if it is paused; then whatever is due after a step.
  void in_life(std::size_t which, duration delay, std::function<void(member&)> what);
  void run_or_defer(std::size_t which, std::uint64_t life, const std::function<void(member&)>& what);
  void after_step(std::size_t which);
  /// What the member's own clock says, which may go faster than those of others, or slower.
  [[nodiscard]] instant clock_of(const member& one) const;
  /// When its clock will say so.
  [[nodiscard]] instant when_clock_says(const member& one, instant there) const;
  void start_sync(std::size_t which);
  void refuse_write(std::size_t which);
  void lose_disk(std::size_t which);
  void deliver(const consensus::envelope& what);
  void tell_link(std::size_t at, std::size_t peer, bool up);
  /// What a process does for its quiet groups: lets others hear of it, and notices who is silent.
  void start_pulses();
  void pulse(std::size_t which);
  void hear(std::size_t which, std::size_t peer);
  void look_for_silence(member& m);
  void count_message(const consensus::envelope& what);
  void count_records(const std::vector<consensus::record>& records);
  void submit_counting(std::size_t client, std::uint64_t number, const std::string& payload);
  void answer_stale(const std::string& key, const consensus::answer& what, instant now);
  void check_durability(const std::string& payload);
  /// A majority of its voters is up, and knows the log up to it.
  [[nodiscard]] bool most_go_by(const consensus::configuration& group) const;
  void check_that_voters_know(const consensus::configuration& group);
  void abandon_clients(member& of);
  duration draw(duration below);
  void say(const std::string& text);

  bool trace_;
  random_stream random_;
  world_options options_;
  violations violations_;
  statistics statistics_;
  agreement_checker agreement_;
  ballot_checker ballots_;
  history_checker history_;
  linearizability_checker clients_saw_;
  staleness_checker ages_;

  instant now_{};
  std::priority_queue<scheduled, std::vector<scheduled>, std::greater<>> queue_;
  std::uint64_t scheduled_ = 0;
  std::uint64_t events_ = 0;
  std::vector<std::unique_ptr<member>> members_;
  std::vector<surroundings> around_;
  std::map<std::size_t, consensus::lost_word> lost_;  ///< what binds those that lost a log
  std::set<std::pair<std::size_t, std::size_t>> cuts_;
  /// What a process knows of the pulse of another: by both.
  struct heard_pulse {
    std::uint64_t life = 0;  ///< of the process
    instant at{};
    bool silent = false;
  };
  std::map<std::pair<std::size_t, std::size_t>, heard_pulse> pulses_;
  std::map<std::pair<std::size_t, std::uint64_t>, waiting_client> clients_;  ///< by member and request
  std::map<std::pair<std::size_t, std::uint64_t>, std::pair<std::size_t, std::uint64_t>>
      counting_;  ///< by member and request: client and number
  /// Stale reads, by member and request: their key.
  std::map<std::pair<std::size_t, std::uint64_t>, std::string> stale_;
  session_clients sessions_;
  std::uint64_t requests_ = 0;
  std::set<std::uint64_t> transfers_;  ///< that are not answered
  std::uint64_t transfers_begun_ = 0;
  std::map<std::uint64_t, consensus::change_kind> changes_;  ///< that are not answered
  std::uint64_t changes_begun_ = 0;
  std::uint64_t rebuilds_ = 0;
  bool healed_ = false;  ///< no more faults from here on

  // For the statistics only.
  std::map<consensus::slot, std::pair<consensus::ballot, consensus::value>> last_accepted_;
  std::map<consensus::ballot, std::set<consensus::slot>> no_ops_;
  std::set<std::tuple<consensus::ballot, consensus::node_id, std::uint64_t>> forwards_;
  std::set<std::tuple<consensus::ballot, consensus::node_id, consensus::slot>> accepts_;
};

}  // namespace bulwark::test
