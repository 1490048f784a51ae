// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "island_event.hpp"

namespace bulwark::cluster_test {

/// What all nodes told, put together and checked: whether they agree on each view, and whether any name ever
/// had two live owners.
///
/// Rules:  (1) what a process tells of views has no gaps, and a view is the same for all
///         (2) of one name, no token is acted upon while another is: between the first and the last time that
///         a token's owner acted, nobody acts under another; and the later owner has the higher token
///         (3) one token belongs to one process, which does not act behind its end
/// Takes:  the events of one process in their order, those of different ones in any
/// Owner:  one test; not thread-safe
class island_history {
 public:
  /// The time in which one token was acted upon.
  struct reign {
    std::uint64_t token = 0;
    std::uint32_t node = 0;
    std::uint64_t process = 0;
    instant first{};
    instant last{};
    bool ended = false;  ///< its owner stopped, by its own word
  };

  void take(const island_event& event);

  /// What broke a rule; empty if nothing did.
  [[nodiscard]] std::vector<std::string> problems() const;

  /// Whether the latest processes of the nodes 1 to `nodes` have all come to the same view, in which all of
  /// them are up, and each of the names is acted upon, since `since`, under one token: says what is not so;
  /// empty if all is.
  [[nodiscard]] std::string why_not_whole(std::uint32_t nodes, const std::vector<std::string>& names,
                                          instant since) const;

  /// All but acts, in the order in which they were taken.
  [[nodiscard]] const std::vector<island_event>& events() const noexcept { return events_; }
  /// Those who acted upon a name, by the time at which they began.
  [[nodiscard]] std::vector<reign> reigns(const std::string& name) const;
  /// Whom a node takes for the leader, by its latest word; 0 if nobody.
  [[nodiscard]] std::uint32_t leader_seen_by(std::uint32_t node) const;
  /// The state of a member as the latest process of node `by` sees it; removed if it does not know it.
  [[nodiscard]] member_state state_seen_by(std::uint32_t by, std::uint32_t subject) const;

 private:
  /// A process.
  struct teller {
    std::uint64_t view = 0;
    std::uint32_t leader = 0;
    std::map<std::uint32_t, member_state> states;
  };
  struct key {
    std::uint32_t node = 0;
    std::uint64_t process = 0;
    friend auto operator<=>(const key&, const key&) = default;
  };

  void on(const told::started&, const key&, instant) {}
  void on(const told::leader& what, const key& by, instant at);
  void on(const told::verdict&, const key&, instant) {}
  void on(const told::view& what, const key& by, instant at);
  void on(const told::owner& what, const key& by, instant at);
  void check_reigns(const std::string& name, std::vector<std::string>& found) const;
  void broken(std::string what);
  /// The latest process of a node; null if it told nothing.
  [[nodiscard]] const teller* latest(std::uint32_t node) const;

  std::map<key, teller> tellers_;
  std::map<std::uint64_t, membership_change> agreed_;  ///< by view
  std::map<std::string, std::map<std::uint64_t, reign>> reigns_;
  std::vector<island_event> events_;
  std::vector<std::string> problems_;  ///< those that show at once; the first ones
};

}  // namespace bulwark::cluster_test
