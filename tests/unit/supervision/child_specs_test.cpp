// SPDX-License-Identifier: BSD-3-Clause
// Goal: a spec or flag that cannot work is refused with words that say why, and every other is accepted.
// Method: all combinations of the values that OTP's child_specs_map case goes through; the refusals one by
// one.
#include <gmock/gmock.h>

#include <functional>

#include "plan_run.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using enum restart_strategy;
using enum restart_type;

TEST(child_specs, all_combinations_are_accepted_but_those_that_contradict_themselves) {
  const shutdown_policy stops[] = {shutdown_policy::brutal_kill(), shutdown_policy::within(0s),
                                   shutdown_policy::within(5s), shutdown_policy::infinity()};
  int accepted = 0, refused = 0;
  for (const auto mode :
       {auto_shutdown::never, auto_shutdown::any_significant, auto_shutdown::all_significant})
    for (const auto type : {permanent, transient, temporary})
      for (const auto& stop : stops)
        for (const auto kind : {child_type::worker, child_type::supervisor})
          for (const bool significant : {false, true}) {
            supervisor_flags flags;
            flags.shutdown = mode;
            child_spec spec = named("a", type);
            spec.shutdown = stop;
            spec.type = kind;
            spec.significant = significant;
            const bool contradicts = significant && (type == permanent || mode == auto_shutdown::never);
            EXPECT_EQ(validate(flags, {spec}).empty(), !contradicts)
                << to_string(mode) << ' ' << to_string(type) << ' ' << significant;
            ++(contradicts ? refused : accepted);
          }
  EXPECT_EQ(accepted, 104);
  EXPECT_EQ(refused, 40);
}

TEST(child_specs, have_the_defaults_of_otp) {
  const child_spec spec;
  EXPECT_EQ(spec.restart, permanent);
  EXPECT_EQ(spec.shutdown, shutdown_policy::within(5s));
  EXPECT_EQ(spec.type, child_type::worker);
  EXPECT_FALSE(spec.significant);
  const supervisor_flags flags;
  EXPECT_EQ(flags.strategy, one_for_one);
  EXPECT_EQ(flags.intensity, 1u);
  EXPECT_EQ(flags.period, duration{5s});
  EXPECT_EQ(flags.shutdown, auto_shutdown::never);
}

struct refusal {
  const char* words;
  std::function<void(child_spec&)> spoil;
};

TEST(child_specs, that_cannot_work_are_refused_with_the_reason) {
  const refusal refusals[] = {
      {"needs an id", [](auto& spec) { spec.id.clear(); }},
      {"must not contain '/'", [](auto& spec) { spec.id = "a/b"; }},
      {"shutdown time", [](auto& spec) { spec.shutdown = shutdown_policy::within(-1s); }},
      {"start timeout", [](auto& spec) { spec.start_timeout = -1s; }},
      {"progress limit", [](auto& spec) { spec.progress_limit = -1s; }},
      {"transient or temporary", [](auto& spec) { spec.significant = true; }},
      {"pause", [](auto& spec) { spec.exceeded = exceeded_policy::park(0s); }},
      {"period",
       [](auto& spec) {
         spec.own_limit = restart_limit{1, 0s};
       }},
      {"at most 10000000",
       [](auto& spec) {
         spec.own_limit = restart_limit{10'000'001, 1s};
       }},
      {"initial delay", [](auto& spec) { spec.delays.initial = 0s; }},
      {"does not stand before", [](auto& spec) { spec.depends_on = {"a"}; }},
      {"two children", [](auto& spec) { spec.id = "first"; }},
  };
  for (const auto& [words, spoil] : refusals) {
    auto spec = named("a");
    spoil(spec);
    EXPECT_THAT(validate(supervisor_flags{}, {named("first"), spec}), HasSubstr(words));
  }
}

TEST(supervisor_flags, that_cannot_work_are_refused_with_the_reason) {
  supervisor_flags flags;
  EXPECT_THAT(flags.validate(), IsEmpty());
  flags.period = 0s;
  EXPECT_THAT(flags.validate(), HasSubstr("period"));
  flags = {};
  flags.kill_limit = 0s;
  EXPECT_THAT(flags.validate(), HasSubstr("killed child"));
  flags = {};
  flags.start_width = 0;
  EXPECT_THAT(flags.validate(), HasSubstr("at least one"));
  flags = {};
  flags.strategy = simple_one_for_one;
  EXPECT_THAT(validate(flags, {}), HasSubstr("exactly one"));
  EXPECT_THAT(validate(flags, {named("a"), named("b")}), HasSubstr("exactly one"));
  EXPECT_THAT(validate(flags, {named("a")}), IsEmpty());
}

}  // namespace
}  // namespace bulwark
