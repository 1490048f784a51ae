// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/supervision/core/membership_group.hpp"

namespace bulwark {

/// Why what a node has shown to others must not serve them any more.
enum class fence_reason : std::uint8_t {
  life_over,  ///< the life of the node in which it was shown
  taken,      ///< the name belongs to another life
  given_up,   ///< the name, or it serves under it no longer; and all should have heard of that by now
};

/// What happens to the services that a node shows to others, and what is done about that.
namespace fencing {

/// Another node asks for what serves here under the name; `service` tells actors apart.
struct wanted {
  std::string name;
  std::uint64_t service = 0;
};
/// This one serves under the name, and no other does; 0: none.
struct serves {
  std::string name;
  std::uint64_t service = 0;
};
/// A fence of that number stands from before.
struct stands {
  std::uint64_t number = 0;
  std::string name;
  std::uint64_t service = 0;
  node_life life;
};
/// The fence has ended, with its service.
struct ended {
  std::string name;
  std::uint64_t number = 0;
};
/// The group, or time, may have moved on.
struct looked {};

using event = std::variant<wanted, serves, stands, ended, looked>;

/// Whoever asked gets the fence of that number, which is made if it is new. Only ever within the step of
/// `wanted`.
struct show {
  std::uint64_t number = 0;
  bool is_new = false;
  friend bool operator==(const show&, const show&) = default;
};
/// Nothing passes this fence from now on. Nothing is known of it after that.
struct fence_off {
  std::uint64_t number = 0;
  fence_reason why = fence_reason::life_over;
  friend bool operator==(const fence_off&, const fence_off&) = default;
};

using effect = std::variant<show, fence_off>;

}  // namespace fencing

/// Decides how long what a node has shown to others may serve them.
///
/// A fence stands before one service under one name in one life of the node. A restart of that under the same
/// handle changes the token, but neither life nor service: the fence stays. It goes up in the step in which
/// the life is over, or another one has the name. What gives its name up of its own accord serves on for a
/// moment, so that a planned hand-over fails nobody who has not heard of it.
///
/// Owner:      one actor or a test; not thread-safe
/// Invariants: nothing is shown in a life that the group holds for over
/// Time:       the caller passes `now`; never goes back
/// Bounds:     as many fences as services were shown and have neither ended nor been fenced off; the caller
///             bounds them
class service_fences {
 public:
  /// `serve_on`: how long what gave its name up serves on; at least zero.
  explicit service_fences(duration serve_on);

  /// Appends to `effects`, which are to be performed in order. `self` is the life in which the node is a
  /// member, or wants to be; `group` may be null while nothing is known.
  void step(const fencing::event& what, const node_life& self, const membership_group* group, instant now,
            std::vector<fencing::effect>& effects);

  /// Fences that let pass.
  [[nodiscard]] std::size_t size() const noexcept;

 private:
  struct fence {
    std::uint64_t number = 0;
    std::uint64_t service = 0;
    node_life life;
    std::uint64_t token = 0;             ///< under which the life was seen to have the name last
    std::optional<instant> serves_on{};  ///< until then, as the name was given up
  };

  struct turn {
    const node_life& self;
    const membership_group* group;
    instant now;
    std::vector<fencing::effect>& effects;
  };

  void on(const fencing::wanted& what, turn& at);
  void on(const fencing::serves& what, turn& at);
  void on(const fencing::stands& what, turn& at);
  void on(const fencing::ended& what, turn& at);
  void on(const fencing::looked& what, turn& at);
  /// Why it must not let pass any more; nothing if it may.
  static std::optional<fence_reason> review(const std::string& name, fence& one, const turn& at);

  duration serve_on_;
  std::uint64_t last_number_ = 0;
  std::map<std::string, std::vector<fence>> fences_;  ///< by name; never empty
};

[[nodiscard]] const char* to_string(fence_reason why) noexcept;

}  // namespace bulwark
