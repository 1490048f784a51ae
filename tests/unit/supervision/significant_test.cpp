// SPDX-License-Identifier: BSD-3-Clause
// Goal: the end of significant children ends their supervisor exactly when OTP 24 says so.
// Method: a table of modes x restart types x ways to end, and the exceptions one by one.
#include <gmock/gmock.h>

#include <ostream>

#include "plan_run.hpp"

namespace bulwark {
namespace {

using testing::HasSubstr;
using enum restart_strategy;
using enum restart_type;
using enum exit_kind;

constexpr auto any = auto_shutdown::any_significant;
constexpr auto all = auto_shutdown::all_significant;
constexpr auto never = auto_shutdown::never;

child_spec significant(std::string id, restart_type type) {
  auto spec = named(std::move(id), type);
  spec.significant = true;
  return spec;
}

supervisor_flags flags_with(auto_shutdown mode, restart_strategy strategy = one_for_one) {
  auto flags = flags_of(strategy, 100);
  flags.shutdown = mode;
  return flags;
}

bool ended(const plan_run& run) { return !run.log.empty() && run.log.back() == "stopped"; }

struct significant_row {
  auto_shutdown mode;
  restart_type type;
  exit_kind reason;
  bool ends;
};

std::ostream& operator<<(std::ostream& out, const significant_row& row) {
  return out << to_string(row.mode) << ", " << to_string(row.type) << ", " << to_string(row.reason);
}

class significant_table : public testing::TestWithParam<significant_row> {};

TEST_P(significant_table, the_last_one_to_end_ends_its_supervisor) {
  const auto& row = GetParam();
  plan_run run{flags_with(row.mode), {significant("a", row.type), named("b")}};
  run.begin();
  run.crash("a", row.reason);
  EXPECT_EQ(ended(run), row.ends);
  EXPECT_EQ(run.why_stopped.empty(), !row.ends);
}

INSTANTIATE_TEST_SUITE_P(
    otp, significant_table,
    testing::Values(
        significant_row{any, temporary, normal, true}, significant_row{any, temporary, shutdown, true},
        significant_row{any, temporary, failure, true}, significant_row{any, temporary, killed, true},
        significant_row{any, transient, normal, true}, significant_row{any, transient, shutdown, true},
        significant_row{any, transient, failure, false}, significant_row{any, transient, killed, false},
        significant_row{all, temporary, normal, true}, significant_row{all, temporary, failure, true},
        significant_row{all, temporary, killed, true}, significant_row{all, transient, normal, true},
        significant_row{all, transient, failure, false}, significant_row{all, transient, killed, false}),
    [](const auto& test) {
      return std::string{to_string(test.param.mode)} + "__" + to_string(test.param.type) + "__" +
             to_string(test.param.reason);
    });

TEST(significant_children, under_all_only_the_last_one_counts) {
  plan_run run{flags_with(all),
               {significant("a", temporary), significant("b", transient), named("c", temporary)}};
  run.begin();
  run.crash("a", normal);
  EXPECT_FALSE(ended(run));
  run.crash("b", normal);
  EXPECT_TRUE(ended(run));
  EXPECT_THAT(run.why_stopped, HasSubstr("\"b\" ended"));
}

TEST(significant_children, one_that_is_being_restarted_still_counts_as_there) {
  plan_run run{flags_with(all), {significant("a", temporary), significant("b", transient)}};
  run.begin();
  run.broken = {"b"};
  run.crash("b");
  run.crash("a", normal);
  EXPECT_FALSE(ended(run));
}

TEST(significant_children, others_never_end_their_supervisor) {
  for (const auto mode : {never, any, all})
    for (const auto type : {temporary, transient})
      for (const auto reason : {normal, shutdown, failure, killed}) {
        plan_run run{flags_with(mode), {named("a", type), named("b")}};
        run.begin();
        run.crash("a", reason);
        EXPECT_FALSE(ended(run)) << to_string(mode) << ' ' << to_string(type) << ' ' << to_string(reason);
      }
}

TEST(significant_children, one_that_is_terminated_does_not_end_its_supervisor) {
  for (const auto type : {temporary, transient}) {
    plan_run run{flags_with(any), {significant("a", type), named("b")}};
    run.begin();
    EXPECT_EQ(run.terminate("a"), plan_error::none);
    EXPECT_FALSE(ended(run));
  }
}

TEST(significant_children, one_that_its_siblings_take_along_does_not_end_its_supervisor) {
  for (const auto strategy : {one_for_all, rest_for_one})
    for (const auto mode : {any, all})
      for (const auto type : {temporary, transient}) {
        plan_run run{flags_with(mode, strategy), {named("b"), significant("a", type)}};
        run.begin();
        run.crash("b");
        EXPECT_FALSE(ended(run)) << to_string(strategy) << ' ' << to_string(mode) << ' ' << to_string(type);
        EXPECT_EQ(run.state("a"), type == transient ? "up" : "no such child");
      }
}

TEST(significant_children, work_in_a_pool) {
  for (const auto mode : {any, all}) {
    plan_run run{flags_with(mode, simple_one_for_one), {significant("w", transient)}};
    run.begin();
    run.add();
    run.add();
    run.crash("w:1", failure);
    EXPECT_EQ(run.state("w:1"), "up");
    run.crash("w:1", normal);
    EXPECT_EQ(ended(run), mode == any);
    if (mode == any) continue;
    run.crash("w:2", normal);
    EXPECT_TRUE(ended(run));
  }
}

TEST(significant_children, a_change_of_the_mode_takes_effect_at_once) {
  const std::vector specs{named("a", temporary), named("b")};
  plan_run run{flags_with(never), specs};
  run.begin();
  EXPECT_EQ(run.start(significant("s", temporary)), plan_error::invalid_spec);
  EXPECT_EQ(run.plan.change(flags_with(any), specs), "");
  EXPECT_EQ(run.start(significant("s", temporary)), plan_error::none);
  EXPECT_EQ(run.start(significant("t", temporary)), plan_error::none);
  EXPECT_EQ(run.plan.change(flags_with(all), {}), "");
  run.crash("s", normal);
  EXPECT_FALSE(ended(run));
  EXPECT_EQ(run.plan.change(flags_with(never), {}), "");
  EXPECT_EQ(run.plan.change(flags_with(any), {}), "");
  run.crash("t", normal);
  EXPECT_TRUE(ended(run));
}

TEST(significant_children, a_child_can_become_significant_and_cease_to_be) {
  plan_run run{flags_with(any), {named("a", temporary), significant("b", temporary), named("c")}};
  run.begin();
  EXPECT_EQ(run.plan.change(flags_with(any), {significant("a", temporary), named("b", temporary)}), "");
  run.crash("b", normal);
  EXPECT_FALSE(ended(run));
  run.crash("a", normal);
  EXPECT_TRUE(ended(run));
}

}  // namespace
}  // namespace bulwark
