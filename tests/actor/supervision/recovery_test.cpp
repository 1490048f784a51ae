// SPDX-License-Identifier: BSD-3-Clause
// Goal: the state of a service outlives its crashes, unless it is the state that it crashes of.
// Method: a supervised service in virtual time, whose points are in memory.
#include "bulwark/supervision/recoverable_actor.hpp"

#include "supervisor_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct tally_state {
  std::int64_t sum = 0;
  bool poisoned = false;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, tally_state& x) {
    return f(caf::meta::type_name("tally_state"), x.sum, x.poisoned);
  }
};

/// Adds numbers up; crashes on "crash", obeys "save", "quit" and "poison" (after which it saves a state that
/// it cannot begin with).
class tally : public recoverable_actor<tally_state> {
 public:
  using recoverable_actor::recoverable_actor;

  caf::behavior make_behavior() override {
    if (state.poisoned) throw std::runtime_error{"cannot begin with this"};
    return {
        [this](std::int64_t number) { return state.sum += number; },
        [this](const std::string& order) {
          if (order == "crash") throw std::runtime_error{"told to"};
          if (order.starts_with("save")) save();
          if (order == "save and crash") throw std::runtime_error{"too early"};
          if (order == "quit") quit();
          if (order == "poison") state.poisoned = true;
        },
    };
  }
};

class recovery_test : public supervisor_fixture {
 protected:
  void supervise(recovery_options options, restart_type restart = restart_type::permanent) {
    points = make_recovery(std::move(options));
    child service;
    service.spec.id = "tally";
    service.spec.restart = restart;
    service.spec.delays.reset_after = duration::zero();
    service.ref = ref = make_stable_ref(world.system(), {"tally"});
    service.recovery = points;
    service.start = [points = points](caf::actor_system& system, const caf::actor&) -> caf::actor {
      return system.spawn<tally>(points);
    };
    start(restart_strategy::one_for_one, {service});
  }

  std::int64_t add(std::int64_t number) {
    const auto reply = testkit::ask<std::int64_t>(world.system(), ref, number);
    world.drain();
    return reply->value.value_or(-1);
  }

  std::vector<std::string> told(event_kind kind) {
    std::vector<std::string> lines;
    for (const auto& event : recorder.events())
      if (event.kind == kind) lines.push_back(to_string(event));
    return lines;
  }

  std::shared_ptr<recovery_store> store = make_memory_recovery_store();
  recovery_ptr points;
  caf::actor ref;
};

TEST_F(recovery_test, the_state_of_the_last_point_is_there_after_a_crash) {
  supervise({.rules = {.every_messages = 3}});
  for (const int number : {1, 2, 3, 4}) add(number);
  tell(ref, "crash");
  EXPECT_EQ(add(0), 6) << "what came since the last point is lost";
  EXPECT_THAT(told(event_kind::restored),
              ElementsAre("restored tally (point 1; the state of its last recovery point)"));
}

TEST_F(recovery_test, a_service_without_rules_is_saved_when_it_says_so) {
  supervise({});
  add(5);
  tell(ref, "save");
  add(7);
  tell(ref, "crash");
  EXPECT_EQ(add(0), 5);
}

TEST_F(recovery_test, a_message_that_fails_leaves_no_trace_in_a_point) {
  supervise({});
  add(5);
  tell(ref, "save");
  add(7);
  tell(ref, "save and crash");
  EXPECT_EQ(add(0), 5);
  EXPECT_THAT(points->points(), ElementsAre(1));
}

TEST_F(recovery_test, a_save_comes_some_time_after_a_message_though_no_other_one_follows) {
  supervise({.rules = {.every = 10s}});
  add(5);
  world.advance(9s);
  add(7);
  world.advance(1s);
  add(9);
  tell(ref, "crash");
  EXPECT_EQ(add(0), 12);
  world.advance(20s);
  tell(ref, "crash");
  EXPECT_EQ(add(0), 12);
}

TEST_F(recovery_test, an_orderly_end_saves_and_a_new_tree_begins_there) {
  supervise({.store = store}, restart_type::temporary);
  add(5);
  tell(ref, "quit");
  supervise({.store = store});
  EXPECT_EQ(add(0), 5);
}

TEST_F(recovery_test, a_supervisor_that_stops_its_child_lets_it_save) {
  supervise({.store = store});
  add(5);
  caf::anon_send_exit(root_, caf::exit_reason::user_shutdown);
  world.drain();
  supervise({.store = store});
  EXPECT_EQ(add(0), 5);
}

TEST_F(recovery_test, a_state_that_its_service_cannot_begin_with_is_given_up_for_the_one_before) {
  supervise({});
  add(5);
  tell(ref, "save");
  tell(ref, "poison");
  tell(ref, "save");
  tell(ref, "crash");
  world.advance(1min);
  EXPECT_EQ(add(0), 5);
  EXPECT_THAT(told(event_kind::point_given_up),
              ElementsAre("point_given_up tally (point 2; its service crashed right after it was restored)"));
}

TEST_F(recovery_test, if_no_point_works_the_service_begins_afresh) {
  supervise({.rules = {.keep = 1}});
  add(5);
  tell(ref, "poison");
  tell(ref, "save");
  tell(ref, "crash");
  world.advance(1min);
  EXPECT_EQ(add(0), 0);
}

