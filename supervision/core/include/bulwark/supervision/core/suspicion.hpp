// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bulwark/actors/core/random.hpp"
#include "bulwark/actors/core/time.hpp"
#include "bulwark/supervision/core/membership_types.hpp"
#include "bulwark/supervision/core/suspicion_health.hpp"

namespace bulwark {

struct suspicion_options {
  std::uint32_t helpers = 3;                                ///< asked to reach a silent node; 0 asks nobody
  duration probe_timeout = std::chrono::milliseconds{200};  ///< for their answers
  duration reprobe_after = std::chrono::seconds{1};  ///< that a helper reached a node which stays silent here
  duration reaccuse_after = std::chrono::milliseconds{500};  ///< a refutation; twice as long each time, to 16
  duration repeat_after = std::chrono::milliseconds{500};    ///< when the group shows no effect of a command
  std::uint32_t doubts_max = 3;  ///< probes that no helper answers, before it accuses nevertheless
  std::uint32_t score_max = 8;   ///< of local_health
  duration patience = std::chrono::milliseconds{100};  ///< added to each silence, times the score
  duration tick = std::chrono::milliseconds{50};       ///< how often tick comes
  duration stall = std::chrono::milliseconds{200};     ///< a tick later than this means that it stood still
  duration recovery = std::chrono::milliseconds{500};  ///< of good health, which improves the score by one

  /// Empty if the options can work, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;
};

/// What an observer hears and what it does about it.
namespace observing {

/// One that it watches, as the present view has it.
struct subject {
  node_life life;
  std::uint32_t round = 0;
  bool accused_here = false;  ///< the group holds a word of this observer against it, of this round
};

/// A view of the group.
struct viewed {
  std::vector<subject> subjects{};
  /// Live nodes that may help, this one excluded; may be null.
  std::shared_ptr<const std::vector<std::uint32_t>> others{};
  std::optional<std::uint32_t> suspect_in_round{};  ///< set if this node itself is accused
};

/// The detector of this observer finds the node silent for too long, or its connection lost.
struct silent {
  std::uint32_t node = 0;
};

/// Any message of the node itself.
struct heard {
  std::uint32_t node = 0;
};

/// Another observer asks this node to reach the subject.
struct asked {
  std::uint32_t observer = 0;
  std::uint32_t subject = 0;
  std::uint64_t number = 0;
};

/// A helper's answer.
struct answered {
  std::uint32_t subject = 0;
  std::uint64_t number = 0;
  bool reached = false;
};

/// What was told to the group is not known to have come to it: its leader was lost. So it is told again with
/// the next tick rather than after repeat_after.
struct untaken {};

/// Time passed. Comes every options.tick, behind all messages that are at hand.
struct tick {};

using event = std::variant<viewed, silent, heard, asked, answered, untaken, tick>;

/// To a helper: can you reach it?
struct ask {
  std::uint32_t helper = 0;
  std::uint32_t subject = 0;
  std::uint64_t number = 0;
  friend bool operator==(const ask&, const ask&) = default;
};

/// To a node: answer me, as a heartbeat does.
struct probe {
  std::uint32_t node = 0;
  friend bool operator==(const probe&, const probe&) = default;
};

/// To the observer that asked.
struct answer {
  std::uint32_t observer = 0;
  std::uint32_t subject = 0;
  std::uint64_t number = 0;
  bool reached = false;
  friend bool operator==(const answer&, const answer&) = default;
};

/// To the group: members::accuse, members::withdraw or members::refute.
struct tell {
  members::command what;
  friend bool operator==(const tell&, const tell&) = default;
};

using effect = std::variant<ask, probe, answer, tell>;

}  // namespace observing

/// Turns what one node's detector says about those whom it watches into evidence for the group.
///
///     quiet --silent--> waiting --patience--> probing --nobody reaches it--> accused
///       ^                  ^                    |  ^                            |
///       |                  +---- refuted -------|--|----------------------------+
///       +---- heard (any state; withdraws) -----+  +--reprobe_after-- vouched for
///
/// Before it accuses a node it asks others to reach it: if one does, the fault lies between the two, and is
/// no business of the group. If none of them answers at all, the fault probably lies here: it asks others,
/// ever more patiently, and accuses only when that fails too.
///
/// Source: SWIM (2002), section 3.1, for indirect probes; Lifeguard (2018) for patience and for helpers that
///         say no; differs: the verdict is the group's, see membership
/// Owner:  one node's monitor or a simulation; not thread-safe
/// Time:   the caller passes `now`; never goes back
/// Bounds: one record for each subject; pending_max probes for others
class suspicion {
 public:
  static constexpr std::size_t pending_max = 64;

  /// `seed` chooses the helpers. @pre options.validate().empty()
  suspicion(const suspicion_options& options, node_life self, std::uint64_t seed);

  /// Appends to `effects`, which are to be performed in order.
  void step(const observing::event& what, instant now, std::vector<observing::effect>& effects);

  [[nodiscard]] const local_health& health() const noexcept { return health_; }

  /// Subjects that are not quiet.
  [[nodiscard]] std::size_t doubtful() const noexcept;

 private:
  enum class phase : std::uint8_t { quiet, waiting, probing, vouched, accused };

  struct record {
    observing::subject known;
    phase state = phase::quiet;
    instant due{};             ///< of what comes next; meaningful unless quiet
    std::uint64_t number = 0;  ///< of the present probe
    std::size_t helpers = 0;   ///< asked in it
    std::size_t denials = 0;   ///< that came
    std::uint32_t doubts = 0;  ///< probes in a row that nobody answered
  };

  /// A probe for another observer.
  struct pending {
    observing::asked what;
    instant due{};
  };

  struct turn {
    instant now;
    std::vector<observing::effect>& effects;
  };

  void on(const observing::viewed& what, turn& at);
  void on(const observing::silent& what, turn& at);
  void on(const observing::heard& what, turn& at);
  void on(const observing::asked& what, turn& at);
  void on(const observing::answered& what, turn& at);
  void on(const observing::untaken& what, turn& at);
  void on(const observing::tick& what, turn& at);

  void discount_stall(instant now);
  void advance(record& of, turn& at);
  void probe(record& of, turn& at);
  void conclude(record& of, turn& at);
  void accuse(record& of, turn& at);
  void withdraw(record& of, turn& at);
  void refute_if_due(turn& at);
  std::vector<std::uint32_t> choose_helpers(std::uint32_t subject);

  suspicion_options options_;
  node_life self_;
  random_stream random_;
  local_health health_;
  std::map<std::uint32_t, record> subjects_;
  std::vector<pending> pending_;
  std::shared_ptr<const std::vector<std::uint32_t>> others_;
  std::optional<std::uint32_t> suspect_in_round_;
  std::optional<std::uint32_t> refuted_round_;
  instant refute_due_{};
  std::optional<instant> next_tick_;
  std::optional<instant> improves_at_;
  std::uint64_t last_number_ = 0;
};

}  // namespace bulwark
