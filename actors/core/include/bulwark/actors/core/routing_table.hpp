// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "bulwark/actors/core/routing_rules.hpp"
#include "bulwark/actors/core/time.hpp"
#include "bulwark/actors/core/worker_chooser.hpp"

namespace bulwark {

/// What is counted where a worker finishes its messages. Numbers only grow, but for leases and mailbox.
class load_meter {
 public:
  virtual ~load_meter() = default;
  [[nodiscard]] virtual std::uint64_t done() const noexcept = 0;  ///< handled, or answered
  [[nodiscard]] virtual std::uint64_t failed()
      const noexcept = 0;  ///< lost to an end, an error or a deadline
  /// Messages that were sent to it without asking the table for a place.
  [[nodiscard]] virtual std::uint64_t beside() const noexcept { return 0; }
  [[nodiscard]] virtual std::int64_t leases() const noexcept { return 0; }  ///< long-lived things on it
  [[nodiscard]] virtual std::int64_t mailbox() const noexcept {
    return 0;
  }  ///< messages of anyone; 0: unknown
  [[nodiscard]] virtual double latency(instant) const noexcept { return 0; }  ///< ns; 0: unknown

  /// What a choice looks at, in one call.
  struct reading {
    std::uint64_t finished = 0;  ///< done and failed; looked at before `beside`: nothing is finished unsent
    std::uint64_t beside = 0;
    std::int64_t leases = 0;
  };
  [[nodiscard]] virtual reading read() const noexcept {
    const auto finished = done() + failed();
    return {finished, beside(), leases()};
  }
};

/// Strong type for the number of a worker within its router; never used twice.
enum class worker_id : std::uint64_t {};

struct routing_counts {
  std::uint64_t sent = 0;    ///< to workers
  std::uint64_t done = 0;    ///< of these
  std::uint64_t failed = 0;  ///< of these
  std::uint64_t beside = 0;  ///< of the sent ones, those that did not ask for a place

  [[nodiscard]] std::int64_t in_flight() const noexcept {
    return static_cast<std::int64_t>(sent) - static_cast<std::int64_t>(done + failed);
  }
  friend bool operator==(const routing_counts&, const routing_counts&) = default;
};

/// One worker, as its router sees it.
struct worker_status {
  worker_id id{};
  routing_counts counts;
  std::int64_t leases = 0;
  std::int64_t load = 0;
  double weight = 1;
  bool draining = false;
  bool ejected = false;
  double preference = 1;  ///< in `weight` already
};

/// Who is there, how loaded each is, and who gets the next message.
///
/// Load is counted, not asked: what was sent to a worker less what it has finished. What is sent by a choice
/// made here is counted here, the rest by the meter, so that no message passes a lock when it is finished,
/// and senders that know whom to choose need not pass it either. Each sent message finishes exactly once,
/// whatever becomes of its worker: that makes the difference exact. What others sent to a worker is seen in
/// its mailbox. As that is a look into the memory of a busy thread, it is taken at each 64th choice only, at
/// ticks, and for leases. A worker somewhere else, which others use as well, may report its load; from then
/// on its load is what it reported + sent since - finished since, and at least what is in flight.
///
/// Owner:      its router, under one lock; not thread-safe
/// Invariants: (1) 0 <= in flight, for each worker; (2) place() never names a worker over its bound, nor one
///             that drains; an ejected one only in panic
/// Time:       caller passes `now`; never goes back
class routing_table final : public worker_view {
 public:
  static constexpr std::uint64_t choices_per_look = 64;  ///< into the mailboxes

  enum class verdict : std::uint8_t { placed, no_worker, full };

  struct placement {
    verdict what = verdict::no_worker;
    worker_id id{};
    load_meter* meter = nullptr;  ///< of the worker; meaningful if placed
  };

  explicit routing_table(const routing_rules& rules) : rules_{rules} {}