TEST_F(recovery_test, a_message_that_crashes_the_service_again_and_again_does_not_cost_its_state) {
  supervise({});
  add(5);
  tell(ref, "save");
  for (int crash = 0; crash < 5; ++crash) {
    tell(ref, "crash");
    EXPECT_EQ(add(0), 5);
  }
  EXPECT_THAT(told(event_kind::point_given_up), IsEmpty());
}

TEST_F(recovery_test, damaged_points_and_those_of_another_version_are_skipped_and_told) {
  store->write(1, encode_recovery_point(std::string(9, '\0'), 1), {});
  store->write(2, "rubbish", {});
  store->write(3, encode_recovery_point("", 2), {});
  store->write(4, encode_recovery_point("short", 1), {});
  store->write(5, encode_recovery_point(std::string(10, '\0'), 1), {});
  supervise({.store = store});
  const auto given_up = told(event_kind::point_given_up);
  ASSERT_EQ(given_up.size(), 4U);
  EXPECT_THAT(given_up[0], HasSubstr("point 5; its state is not understood"));
  EXPECT_THAT(given_up[1], HasSubstr("point 4; its state is not understood"));
  EXPECT_THAT(given_up[2], HasSubstr("point 3; its state has version 2; expected 1"));
  EXPECT_THAT(given_up[3], HasSubstr("point 2; it is no recovery point, or cut short"));
  EXPECT_THAT(told(event_kind::restored), ElementsAre(HasSubstr("point 1")));
  EXPECT_THAT(store->numbers(), ElementsAre(1));
}

/// Cannot be saved when it ends.
struct shy_state {
  bool asked = false;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, shy_state& x) {
    if (x.asked) throw std::runtime_error{"cannot be written"};
    return f(x.asked);
  }
};

class shy_service : public recoverable_actor<shy_state> {
 public:
  using recoverable_actor::recoverable_actor;
  caf::behavior make_behavior() override {
    return {[this](const std::string&) {
      state.asked = true;
      quit();
    }};
  }
};

TEST_F(recovery_test, a_state_that_cannot_be_written_at_an_orderly_end_is_told) {
  points = make_recovery({.sink = recorder.sink(), .path = "shy"});
  tell(world.system().spawn<shy_service>(points), "quit");
  EXPECT_THAT(told(event_kind::point_lost), ElementsAre("point_lost shy (cannot be written)"));
}

/// Takes nothing.
struct broken_store final : recovery_store {
  std::vector<std::uint64_t> numbers() const override { return {7}; }
  std::optional<std::string> read(std::uint64_t) const override { throw std::runtime_error{"cannot read"}; }
  void write(std::uint64_t, std::string, const std::vector<std::uint64_t>&) override {
    throw std::runtime_error{"disk full"};
  }
  void set_aside(std::uint64_t) override { throw std::runtime_error{"cannot rename"}; }
  void flush() override { throw std::runtime_error{"disk full"}; }
};

TEST_F(recovery_test, trouble_with_the_store_is_told_and_the_service_goes_on) {
  supervise({.store = std::make_shared<broken_store>()});
  EXPECT_EQ(add(5), 5);
  tell(ref, "save");
  EXPECT_EQ(add(5), 10);
  EXPECT_FALSE(points->flush(instant{}));
  EXPECT_THAT(told(event_kind::point_given_up),
              ElementsAre(HasSubstr("cannot read; it could not be set aside: cannot rename")));
  EXPECT_THAT(told(event_kind::point_lost), ElementsAre(HasSubstr("disk full"), HasSubstr("disk full")));
}

TEST(recovery_point, every_flipped_bit_and_every_cut_is_noticed) {
  const auto good = encode_recovery_point("a state of some length", 3);
  std::string state;
  EXPECT_EQ(decode_recovery_point(good, 3, state), "");
  EXPECT_EQ(state, "a state of some length");
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    EXPECT_NE(decode_recovery_point(bad, 3, state), "") << "bit " << bit;
  }
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_NE(decode_recovery_point(std::string_view{good}.substr(0, size), 3, state), "")
        << size << " bytes";
  EXPECT_NE(decode_recovery_point(good + "x", 3, state), "");
}

TEST(recovery_point, the_format_does_not_change) {
  const auto point = encode_recovery_point("ab", 0x01020304);
  EXPECT_EQ(point.substr(0, 17), std::string("bwrp\x01\x04\x03\x02\x01\x02\0\0\0\0\0\0\0", 17));
  EXPECT_EQ(point.substr(21), "ab");
}

TEST(recovery, refuses_rules_that_cannot_work) {
  EXPECT_THROW(make_recovery({.rules = {.keep = 0}}), std::invalid_argument);
  EXPECT_THROW(make_recovery({.store = nullptr}), std::invalid_argument);
  child shared;
  shared.spec.id = "w";
  shared.start = [](caf::actor_system&, const caf::actor&) -> caf::actor { return {}; };
  shared.recovery = make_recovery();
  supervisor_flags flags;
  flags.strategy = restart_strategy::simple_one_for_one;
  EXPECT_THAT(validate(flags, std::vector{shared}), HasSubstr("cannot share their recovery points"));
}

}  // namespace
}  // namespace bulwark
