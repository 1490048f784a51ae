// SPDX-License-Identifier: BSD-3-Clause
// Goal: a stable reference loses, reorders and duplicates nothing that it promised to keep, and refuses the
// rest at once. Method: one reference and hand-made incarnations in a deterministic system; senders from many
// threads in a real one.
#include <gmock/gmock.h>

#include <thread>

#include "bulwark/testkit/deterministic_system.hpp"
#include "bulwark/testkit/reply.hpp"
#include "workers.hpp"

namespace bulwark {
namespace {

using namespace testkit;
using testing::ElementsAre;
using testing::IsEmpty;

class stable_ref_test : public testing::Test {
 protected:
  ~stable_ref_test() override {
    for (const auto& one : born_) kill_now(one);
    world.drain();
  }

  caf::actor incarnation() {
    born_.push_back(world.system().spawn(recorder_behavior, caf::actor{}, seen));
    world.drain();
    return born_.back();
  }

  void send_numbers(int from, int to) {
    for (; from <= to; ++from) caf::anon_send(ref, from);
    world.drain();
  }

  /// What is sent behind its end waits for the next incarnation.
  void expect_held_behind_the_end_of(const caf::actor& one) {
    bind(ref, one);
    kill_now(one);
    world.drain();
    send_numbers(1, 2);
    EXPECT_EQ(ref_stats(ref).held, 2u);
    bind(ref, incarnation());
    world.drain();
    EXPECT_THAT(*seen, testing::ElementsAre(1, 2));
  }

  deterministic_system world;
  log_of_numbers seen = std::make_shared<std::vector<int>>();
  caf::actor ref = make_stable_ref(world.system(), {"x", 3});

