// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/supervision/core/registry_lease.hpp"

namespace bulwark {

struct runner_options {
  lease_options lease{};
  duration say_again = std::chrono::milliseconds{500};  ///< what the group did not answer
  /// How long the child may take to stop: so much before the end of a lease that is not renewed it is
  /// stopped. Less than lease.renew_before.
  duration stop_within = std::chrono::milliseconds{300};
  /// Of its claims; a runner that follows another one in the same process needs a higher one.
  std::uint64_t first_start = 1;

  /// Empty if the options can work, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;
};

/// What a runner hears and what it does about it.
namespace running {

/// The child belongs on this node, or no longer.
struct assigned {
  bool here = false;
};
/// The other node that held the name holds it no more: a claim that was refused need not wait for its time.
struct vacated {};
/// The group answered a claim that was sent at `asked`.
struct claimed {
  registry_result result;
  instant asked{};
};
/// The group said whether the token holds, as asked at `asked`.
struct confirmed {
  std::uint64_t token = 0;
  bool holds = false;
  instant asked{};
};
/// The group answered a release, whatever it said.
struct released {
  std::uint64_t token = 0;
};
/// The child has ended: as it was asked to, or by itself for good.
struct stopped {};
struct tick {};

using event = std::variant<assigned, vacated, claimed, confirmed, released, stopped, tick>;

/// To the group: names::claim, with this start.
struct claim {
  std::uint64_t start = 0;
  friend bool operator==(const claim&, const claim&) = default;
};
/// To the group: names::settled.
struct settle {
  std::uint64_t token = 0;
  friend bool operator==(const settle&, const settle&) = default;
};
/// To the group, as a read: does the token hold?
struct confirm {
  std::uint64_t token = 0;
  friend bool operator==(const confirm&, const confirm&) = default;
};
/// To the group: names::release.
struct release {
  std::uint64_t token = 0;
  friend bool operator==(const release&, const release&) = default;
};
/// Starts the child, which takes the token along wherever it acts.
struct start {
  std::uint64_t token = 0;
  friend bool operator==(const start&, const start&) = default;
};
/// Stops the child, within options.stop_within.
struct stop {
  friend bool operator==(const stop&, const stop&) = default;
};

using effect = std::variant<claim, settle, confirm, release, start, stop>;

}  // namespace running

/// Runs one distributed child on one node while it belongs there, and never while another node may run it.
///
///     idle --here--> claiming --granted--> holding --waited for the owner before--> running
///      ^                                      |                                        |
///      +--------------- release <-------------+-- stopped <-- stopping <-- elsewhere, --+
///                                                                          lease not renewed, token lost
///
/// Owner: the supervisor of the child, or a simulation; not thread-safe
/// Time:  the caller passes `now`; never goes back. Ticks come several times within stop_within
class placement_runner {
 public:
  /// @pre options.validate().empty()
  explicit placement_runner(const runner_options& options);

  /// Appends to `effects`, which are to be performed in order.
  void step(const running::event& what, instant now, std::vector<running::effect>& effects);

  /// Whether the child is up and may act now. It asks, or is told, with each thing that it does elsewhere: a
  /// process that stood still wakes behind the end of its lease.
  [[nodiscard]] bool may_act(instant now) const noexcept {
    return (state_ == state::running || state_ == state::stopping) && !is_lost_ && lease_.may_act(now);
  }
  /// Until when it may act, if it is not confirmed before; meaningful if it may act now.
  [[nodiscard]] instant acts_until() const noexcept { return lease_.ends(); }
  /// The child does not belong here, does not run here, and the group knows that this node has no claim on
  /// it.
  [[nodiscard]] bool is_idle() const noexcept {
    return state_ == state::idle && !here_ && !claims_ && releases_ == 0;
  }

 private:
  enum class state : std::uint8_t { idle, holding, running, stopping };

  struct turn {
    instant now;
    std::vector<running::effect>& effects;
  };

  void on(const running::assigned& what, turn& at);
  void on(const running::vacated& what, turn& at);
  void on(const running::claimed& what, turn& at);
  void on(const running::confirmed& what, turn& at);
  void on(const running::released& what, turn& at);
  void on(const running::stopped& what, turn& at);
  void on(const running::tick& what, turn& at);
  void go_on(turn& at);
  void stop(turn& at);
  void let_go(turn& at);
  void release(std::uint64_t token, turn& at);

  runner_options options_;
  name_lease lease_;
  state state_ = state::idle;
  bool here_ = false;
  bool is_lost_ = false;        ///< the group said that the token holds no more
  bool claims_ = false;         ///< a claim was sent, and no answer has come since
  std::uint64_t newest_ = 0;    ///< token that was ever granted
  std::uint64_t releases_ = 0;  ///< this token, until the group has answered; 0 if none
  std::uint64_t start_;
  instant next_word_{};     ///< of a claim or a confirmation
  instant next_release_{};  ///< meaningful while it releases
};

}  // namespace bulwark
