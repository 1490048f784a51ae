// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/load/models.hpp"

#include "bulwark/actors/core/invariant.hpp"

#include <algorithm>

namespace bulwark::load {

namespace {

std::string text(std::uint64_t number) { return std::to_string(number); }

}  // namespace

const char* to_string(fault_kind kind) {
  switch (kind) {
    case fault_kind::lost: return "lost";
    case fault_kind::stale: return "stale";
    case fault_kind::phantom: return "phantom";
    case fault_kind::torn: return "torn";
  }
  return "?";
}

// register_model
// -----------------------------------------------------------------------------------------------------

std::uint64_t register_model::begin_write() {
  BULWARK_INVARIANT(written_.empty() || written_.back() != state::in_flight);
  written_.push_back(state::in_flight);
  seen_.push_back(false);
  return written_.size();
}

std::optional<violation> register_model::end_write(std::uint64_t value, outcome what) {
  BULWARK_INVARIANT(value == written_.size());
  switch (what) {
    case outcome::done:
      written_.back() = state::acknowledged;
      floor_ = std::max(floor_, value);
      break;
    case outcome::unknown: written_.back() = state::unknown; break;
    case outcome::refused:
      written_.back() = state::refused;
      if (seen_.back())
        return violation{fault_kind::phantom, "read " + text(value) + ", whose write was then refused"};
      break;
  }
  return std::nullopt;
}

std::optional<violation> register_model::end_read(read_token token, std::uint64_t seen) {
  if (seen > written_.size()) {
    return violation{fault_kind::phantom,
                     "read " + text(seen) + ", written only up to " + text(written_.size())};
  }
  const auto known = seen == 0 ? state::acknowledged : written_[seen - 1];
  if (known == state::refused)
    return violation{fault_kind::phantom, "read " + text(seen) + ", which was refused"};
  if (seen > 0) seen_[seen - 1] = true;
  if (seen < token.floor && known != state::unknown) {
    return violation{fault_kind::lost, "read " + text(seen) + " after " + text(token.floor)};
  }
  // The writer sends one value at a time: every lower one that was acknowledged took effect before this one
  // did.
  floor_ = std::max(floor_, seen);
  return std::nullopt;
}

// counter_model
// ------------------------------------------------------------------------------------------------------

std::uint64_t counter_model::floor() const {
  return std::max(observed_, acknowledged_ > lost_ ? acknowledged_ - lost_ : 0);
}

read_token counter_model::begin_increment() {
  ++attempted_;
  return begin_read();
}

std::optional<violation> counter_model::end_increment(read_token token, outcome what, std::uint64_t result) {
  if (what == outcome::refused) --attempted_;
  if (what != outcome::done) return std::nullopt;
  ++acknowledged_;
  if (!results_.insert(result).second) {
    return violation{fault_kind::torn, "two increments were answered with " + text(result)};
  }
  if (result == 0) return violation{fault_kind::phantom, "an increment was answered with 0"};
  // The result itself includes this increment, so it must exceed what was there before.
  if (result <= token.floor) {
    return violation{fault_kind::lost, "increment to " + text(result) + " after " + text(token.floor),
                     token.floor - result + 1};
  }
  return end_read(token, result);
}

std::optional<violation> counter_model::end_read(read_token token, std::uint64_t seen) {
  if (seen > attempted_) {
    return violation{fault_kind::torn, "counted " + text(seen) + " of " + text(attempted_) + " attempts"};
  }
  if (seen < token.floor) {
    return violation{fault_kind::lost, "counted " + text(seen) + " after " + text(token.floor),
                     token.floor - seen};
  }
  observed_ = std::max(observed_, seen);
  return std::nullopt;
}

void counter_model::accept_loss(std::uint64_t seen) {
  observed_ = seen;
  if (acknowledged_ > seen) lost_ = acknowledged_ - seen;
  results_.clear();  // results repeat after increments were lost
}

// chain_model
// --------------------------------------------------------------------------------------------------------

std::uint64_t chain_model::begin_link(std::uint64_t expected) {
  links_[++last_value_] = {.expected = expected};
  return last_value_;
}

std::optional<violation> chain_model::end_link(std::uint64_t value, outcome what, bool applied) {
  auto& added = links_.at(value);
  if (what == outcome::unknown) return std::nullopt;
  if (what == outcome::refused || !applied) {
    added.known = state::failed;
    if (added.visited != 0)
      return violation{fault_kind::phantom, "read " + text(value) + ", which was then refused"};
    return std::nullopt;
  }
  added.known = state::acknowledged;
  acknowledged_.push_back(value);
  const auto [other, unique] = successors_.emplace(added.expected, value);
  if (!unique) {
    return violation{fault_kind::torn,
                     text(other->second) + " and " + text(value) + " both replaced " + text(added.expected)};
  }
  return std::nullopt;
}

bool chain_model::walk(std::uint64_t seen) {
  ++walks_;
  // A link's value is always greater than the value it expects, so the walk ends.
  for (auto value = seen; value != 0;) {
    const auto at = links_.find(value);
    if (at == links_.end() || at->second.known == state::failed) return false;
    at->second.visited = walks_;
    value = at->second.expected;
  }
  return true;
}

std::optional<violation> chain_model::end_read(read_token token, std::uint64_t seen) {
  if (!walk(seen))
    return violation{fault_kind::phantom, "read " + text(seen) + ", which nobody can have set"};
  violation missing{.kind = fault_kind::lost, .detail = {}, .count = 0};
  for (std::size_t i = 0; i < token.progress; ++i) {
    const auto& must = links_.at(acknowledged_[i]);
    if (must.visited == walks_ || must.written_off) continue;
    if (missing.count++ == 0) {
      missing.detail = "read " + text(seen) + ", which does not come after " + text(acknowledged_[i]);
    }
  }
  if (missing.count > 0) return missing;
  return std::nullopt;
}

void chain_model::accept_loss(std::uint64_t seen) {
  walk(seen);
  for (const auto value : acknowledged_) {
    auto& entry = links_.at(value);
    if (entry.visited != walks_) entry.written_off = true;
  }
}

}  // namespace bulwark::load
