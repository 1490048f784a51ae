// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/service_claims.hpp"

#include <iterator>

#include "bulwark/actors/core/invariant.hpp"

namespace bulwark {

std::string claim_options::validate() const {
  if (say_again <= duration::zero()) return "say_again is not above zero";
  if (keep_for < duration::zero()) return "keep_for is below zero";
  if (look_after < say_again) return "look_after is less than say_again; expected several times as much";
  return {};
}

service_claims::service_claims(const claim_options& options) : options_{options} {
  BULWARK_INVARIANT(options.validate().empty());
}

void service_claims::step(const publishing::event& what, const node_life& self, const membership_group* group,
                          instant now, std::vector<publishing::effect>& effects) {
  std::visit([&](const auto& one) { on(one, now); }, what);
  if (!group) return;
  for (auto one = claims_.begin(); one != claims_.end();)
    one = review(one->first, one->second, self, *group, now, effects) ? std::next(one) : claims_.erase(one);
}

void service_claims::on(const publishing::served& what, instant now) {
  auto& one = claims_[what.name];
  if (what.start <= one.start && !one.ended_at) return;
  one = {};
  one.start = what.start;
  one.next_word = now;
}

void service_claims::on(const publishing::ended& what, instant now) {
  const auto found = claims_.find(what.name);
  if (found != claims_.end() && found->second.start == what.start && !found->second.ended_at)
    found->second.ended_at = now;
}

void service_claims::on(const publishing::withdrawn& what, instant now) {
  const auto found = claims_.find(what.name);
  if (found == claims_.end() || found->second.gives_up) return;
  auto& one = found->second;
  if (!one.ended_at) one.ended_at = now;
  one.gives_up = true;
  one.forget_at = now + options_.look_after;
  one.next_word = now;
}

bool service_claims::review(const std::string& name, claim& one, const node_life& self,
                            const membership_group& group, instant now,
                            std::vector<publishing::effect>& effects) const {
  if (one.ended_at && !one.gives_up && now >= *one.ended_at + options_.keep_for) {
    one.gives_up = true;
    one.forget_at = now + options_.look_after;
    one.next_word = now;
  }
  const auto* entry = group.names().whereis(name);
  const bool ours = entry && entry->owner == self && entry->start <= one.start;
  if (one.gives_up && !ours) return now < one.forget_at;
  const bool as_wanted = one.ended_at ? !one.gives_up : ours && entry->start == one.start;
  // The claim of a node that is no member would be refused, and so would one of a name that another holds.
  const bool hopeless = group.nodes().check(self) != membership_error::none || (entry && !ours);
  if (as_wanted || hopeless || now < one.next_word) return true;
  one.next_word = now + options_.say_again;
  if (one.gives_up)
    effects.emplace_back(names::release{name, entry->token});
  else
    effects.emplace_back(names::claim{name, self, one.start});
  return true;
}

}  // namespace bulwark
