// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>

#include "bulwark/actors/compat.hpp"
#include "bulwark/consensus/replicated.hpp"

namespace bulwark::test {

/// Adds to a counter by name; below zero it cannot go.
struct add {
  std::string name;
  std::int64_t amount = 0;
};
/// Notes when, and a random number.
struct stamp {
  std::string name;
};
struct get {
  std::string name;
};

BULWARK_OBJECT(add, BULWARK_FIELD(name), BULWARK_FIELD(amount))
BULWARK_OBJECT(stamp, BULWARK_FIELD(name))
BULWARK_OBJECT(get, BULWARK_FIELD(name))

/// The state of the tests.
struct counters {
  using commands = consensus::message_list<add, stamp>;
  using queries = consensus::message_list<get>;

  std::int64_t apply(const add& what) {
    auto& counter = totals[what.name];
    if (counter + what.amount < 0) throw std::out_of_range{what.name + " would be below zero"};
    return counter += what.amount;
  }
  std::int64_t apply(const stamp& what, const consensus::apply_context& around) {
    totals[what.name] = around.log_time.count();
    totals[what.name + "'s dice"] = static_cast<std::int64_t>(around.seed >> 1);
    return totals[what.name];
  }
  [[nodiscard]] std::int64_t answer(const get& what) const {
    const auto found = totals.find(what.name);
    return found == totals.end() ? 0 : found->second;
  }

  std::map<std::string, std::int64_t> totals;
};

BULWARK_OBJECT(counters, BULWARK_FIELD(totals))

}  // namespace bulwark::test

CAF_BEGIN_TYPE_ID_BLOCK(counter_messages, caf::first_custom_type_id + 1000)
CAF_ADD_TYPE_ID(counter_messages, (bulwark::test::add))
CAF_ADD_TYPE_ID(counter_messages, (bulwark::test::stamp))
CAF_ADD_TYPE_ID(counter_messages, (bulwark::test::get))
CAF_END_TYPE_ID_BLOCK(counter_messages)
