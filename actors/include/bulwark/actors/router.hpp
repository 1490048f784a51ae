// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>
#include <caf/actor_cast.hpp>
#include <caf/fwd.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/actors/core/delivery_log.hpp"
#include "bulwark/actors/core/routing_policy.hpp"
#include "bulwark/actors/core/routing_rules.hpp"
#include "bulwark/actors/core/waiting_line.hpp"
#include "bulwark/actors/core/worker_chooser.hpp"
#include "bulwark/actors/messages.hpp"

namespace bulwark {

/// One unit of load on a worker, for as long as it lives: a client connection, a job. Movable; thread-safe to
/// end anywhere.
class load_lease {
 public:
  load_lease() = default;

  /// Adds one to the account; a null account counts nothing.
  explicit load_lease(std::shared_ptr<std::atomic<std::int64_t>> account) : account_{std::move(account)} {
    if (account_) account_->fetch_add(1, std::memory_order_relaxed);
  }
  load_lease(load_lease&& other) noexcept = default;
  load_lease& operator=(load_lease&& other) noexcept {
    std::swap(account_, other.account_);
    return *this;
  }
  ~load_lease() { release(); }

  /// Ends the lease early.
  void release() noexcept {
    if (const auto account = std::move(account_)) account->fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  std::shared_ptr<std::atomic<std::int64_t>> account_;
};

/// A worker that was chosen, and the load that it carries from now on.
struct routed {
  caf::actor worker;
  load_lease lease;
};

enum class delivery_mode : std::uint8_t {
  /// A message goes to one worker, once. If that ends before it is done, the message has failed.
  at_most_once,
  /// A message is kept until its worker has acknowledged it, and goes to another one if the first ends
  /// before: it may be handled twice. delivery_of() tells a worker what it has seen before.
  at_least_once,
};

/// What a router is made with. Options that make no sense are refused, see validate().
struct router_options {
  std::string name{};  ///< for people
  routing_policy policy{};
  routing_rules rules{};
  delivery_mode delivery = delivery_mode::at_most_once;
  /// At least once: a message that was given to so many workers and came back is poison, and has failed.
  std::uint32_t attempts_max = 3;
  /// A message to which the worker has not answered by then has failed; the requester gets
  /// `sec::request_timeout`. Counts for what is answered: requests, and all that is acknowledged by an
  /// answer.
  duration answer_limit = std::chrono::seconds{60};
  /// What a message is about, for consistent_hash, which needs it. Must be quick and pure; any thread.
  std::function<std::uint64_t(const caf::message& content)> key_of{};
  /// How important a message is, for shed_by_priority. Without it, urgent messages have rank 2, others 1.
  std::function<message_rank(const caf::message& content)> rank_of{};
  /// True for an answer that says the worker has failed. Without it: errors of CAF, exit reasons and
  /// service_error; an error of the application's own is an answer like any other.
  std::function<bool(const caf::error& problem)> is_failure{};
};

/// Empty if a router can be made with them, else what is wrong.
[[nodiscard]] std::string validate(const router_options& options);

/// What a router knows about a worker.
struct worker_load {
  caf::actor worker;
  std::int64_t leases = 0;     ///< long-lived things assigned to it
  std::int64_t in_flight = 0;  ///< messages this router sent and it has not finished
  std::int64_t load = 0;       ///< what policies go by, see make_router
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  double weight = 1;
  bool draining = false;
  bool ejected = false;
  double preference = 1;  ///< see set_preference(); in `weight` already

  [[nodiscard]] std::int64_t total() const noexcept { return load; }
};

/// What became of the messages given to a router so far; of a fan-out, each copy counts. At any moment
/// submitted = done + rejected + failed + in_flight + waiting; once all is quiet, nothing is in flight or
/// waiting, and none was lost without being counted.
struct router_counts {
  std::uint64_t submitted = 0;
  std::uint64_t done = 0;
  std::uint64_t rejected = 0;  ///< over a bound, too long in line, or nobody there; never given to a worker
  std::uint64_t failed = 0;    ///< given to a worker that ended, failed or did not answer in time
  std::uint64_t redelivered = 0;  ///< at least once: given to another worker after the first ended
  std::int64_t in_flight = 0;
  std::uint64_t waiting = 0;