 private:
  std::vector<caf::actor> born_;
};

TEST_F(stable_ref_test, holds_before_the_first_and_between_incarnations_in_order) {
  send_numbers(1, 2);
  EXPECT_EQ(ref_stats(ref).held, 2u);
  bind(ref, incarnation());
  send_numbers(3, 3);
  unbind(ref);
  send_numbers(4, 5);
  EXPECT_THAT(*seen, ElementsAre(1, 2, 3));
  bind(ref, incarnation());
  world.drain();
  EXPECT_THAT(*seen, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_EQ(ref_stats(ref).bindings, 2u);
}

TEST_F(stable_ref_test, holds_what_is_sent_between_the_end_of_an_incarnation_and_the_word_of_its_supervisor) {
  expect_held_behind_the_end_of(incarnation());
}

TEST_F(stable_ref_test, holds_what_is_sent_behind_the_end_of_one_that_leaves_no_mail) {
  const auto plain = world.system().spawn([](bool) -> caf::behavior { return {[](int) {}}; }, true);
  expect_held_behind_the_end_of(plain);
}

TEST_F(stable_ref_test, what_is_carried_over_goes_ahead_of_what_came_since_within_the_bound) {
  for (const int held : {1, 2}) {
    seen->clear();
    const auto first = incarnation();
    bind(ref, first, {.carry_over = true});
    for (const int number : {1, 2}) caf::anon_send(ref, number);  // wait in its mailbox
    unbind(ref);
    for (int i = 0; i < held; ++i) caf::anon_send(ref, 3 + i);
    kill_now(first);
    world.drain();
    bind(ref, incarnation());
    world.drain();
    // It holds three.
    if (held == 1)
      EXPECT_THAT(*seen, ElementsAre(1, 2, 3));
    else
      EXPECT_THAT(*seen, ElementsAre(1, 3, 4));
    unbind(ref);
  }
  EXPECT_EQ(ref_stats(ref).refused, 1u);
}

TEST_F(stable_ref_test, over_its_bound_requests_get_an_error_and_the_rest_is_counted) {
  send_numbers(1, 4);
  const auto refused = ask<std::int64_t>(world.system(), ref, std::int64_t{1});
  world.drain();
  ASSERT_TRUE(refused->error);
  EXPECT_EQ(error_text(*refused->error), "overloaded");
  EXPECT_EQ(ref_stats(ref).refused, 2u);
  bind(ref, incarnation());
  world.drain();
  EXPECT_THAT(*seen, ElementsAre(1, 2, 3));
}

TEST_F(stable_ref_test, a_vacant_one_refuses_until_it_is_bound_again) {
  const auto held = ask<std::int64_t>(world.system(), ref, std::int64_t{1});
  world.drain();
  EXPECT_TRUE(held->pending());
  vacate(ref);
  const auto later = ask<std::int64_t>(world.system(), ref, std::int64_t{1});
  world.drain();
  for (const auto& one : {held, later}) {
    ASSERT_TRUE(one->error);
    EXPECT_EQ(*one->error, caf::sec::request_receiver_down);
  }
  EXPECT_EQ(ref_stats(ref).refused, 2u);
  bind(ref, incarnation());
  const auto answered = ask<std::int64_t>(world.system(), ref, std::int64_t{1});
  world.drain();
  EXPECT_EQ(answered->value, 2);
}

TEST_F(stable_ref_test, closing_tells_who_monitors_it_and_is_final) {
  std::string heard;
  const auto watcher = world.system().spawn(
      [&heard](caf::event_based_actor* self, const caf::actor& watched) -> caf::behavior {
        self->monitor(watched);
        self->set_down_handler([&heard, self](caf::down_msg& down) {
          heard = error_text(down.reason);
          self->quit();
        });
        return {[](int) {}};
      },
      ref);
  world.drain();
  bind(ref, incarnation());
  unbind(ref);
  world.drain();
  EXPECT_EQ(heard, "") << "a change of incarnation is nobody's business";
  close(ref, shutdown_reason("enough"));
  close(ref, shutdown_reason("again"));
  bind(ref, incarnation());
  send_numbers(1, 1);
  EXPECT_EQ(heard, "user_shutdown: enough");
  EXPECT_THAT(*seen, IsEmpty());
}

TEST_F(stable_ref_test, the_last_handle_that_goes_away_answers_what_was_held) {
  auto reply_to = std::make_shared<std::string>();
  world.system().spawn(
      [reply_to](caf::event_based_actor* self, caf::actor whom) {
        self->request(whom, caf::infinite, std::int64_t{1})
            .then([](std::int64_t) {}, [reply_to](caf::error& problem) { *reply_to = error_text(problem); });
      },
      ref);
  world.drain();
  EXPECT_EQ(ref_stats(ref).held, 1u);
  ref = nullptr;
  world.drain();
  EXPECT_EQ(*reply_to, "request_receiver_down");
}

TEST_F(stable_ref_test, an_exit_message_never_reaches_a_later_incarnation) {
  caf::anon_send_exit(ref, caf::exit_reason::kill);
  bind(ref, incarnation());
  send_numbers(1, 1);
  EXPECT_THAT(*seen, ElementsAre(1));
}

TEST(stable_ref_threads, senders_on_many_threads_keep_their_order_while_incarnations_change) {
  caf::actor_system_config config;
  add_actors_messages(config);
  caf::actor_system system{config};
  auto seen = std::make_shared<std::vector<int>>();
  auto ref = make_stable_ref(system, {"x", 1'000'000});
  auto worker = system.spawn(recorder_behavior, caf::actor{}, seen);
  constexpr int senders = 4, each = 20'000;
  {
    std::vector<std::jthread> threads;
    for (int who = 0; who < senders; ++who)
      threads.emplace_back([&ref, who] {
        for (int i = 0; i < each; ++i) caf::anon_send(ref, who * each + i);
      });
    // The same worker all the time, so that what it sees is one sequence.
    for (int i = 0; i < 2'000; ++i) {
      bind(ref, worker);
      unbind(ref);
    }
    bind(ref, worker);
  }
  caf::scoped_actor self{system};
  self->request(worker, std::chrono::seconds{30}, std::int64_t{1})
      .receive([](std::int64_t) {}, [](caf::error& problem) { FAIL() << error_text(problem); });
  ASSERT_EQ(seen->size(), static_cast<std::size_t>(senders) * each);
  std::vector<int> next(senders, 0);
  for (const int number : *seen) ASSERT_EQ(number % each, next[static_cast<std::size_t>(number / each)]++);
  kill_now(worker);
}

}  // namespace
}  // namespace bulwark
