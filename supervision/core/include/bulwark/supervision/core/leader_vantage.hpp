// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bulwark/actors/core/time.hpp"

namespace bulwark {

struct vantage_options {
  /// For how long a leader does not hear a member that the group holds for live, before it looks for a better
  /// place to lead from. Longer than the group needs to end a member that is dead.
  duration patience = std::chrono::milliseconds{500};
  /// For the answers of those who are asked. Longer than suspicion_options::probe_timeout / 2, after which
  /// they say no.
  duration answers_within = std::chrono::milliseconds{200};
  duration rest = std::chrono::seconds{2};  ///< from one look to the next
  /// `rest` doubles with each time that the leadership went elsewhere and came back, up to this.
  duration rest_max = std::chrono::minutes{1};

  /// Empty if the options can work, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;
};

namespace vantage {

/// How it stands with this node; to come several times within `patience`.
struct seen {
  bool leads = false;                     ///< this node leads the group
  std::vector<std::uint32_t> missed{};    ///< live members that it does not hear
  std::vector<std::uint32_t> electors{};  ///< voters that it hears, itself excluded
  std::vector<std::uint32_t> heard{};     ///< live members that it hears, itself excluded
};
/// What a voter said that was asked.
struct answered {
  std::uint32_t by = 0;
  std::uint32_t subject = 0;
  std::uint64_t number = 0;
  bool reached = false;
};

using event = std::variant<seen, answered>;

/// To a voter: does it reach the subject?
struct ask {
  std::uint32_t helper = 0;
  std::uint32_t subject = 0;
  std::uint64_t number = 0;
  friend bool operator==(const ask&, const ask&) = default;
};
/// To the group: this voter is to lead.
struct hand_over {
  std::uint32_t to = 0;
  friend bool operator==(const hand_over&, const hand_over&) = default;
};

using effect = std::variant<ask, hand_over>;

}  // namespace vantage

/// Decides when a leader has others lead, since they reach more members than it does.
///
/// A cable between the leader and one member is no reason to end either: all others hear both. But that
/// member can tell the group nothing and hears nothing of it, so the names that it holds have no owner as
/// long as that lasts. So the leader asks the other voters whom they reach, and one that misses fewer than it
/// does is to lead. It asks about those whom it hears itself as well, as far as they are few: else the next
/// leader might miss one of them, and hand over for that. Since each leader misses fewer than the one before,
/// this comes to an end in any network of subjects_max members that stays as it is. In larger ones not all
/// are asked about, so leadership may come back; but then a leader rests for longer each time.
///
/// Owner:  one node's membership, or a test; not thread-safe
/// Time:   the caller passes `now`; never goes back
/// Bounds: electors_max voters are asked about no more than subjects_max members
class leader_vantage {
 public:
  static constexpr std::size_t electors_max = 8;
  static constexpr std::size_t missed_max = 8;
  static constexpr std::size_t subjects_max =
      32;  ///< half of what a helper takes, see suspicion::pending_max
  /// All questions have it in their number, so that their answers are told from those to an observer.
  static constexpr std::uint64_t mark = std::uint64_t{1} << 63;

  /// @pre options.validate().empty()
  explicit leader_vantage(const vantage_options& options);

  /// Appends to `effects`, which are to be performed in order.
  void step(const vantage::event& what, instant now, std::vector<vantage::effect>& effects);

 private:
  /// A round of questions.
  struct round {
    std::uint64_t number = 0;
    instant ends{};
    std::size_t missed_here = 0;                               ///< subjects that this node does not hear
    std::set<std::pair<std::uint32_t, std::uint32_t>> open{};  ///< voter and subject without an answer
    std::map<std::uint32_t, std::size_t> misses{};  ///< by voter: subjects that it did not say to reach
  };
  using effects_list = std::vector<vantage::effect>;

  void on(const vantage::seen& what, instant now, effects_list& effects);
  void on(const vantage::answered& what, instant now, effects_list& effects);
  void look_around(std::vector<std::uint32_t> missed, const vantage::seen& what, instant now,
                   effects_list& effects);
  void conclude(effects_list& effects);

  vantage_options options_;
  std::map<std::uint32_t, instant> missed_since_;
  std::optional<round> round_;
  std::uint64_t last_number_ = mark;
  instant rests_until_{};
  duration rest_;
  bool handed_over_ = false;  ///< and leads as before, as far as it knows
};

}  // namespace bulwark