  [[nodiscard]] bool add_up() const noexcept {
    return static_cast<std::int64_t>(submitted) ==
           static_cast<std::int64_t>(done + rejected + failed + waiting) + in_flight;
  }
};

/// "submitted 9, done 7, rejected 0, failed 1, redelivered 0, in flight 1, waiting 0".
[[nodiscard]] std::string to_string(const router_counts& counts);
std::ostream& operator<<(std::ostream& out, const router_counts& counts);

/// What happened to a worker of a router.
enum class worker_event_kind : std::uint8_t {
  joined,
  left,        ///< it was removed, or has ended; or its router has
  drained,     ///< it gets nothing new
  undrained,   ///< it gets something again
  ejected,     ///< it failed too often in a row: it is left out for a while, see ejection_rule
  readmitted,  ///< that while is over
};

struct worker_event {
  worker_event_kind kind = worker_event_kind::joined;
  std::uint64_t number = 0;  ///< of the worker within its router: from 1, in the order of joining
  caf::actor_addr worker;    ///< weak: a worker that is told of is not kept alive
};

/// Takes events of workers, in their order, from any thread but one at a time. Must be quick and must not
/// throw; may use the router.
using worker_sink = std::function<void(const worker_event&)>;

/// The sink is told as long as this lives.
using worker_watch = std::shared_ptr<const void>;

[[nodiscard]] const char* to_string(worker_event_kind kind) noexcept;
/// One line for people: "worker 3 (actor 27) ejected".
[[nodiscard]] std::string to_string(const worker_event& event);
std::ostream& operator<<(std::ostream& out, const worker_event& event);

/// A handle that stands for many workers: passes each message to one of them, or to all, in the sender's
/// thread and without a mailbox of its own. Requests are answered to the sender, in the worker's thread.
///
/// Load is counted, not asked: the messages that passed here and are not finished, or, if that is more, what
/// is in the mailbox of the worker; plus leases; of a worker that reports its load, what report_load() says.
/// A message is finished when its worker has handled it (a service_actor tells), has answered it (requests;
/// and any message to another kind of worker, local or remote, which gets it as a request of the router's
/// own), or has ended. So each is counted once, through crash, restart, time-out and drop: see router_counts.
///
/// A request that cannot be handled gets an error, always: `service_error::no_worker` if nobody is there,
/// `overloaded` if a bound is reached (see routing_bounds), `expired` after too long in line, `poisoned` at
/// the cap of at_least_once, `sec::request_receiver_down` if its worker ended, `sec::request_timeout` if that
/// did not answer. Asynchronous messages are counted.
///
/// Workers may be plain actors, which leave the router when they end, or stable references, which stay while
/// their child restarts; local or remote. An exit_msg ends the router, not the workers: what waits is
/// refused, what is in flight is still answered. CAF keeps an actor that other nodes know until it ends: end
/// a router that has remote workers, or whose handle went to another node, before its actor system. All
/// functions are thread-safe; a handle that is no router is a broken invariant. Throws std::invalid_argument
/// if the options make no sense.
[[nodiscard]] caf::actor make_router(caf::actor_system& system, router_options options);
[[nodiscard]] caf::actor make_router(caf::actor_system& system, std::string name, routing_policy policy = {});

/// No effect if the worker is there already. `weight` above 0: its share, for policies that go by weights.
void add_worker(const caf::actor& router, const caf::actor& worker, double weight = 1);

/// What it has already got it keeps.
void remove_worker(const caf::actor& router, const caf::actor& worker);

/// A draining worker gets nothing new and is known to have finished by worker_loads(). Undrained, it starts
/// slowly.
void drain_worker(const caf::actor& router, const caf::actor& worker, bool on = true);

/// What a worker that others use as well says about its load. From then on, and until routing_rules::
/// report_limit, its load counts as `load` + sent since - finished since.
void report_load(const caf::actor& router, const caf::actor& worker, std::int64_t load);

/// The weight of a worker counts times `factor`, above 0 and at most 1, for as long as it is one: 1 is no
/// difference. For a worker that is believed to be unwell but is not to be drained; acts on policies that go
/// by weights or costs, that is not on random, round_robin, least_connections, consistent_hash and fan-outs.
void set_preference(const caf::actor& router, const caf::actor& worker, double factor);

/// Other choices from now on. A policy of a user's own is an any_chooser.
void set_policy(const caf::actor& router, const routing_policy& policy);
void set_policy(const caf::actor& router, any_chooser chooser);

[[nodiscard]] std::vector<worker_load> worker_loads(const caf::actor& router);
[[nodiscard]] router_counts counts_of(const caf::actor& router);

/// From now on, and as long as the watch lives, `told` hears of every change among the workers; what is under
/// way when the watch ends may still come. Costs messages nothing.
[[nodiscard]] worker_watch watch_workers(const caf::actor& router, worker_sink told);

/// Chooses a worker for something long-lived; nothing if there is none.
[[nodiscard]] std::optional<routed> pick(const caf::actor& router);

/// Takes orders about a router as messages, from anywhere: change_worker, prefer_worker,
/// set_router_policy, get_router_report. Ends with its router.
[[nodiscard]] caf::actor control_of(const caf::actor& router);

/// The message that `self` handles, as long as it handles it, if it came by a router that acknowledges;
/// the same however often it is delivered. Number 0 for a message that came without.
[[nodiscard]] delivery_id delivery_of(caf::local_actor& self);

/// A router of workers with a typed interface, which its handle has as well: `caf::typed_actor<...>`.
template <class Handle>
class typed_router {
 public:
  typed_router(caf::actor_system& system, router_options options)
      : router_{make_router(system, std::move(options))} {}

  [[nodiscard]] Handle handle() const {
    return caf::actor_cast<Handle>(caf::actor_cast<caf::strong_actor_ptr>(router_));
  }
  /// For the functions above.
  [[nodiscard]] const caf::actor& untyped() const noexcept { return router_; }

  void add(const Handle& worker, double weight = 1) const { add_worker(router_, plain(worker), weight); }
  void remove(const Handle& worker) const { remove_worker(router_, plain(worker)); }
  void drain(const Handle& worker, bool on = true) const { drain_worker(router_, plain(worker), on); }

 private:
  static caf::actor plain(const Handle& worker) {
    return caf::actor_cast<caf::actor>(caf::actor_cast<caf::strong_actor_ptr>(worker));
  }

  caf::actor router_;
};

}  // namespace bulwark
