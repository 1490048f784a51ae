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

struct claim_options {
  duration say_again = std::chrono::milliseconds{500};  ///< what shows no effect in the group
  /// How long a name is kept for a service that ended, which may be about to be restarted.
  duration keep_for = std::chrono::seconds{2};
  /// How long a name that was given up is looked after: a claim that was said before may take effect late.
  duration look_after = std::chrono::seconds{10};

  /// Empty if the options can work, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;
};

/// What happens to the services that a node publishes, and what is said to the group about them.
namespace publishing {

/// This start of the service serves; later starts have higher numbers.
struct served {
  std::string name;
  std::uint64_t start = 0;
};
/// This start of the service ended. Another may follow.
struct ended {
  std::string name;
  std::uint64_t start = 0;
};
/// The service ended for good.
struct withdrawn {
  std::string name;
};
/// The group, or time, may have moved on.
struct looked {};

using event = std::variant<served, ended, withdrawn, looked>;

using effect = std::variant<names::claim, names::release>;

}  // namespace publishing

/// Gets the names of the services of one node registered, and given up when they are gone for good.
///
/// It goes by what the registry shows, not by answers: what is not as it should be is said, and said again
/// until it is. A name that somebody else holds is waited for. It claims for the life in which the node is a
/// member at the time; after a life was lost, all that serves is claimed anew.
///
/// Owner:  one actor or a test; not thread-safe
/// Time:   the caller passes `now`; never goes back. Comes to look several times within say_again
/// Bounds: as many names as serve, or ended within keep_for and look_after; the caller bounds them
class service_claims {
 public:
  /// @pre options.validate().empty()
  explicit service_claims(const claim_options& options);

  /// Appends to `effects`. `self` is the life in which the node is a member, or wants to be; `group` may be
  /// null while nothing is known.
  void step(const publishing::event& what, const node_life& self, const membership_group* group, instant now,
            std::vector<publishing::effect>& effects);

  /// Names that serve or are still looked after.
  [[nodiscard]] std::size_t size() const noexcept { return claims_.size(); }

 private:
  struct claim {
    std::uint64_t start = 0;
    std::optional<instant> ended_at{};  ///< nothing serves since
    bool gives_up = false;              ///< the name is to be free
    instant forget_at{};                ///< meaningful if it gives up
    instant next_word{};
  };

  void on(const publishing::served& what, instant now);
  void on(const publishing::ended& what, instant now);
  void on(const publishing::withdrawn& what, instant now);
  void on(const publishing::looked&, instant) {}
  /// False if there is nothing left to look after.
  bool review(const std::string& name, claim& one, const node_life& self, const membership_group& group,
              instant now, std::vector<publishing::effect>& effects) const;

  claim_options options_;
  std::map<std::string, claim> claims_;
};

}  // namespace bulwark