  /// A worker comes, and its slow start begins. `weight` is above 0.
  worker_id join(std::shared_ptr<load_meter> meter, double weight, instant now);
  /// Gets nothing any more; how many it got by place() so far. What it has is counted until it is finished.
  std::uint64_t leave(worker_id id);
  /// Gets nothing until undrained, which is a new start. True if that changes anything.
  bool drain(worker_id id, bool on, instant now);
  void report(worker_id id, std::int64_t load, instant now);
  /// Its weight counts times `factor` from now on, which is above 0 and at most 1: no difference.
  void prefer(worker_id id, double factor);
  /// What came of a message, for ejection. True if it is ejected now. Successes matter only after failures.
  bool failed(worker_id id, instant now);
  void succeeded(worker_id id);
  /// Ejections may be over: of these.
  std::vector<worker_id> tick(instant now);
  [[nodiscard]] std::optional<instant> next_wakeup() const;

  /// Chooses a worker that has room, and counts one message as sent to it.
  [[nodiscard]] placement place(any_chooser& chooser, const routing_call& call, instant now);
  /// All workers that have room get one message each; empty if none has.
  [[nodiscard]] std::vector<placement> place_all(instant now);
  /// Chooses without a message: for leases. Bounds do not count.
  [[nodiscard]] std::optional<worker_id> choose_only(any_chooser& chooser, const routing_call& call,
                                                     instant now);

  [[nodiscard]] const load_meter* meter_of(worker_id id) const;
  /// Of the worker at a place.
  [[nodiscard]] load_meter& meter(std::size_t place) const noexcept {
    return *entries_[in_use_[place]].meter;
  }
  /// Messages of others that it has, by the last look into its mailbox.
  [[nodiscard]] std::int64_t foreign(std::size_t place) const noexcept {
    return entries_[in_use_[place]].foreign;
  }
  /// Looks into the mailboxes of all.
  void look_at_mailboxes();
  [[nodiscard]] std::vector<worker_status> workers() const;
  /// Of all workers that ever were.
  [[nodiscard]] routing_counts totals() const;
  /// True while place() needs the right time; otherwise any old one does.
  [[nodiscard]] bool needs_time() const noexcept { return slow_starts_; }
  [[nodiscard]] bool panics() const noexcept { return panic_; }

  // worker_view: of those in use
  [[nodiscard]] std::size_t count() const noexcept override { return in_use_.size(); }
  [[nodiscard]] std::int64_t load(std::size_t place) const noexcept override;
  [[nodiscard]] double weight(std::size_t place) const noexcept override;
  [[nodiscard]] double latency(std::size_t place) const noexcept override;
  [[nodiscard]] std::uint64_t identity(std::size_t place) const noexcept override;
  [[nodiscard]] std::uint64_t version() const noexcept override { return version_; }

 private:
  struct reported_load {
    std::int64_t load = 0;
    std::int64_t in_flight = 0;  ///< when it was reported
    instant at{};
  };

  struct entry {
    worker_id id{};
    std::shared_ptr<load_meter> meter;
    std::uint64_t sent = 0;
    double weight = 1;
    double preference = 1;
    instant started{};
    bool draining = false;
    std::uint32_t failures = 0;  ///< in a row
    std::uint32_t ejections = 0;
    std::optional<instant> ejected_until{};
    std::optional<reported_load> reported{};
    std::int64_t foreign = 0;  ///< messages of others in its mailbox, when somebody looked last

    [[nodiscard]] routing_counts counts() const noexcept;
    [[nodiscard]] std::int64_t in_flight() const noexcept;
  };

  [[nodiscard]] entry* find(worker_id id);
  [[nodiscard]] bool has_room(const entry& one) const noexcept;
  [[nodiscard]] std::int64_t load_of(const entry& one, std::int64_t in_flight, std::int64_t foreign,
                                     std::int64_t leases) const noexcept;
  [[nodiscard]] double weight_of(const entry& one) const noexcept;
  [[nodiscard]] bool is_full() const noexcept;
  void start(entry& one, instant now);
  void settle();
  void see(instant now);
  placement send_to(entry& one);

  const routing_rules rules_;
  std::vector<entry> entries_;  ///< by id
  std::vector<entry> retired_;  ///< left, with something in flight
  std::vector<std::size_t> in_use_;
  routing_counts gone_{};  ///< of those that left and have finished
  std::uint64_t last_id_ = 0;
  std::uint64_t version_ = 0;
  bool slow_starts_ = false;
  bool panic_ = false;
  instant now_{};
};

}  // namespace bulwark
