// SPDX-License-Identifier: BSD-3-Clause
// Goal: each message through a router is counted once, whatever becomes of its worker, and requests are
// always answered.
// Method: a deterministic system; workers that tell when they are done, and plain ones that are asked.
#include "routing_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class router_counts_test : public routing_fixture {};

TEST_F(router_counts_test, asynchronous_messages_are_done_when_they_are_handled) {
  make({}, 2);
  for (int i = 0; i < 6; ++i) caf::anon_send(router, i);
  EXPECT_THAT(in_flight(), ElementsAre(3, 3));
  EXPECT_EQ(counts().done, 0u);
  world.drain();
  EXPECT_THAT(in_flight(), ElementsAre(0, 0));
  EXPECT_EQ(counts().done, 6u);
  EXPECT_EQ(log->handled.size(), 6u);
}

TEST_F(router_counts_test, plain_actors_are_counted_by_their_acknowledgements) {
  make({}, 2, true);
  for (int i = 0; i < 6; ++i) caf::anon_send(router, i);
  EXPECT_THAT(in_flight(), ElementsAre(3, 3));
  world.drain();
  EXPECT_EQ(counts().done, 6u);
  EXPECT_EQ(log->handled.size(), 6u);
}

TEST_F(router_counts_test, a_request_is_in_flight_until_it_is_answered) {
  make({}, 1);
  const auto reply = ask<float>(1.0f);
  world.drain();
  EXPECT_THAT(in_flight(), ElementsAre(1)) << "handled, and not answered";
  answer(0, 2.0f);
  world.drain();
  EXPECT_EQ(reply->value, 2.0f);
  EXPECT_EQ(counts().done, 1u);
}

TEST_F(router_counts_test, an_error_of_the_application_is_an_answer) {
  make({.is_failure = [](const caf::error& p) { return p.category() != caf::atom("parser"); }}, 1);
  const auto reply = ask<std::int64_t>(std::int64_t{13});
  world.drain();
  EXPECT_TRUE(reply->error);
  EXPECT_EQ(counts().done, 1u);
}

TEST_F(router_counts_test, errors_of_the_machinery_are_failures_unless_told_otherwise) {
  make({}, 0);
  // Without arguments CAF looks into an empty pointer to them, which checked builds abort on: hence the bool.
  workers.push_back(world.system().spawn(
      [](bool) -> caf::behavior {
        return {[](int which) -> caf::result<int> {
          switch (which) {
            case 0: return caf::make_error(caf::sec::runtime_error);
            case 1: return caf::make_error(caf::exit_reason::remote_link_unreachable);
            case 2: return caf::error{service_error::overloaded};
            default: return caf::make_error(caf::pec::unexpected_character);
          }
        }};
      },
      true));
  add_worker(router, workers.back());
  for (int which = 0; which < 4; ++which) (void)ask<int>(which);
  world.drain();
  EXPECT_EQ(counts().failed, 3u);
  EXPECT_EQ(counts().done, 1u);
}

TEST_F(router_counts_test, a_crash_fails_what_the_worker_had_visibly) {
  make({}, 1);
  const auto held = ask<float>(1.0f);
  world.drain();
  const auto queued = ask<std::int64_t>(std::int64_t{1});  // runs first, and comes behind
  caf::anon_send(router, std::string{"crash"});
  caf::anon_send(router, 5);
  world.drain();
  EXPECT_EQ(outcome(held), "request_receiver_down");
  EXPECT_EQ(outcome(queued), "request_receiver_down");
  EXPECT_EQ(counts().failed, 4u) << "the held one, the crash, the queued request and message";
  EXPECT_TRUE(worker_loads(router).empty());
  EXPECT_EQ(outcome(ask<std::int64_t>(std::int64_t{1})), "pending");
  world.drain();
  EXPECT_EQ(counts().rejected, 1u) << "nobody is left";
}

TEST_F(router_counts_test, a_killed_worker_loses_its_mailbox_and_the_count_says_so) {
  for (const bool plain : {false, true}) {
    make({}, 1, plain);
    for (int i = 0; i < 10; ++i) caf::anon_send(router, i);
    kill_now(workers.back());
    world.drain();
    EXPECT_EQ(counts().failed, 10u) << plain;
    EXPECT_EQ(counts().in_flight, 0);
  }
}

