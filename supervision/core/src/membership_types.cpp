// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/membership_types.hpp"

#include <ostream>

namespace bulwark {

std::string membership_rules::validate() const {
  if (observers < 1 || observers > 64) return "observers is not between 1 and 64";
  if (threshold < 1 || threshold > observers) return "threshold is not between 1 and the number of observers";
  if (members_max < 1 || members_max > 65536) return "members_max is not between 1 and 65536";
  return {};
}

const char* to_string(member_state state) noexcept {
  switch (state) {
    case member_state::joining: return "joining";
    case member_state::up: return "up";
    case member_state::suspect: return "suspect";
    case member_state::draining: return "draining";
    case member_state::down: return "down";
    case member_state::removed: break;
  }
  return "removed";
}

const char* to_string(down_cause cause) noexcept {
  switch (cause) {
    case down_cause::accused: return "accused";
    case down_cause::left: return "left";
    case down_cause::replaced: return "replaced";
    case down_cause::none: break;
  }
  return "none";
}

const char* to_string(membership_error error) noexcept {
  switch (error) {
    case membership_error::none: return "no error";
    case membership_error::malformed: return "expected a membership command of a known version";
    case membership_error::bad_argument:
      return "expected a node and an incarnation of 1 or more, an address of at most 255 bytes, at most 16 "
             "roles of 1 to 64 bytes, and rules that can work";
    case membership_error::unknown_node: return "this node is no member yet; it has to join first";
    case membership_error::fenced:
      return "this life of the node is over; it has to join with a higher incarnation";
    case membership_error::subject_gone: return "that life of the node is over already";
    case membership_error::not_observer: return "this node does not watch that one in the present view";
    case membership_error::stale_round:
      return "this was refuted meanwhile; expected evidence of the present round";
    case membership_error::not_suspect: return "nobody accuses this node";
    case membership_error::refutations_exhausted:
      return "refuted too often; one of the accusers has to hear this node first";
    case membership_error::still_live: return "only a node that is down can be removed";
    case membership_error::full: break;
  }
  return "there is no room for another member";
}

std::string to_string(const node_life& life) {
  return "n" + std::to_string(life.node) + "/" + std::to_string(life.incarnation);
}

std::string to_string(const membership_change& change) {
  auto text = "view " + std::to_string(change.view) + ": " + to_string(change.life) + " " +
              to_string(change.from) + " -> " + to_string(change.to);
  if (change.to == member_state::down) text += std::string{", "} + to_string(change.cause);
  if (change.accusers.empty()) return text;
  text += change.to == member_state::down ? " by" : ", accused by";
  for (const auto accuser : change.accusers) text += " n" + std::to_string(accuser);
  return text;
}

std::ostream& operator<<(std::ostream& out, member_state state) { return out << to_string(state); }
std::ostream& operator<<(std::ostream& out, membership_error error) { return out << to_string(error); }
std::ostream& operator<<(std::ostream& out, const node_life& life) { return out << to_string(life); }
std::ostream& operator<<(std::ostream& out, const membership_change& change) {
  return out << to_string(change);
}

}  // namespace bulwark
