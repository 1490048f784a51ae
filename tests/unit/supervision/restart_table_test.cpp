// SPDX-License-Identifier: BSD-3-Clause
// Goal: what a restart plan does after an exit is the table that Erlang/OTP documents.
// Method: every strategy x restart type x exit reason; the middle one of three children ends, and the orders
// are compared with a table written by hand.
#include <gmock/gmock.h>

#include <ostream>

#include "plan_run.hpp"

namespace bulwark {
namespace {

using testing::ElementsAreArray;
using table_words = std::vector<std::string>;
using enum restart_strategy;
using enum restart_type;
using enum exit_kind;

struct table_row {
  restart_strategy strategy;
  restart_type type;
  exit_kind reason;
  bool restarts;
};

std::ostream& operator<<(std::ostream& out, const table_row& row) {
  return out << to_string(row.strategy) << ", " << to_string(row.type) << ", " << to_string(row.reason);
}

table_words expected_orders(const table_row& row) {
  if (!row.restarts) return {row.type == temporary ? "drop b" : "gone b"};
  switch (row.strategy) {
    case one_for_one:
    case simple_one_for_one: return {"start b#2"};
    case one_for_all: return {"stop c#1", "stop a#1", "start a#2", "start b#2", "start c#2"};
    case rest_for_one: return {"stop c#1", "start b#2", "start c#2"};
  }
  return {};
}

class restart_table : public testing::TestWithParam<table_row> {};

TEST_P(restart_table, decides_as_otp_does) {
  plan_run run{flags_of(GetParam().strategy), {named("a"), named("b", GetParam().type), named("c")}};
  run.begin();
  run.orders();

  run.crash("b", GetParam().reason);

  EXPECT_THAT(run.orders(), ElementsAreArray(expected_orders(GetParam())));
}

std::vector<table_row> all_rows() {
  // Whether a child of this type is restarted after this exit; the strategy only says who comes along.
  const struct {
    restart_type type;
    exit_kind reason;
    bool restarts;
  } decisions[] = {
      {permanent, normal, true},    {permanent, shutdown, true}, {permanent, failure, true},
      {permanent, killed, true},    {transient, normal, false},  {transient, shutdown, false},
      {transient, failure, true},   {transient, killed, true},   {temporary, normal, false},
      {temporary, shutdown, false}, {temporary, failure, false}, {temporary, killed, false},
  };
  std::vector<table_row> rows;
  for (const auto strategy : {one_for_one, one_for_all, rest_for_one})
    for (const auto& [type, reason, restarts] : decisions) rows.push_back({strategy, type, reason, restarts});
  return rows;
}

INSTANTIATE_TEST_SUITE_P(otp, restart_table, testing::ValuesIn(all_rows()), [](const auto& test) {
  return std::string{to_string(test.param.strategy)} + "__" + to_string(test.param.type) + "__" +
         to_string(test.param.reason);
});

}  // namespace
}  // namespace bulwark