TEST_F(router_counts_test, no_answer_in_time_is_a_failure_that_is_told) {
  make({.answer_limit = 5s}, 1);
  const auto reply = ask<float>(1.0f);
  world.advance(4s);
  EXPECT_EQ(outcome(reply), "pending");
  world.advance(1s);
  EXPECT_EQ(outcome(reply), "request_timeout");
  EXPECT_EQ(counts().failed, 1u);
  answer(0, 2.0f);  // too late: counted once all the same
  world.drain();
  EXPECT_TRUE(counts().add_up());
  EXPECT_EQ(counts().done, 0u);
}

TEST_F(router_counts_test, a_worker_that_is_removed_finishes_what_it_has) {
  make({}, 2);
  for (int i = 0; i < 4; ++i) caf::anon_send(router, i);
  const auto held = ask<float>(1.0f);
  remove_worker(router, workers[0]);
  world.drain();
  EXPECT_EQ(counts().done, 4u);
  EXPECT_EQ(counts().in_flight, 1);
  answer(0, 2.0f);
  world.drain();
  EXPECT_EQ(held->value, 2.0f);
  EXPECT_EQ(counts().done, 5u);
}

TEST_F(router_counts_test, the_end_of_a_router_refuses_what_waits_and_answers_what_is_in_flight) {
  router_options options;
  options.rules.bounds = {.per_worker = 1, .rule = when_full::block, .waiting_limit = 1min};
  make(options, 1);
  const auto held = ask<float>(1.0f);
  world.drain();
  const auto waiting = ask<std::int64_t>(std::int64_t{1});
  world.drain();
  EXPECT_EQ(counts().waiting, 1u);
  ask_to_stop(router);
  world.drain();
  EXPECT_EQ(outcome(waiting), "request_receiver_down");
  const auto after = ask<std::int64_t>(std::int64_t{1});
  answer(0, 2.0f);
  world.drain();
  EXPECT_EQ(outcome(after), "request_receiver_down");
  EXPECT_EQ(held->value, 2.0f);
}

TEST_F(router_counts_test, a_router_nobody_holds_fails_what_was_forgotten) {
  make({}, 1);
  const auto held = ask<float>(1.0f);
  world.drain();
  router = nullptr;
  world.drain();
  EXPECT_EQ(outcome(held), "pending");
  log->held.clear();  // the promise is dropped; with it goes the last one who knew the router
  kill_now(workers[0]);
  world.drain();
  EXPECT_EQ(outcome(held), "request_receiver_down");
}

TEST_F(router_counts_test, typed_workers_have_a_typed_router) {
  using doubler = caf::typed_actor<caf::replies_to<int>::with<int>>;
  typed_router<doubler> pool{world.system(), {.name = "doublers"}};
  const auto one = world.system().spawn(
      [](doubler::pointer, int by) -> doubler::behavior_type {
        return {[by](int number) { return by * number; }};
      },
      2);
  pool.add(one);
  int doubled = 0;
  world.system().spawn(
      [handle = pool.handle()](caf::event_based_actor* self, int* into) {
        self->request(handle, caf::infinite, 21).then([into](int number) { *into = number; });
      },
      &doubled);
  world.drain();
  EXPECT_EQ(doubled, 42);
  EXPECT_EQ(counts_of(pool.untyped()).done, 1u);
  pool.remove(one);
  EXPECT_TRUE(worker_loads(pool.untyped()).empty());
  caf::anon_send_exit(one, caf::exit_reason::kill);
  world.drain();
}

TEST_F(router_counts_test, options_that_make_no_sense_are_refused) {
  const auto refused = [&](router_options options) {
    EXPECT_THROW((void)make_router(world.system(), options), std::invalid_argument) << validate(options);
  };
  refused({.policy = {routing_kind::consistent_hash}});
  refused({.attempts_max = 0});
  refused({.answer_limit = 0s});
  router_options negative;
  negative.rules.bounds.per_worker = -1;
  refused(negative);
}

}  // namespace
}  // namespace bulwark
