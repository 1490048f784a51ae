// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bulwark/actors/core/pool_size.hpp"
#include "bulwark/actors/core/time.hpp"

namespace bulwark {

/// How a pool of workers is resized.
struct pool_rules {
  pool_size_options size{};
  /// A worker that is to go has this long to finish what it has.
  duration drain_limit = std::chrono::seconds{30};
  /// What becomes of one that has not finished by then. False: it gets messages again, and the pool stays
  /// larger. True: it is stopped, and what it has fails unless it finishes it within the time of its spec's
  /// shutdown.
  bool stops_busy = false;

  /// Empty if a pool can go by them, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;
};

/// A worker of a pool, as its supervisor and its router see it.
struct pool_worker {
  enum class condition : std::uint8_t {
    coming,   ///< starts, or waits for its restart
    up,       ///< serves
    parked,   ///< failed too often, is tried again much later
    leaving,  ///< is being stopped
  };

  std::string id;
  condition is = condition::up;
  bool in_router = false;
  // Meaningful if in_router only.
  bool draining = false;
  bool ejected = false;
  std::int64_t in_flight = 0;
  std::int64_t leases = 0;

  [[nodiscard]] std::int64_t load() const noexcept { return in_flight + leases; }
};

/// A pool at one moment.
struct pool_view {
  instant at{};                      ///< when it was asked for
  std::vector<pool_worker> workers;  ///< in the order in which they were started
  std::uint64_t waiting = 0;         ///< messages in line at the router
  std::uint64_t rejected = 0;        ///< messages that the router has turned away so far
};

/// Decides what becomes of the workers of a pool: how many there are is a pool_size's decision, who goes and
/// when is decided here.
///
///     in use --drain--> on its way out --has nothing left--> stop
///        ^-- undrain: the load is back, or the time is over --'
///
/// So a worker is stopped only after it was seen idle while nothing new could come to it. One that ends while
/// it drains is started again by its supervisor, which is no matter of size; its successor drains in its
/// place. Whom somebody else drains is left alone, and no longer counts.
///
/// Owner:      one pool; not thread-safe
/// Invariants: (1) who is stopped was drained by an earlier step, and has nothing, unless stops_busy
///             (2) no step starts more than `max` less those that are there, whatever their state
/// Time:       caller passes `now`; never goes back
/// Errors:     a view that is too old, see pool_size_options::sample_limit, or older than the one before,
///             changes nothing
/// Bounds:     one entry for each worker on its way out
class pool_plan {
 public:
  // -- effects: what to do, in their order
  struct start_worker {
    friend bool operator==(const start_worker&, const start_worker&) = default;
  };
  struct drain {
    std::string id;
    friend bool operator==(const drain&, const drain&) = default;
  };
  struct undrain {
    std::string id;
    friend bool operator==(const undrain&, const undrain&) = default;
  };
  struct stop_worker {
    std::string id;
    friend bool operator==(const stop_worker&, const stop_worker&) = default;
  };
  /// At least `min` workers are up, for the first time.
  struct ready {
    friend bool operator==(const ready&, const ready&) = default;
  };
  /// Tell the world.
  struct resized {
    std::size_t from = 0;
    std::size_t to = 0;
    std::string why;
    friend bool operator==(const resized&, const resized&) = default;
  };
  using effect = std::variant<start_worker, drain, undrain, stop_worker, ready, resized>;

  /// The rules must be valid.
  explicit pool_plan(const pool_rules& rules) : rules_{rules}, size_{rules.size} {}

  /// Takes one view of the pool and appends what is to be done.
  void step(pool_view view, instant now, std::vector<effect>& effects);

  [[nodiscard]] bool is_ready() const noexcept { return ready_; }
  /// Workers that drain because of this plan, by id.
  [[nodiscard]] std::vector<std::string> retiring() const;

 private:
  void see_who_goes(pool_view& view, instant now, std::vector<effect>& effects);
  [[nodiscard]] bool stays(const pool_worker& one) const;
  [[nodiscard]] pool_sample sample_of(const pool_view& view) const;
  void grow(std::size_t by, std::vector<effect>& effects);
  void shrink(const pool_view& view, std::size_t by, instant now, std::vector<effect>& effects);

  const pool_rules rules_;
  pool_size size_;
  std::map<std::string, instant> retiring_;  ///< since when
  std::optional<instant> seen_;              ///< the last view
  std::optional<std::uint64_t> rejected_;    ///< by then
  bool ready_ = false;
};

}  // namespace bulwark
