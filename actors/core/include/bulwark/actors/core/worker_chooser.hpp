// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "bulwark/actors/core/routing_policy.hpp"
#include "bulwark/actors/core/time.hpp"

namespace bulwark {

/// The workers a chooser may choose from, by place: 0 to count() - 1. At least one. Places change their
/// workers only when version() grows. Asking is cheap but not free: ask for those that matter.
class worker_view {
 public:
  [[nodiscard]] virtual std::size_t count() const noexcept = 0;
  /// Messages sent and not finished, and what else is known to weigh on it.
  [[nodiscard]] virtual std::int64_t load(std::size_t place) const noexcept = 0;
  /// 1 unless told otherwise; less after a start. Above 0.
  [[nodiscard]] virtual double weight(std::size_t place) const noexcept = 0;
  /// Of its answers, peak-sensitive, in nanoseconds; 0: not known (any more).
  [[nodiscard]] virtual double latency(std::size_t place) const noexcept = 0;
  /// Of the worker, never used again for another one.
  [[nodiscard]] virtual std::uint64_t identity(std::size_t place) const noexcept = 0;
  [[nodiscard]] virtual std::uint64_t version() const noexcept = 0;

  [[nodiscard]] double cost(std::size_t place) const noexcept {
    return static_cast<double>(load(place) + 1) / weight(place);
  }

 protected:
  ~worker_view() = default;
};

/// What a message brings to the choice.
struct routing_call {
  std::uint64_t ticket = 0;  ///< counts the choices; drives the randomness
  std::uint64_t key = 0;     ///< for policies that go by what the message is about
};

/// A policy at work: a small pure type that chooses the place of a worker. It may keep state, and need not be
/// thread-safe. The same calls, with the same views, give the same choices.
template <class T>
concept worker_chooser = std::movable<T> &&
    requires(T& chooser, const worker_view& workers, const routing_call& call) {
  { chooser.choose(workers, call) } -> std::convertible_to<std::size_t>;
};

/// A chooser of any type, a user's own as well: `any_chooser{my_chooser{}}`. A type that has
/// `static constexpr bool wants_latency = true` makes its router measure latencies.
class any_chooser {
 public:
  template <worker_chooser T>
  requires(!std::same_as<T, any_chooser>) explicit any_chooser(T chooser)
      : inside_{std::make_unique<model<T>>(std::move(chooser))} {}

  [[nodiscard]] std::size_t choose(const worker_view& workers, const routing_call& call) {
    return inside_->choose(workers, call);
  }
  [[nodiscard]] bool wants_latency() const noexcept { return inside_->wants_latency(); }

 private:
  struct base {
    virtual ~base() = default;
    virtual std::size_t choose(const worker_view& workers, const routing_call& call) = 0;
    [[nodiscard]] virtual bool wants_latency() const noexcept = 0;
  };

  template <class T>
  struct model final : base {
    explicit model(T chooser) : chooser_{std::move(chooser)} {}
    std::size_t choose(const worker_view& workers, const routing_call& call) override {
      return chooser_.choose(workers, call);
    }
    [[nodiscard]] bool wants_latency() const noexcept override {
      if constexpr (requires { T::wants_latency; }) return T::wants_latency;
      return false;
    }
    T chooser_;
  };

  std::unique_ptr<base> inside_;
};

/// The chooser of a policy. A fan-out has none; for what has to go to one worker all the same, it is p2c.
[[nodiscard]] any_chooser make_chooser(const routing_policy& policy);

}  // namespace bulwark
