// SPDX-License-Identifier: BSD-3-Clause
// Goal: a service that one node publishes is found, used and followed from any other, and who is not there is
// answered for. Method: three nodes in one process over real loopback connections, with a real replicated
// group; nodes are stopped, crashed and started again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bulwark/actors/service_actor.hpp"
#include "bulwark/actors/stable_ref.hpp"
#include "bulwark/consensus/group_machine.hpp"
#include "bulwark/consensus/messages.hpp"
#include "bulwark/supervision/messages.hpp"
#include "services_test.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

TEST_F(services_test, an_instance_is_found_from_other_nodes) {
  serve(2, "inventory");
  for (std::uint32_t from = 1; from <= 3; ++from)
    EXPECT_EQ(answer(from, "inventory", static_cast<std::int32_t>(from)), 200 + static_cast<int>(from));
}

TEST_F(services_test, messages_wait_for_a_name_and_are_served_when_somebody_comes) {
  ASSERT_THAT(seen, all_up());
  const auto ref = at(1).ref("late");
  caf::scoped_actor asker{at(1).system};
  auto answers = std::make_shared<std::atomic<int>>(0);
  const auto handle = at(1).host([ref, answers](caf::event_based_actor* self) -> caf::behavior {
    self->request(ref, 60s, std::int32_t{7}).then([answers](std::int32_t what) { *answers = what; });
    return {[](caf::unit_t) {}};
  });
  EXPECT_TRUE(await([&] { return ref_stats(ref).held == 1; }));
  serve(3, "late");
  EXPECT_TRUE(await([&] { return *answers == 307; }));
}

TEST_F(services_test, a_reference_is_made_once) {
  serve(2, "shared");
  EXPECT_EQ(at(1).ref("shared"), at(1).ref("shared"));
  EXPECT_NE(at(1).ref("shared"), at(1).ref("other"));
}

TEST_F(services_test, a_bad_name_or_service_is_refused_with_what_was_expected) {
  const auto nameless = at(1).names().whereis("");
  ASSERT_FALSE(nameless);
  EXPECT_THAT(error_text(nameless.error()), testing::HasSubstr("expected 1 to 255"));
  EXPECT_TRUE(at(1).names().publish("a", caf::actor{}));
  EXPECT_TRUE(at(1).names().publish("a", at(1).ref("a"))) << "it would serve itself";
  EXPECT_TRUE(at(1).names().publish("child/a", at(1).host([] { return adding_service(1); })));
  EXPECT_TRUE(at(1).names().publish(std::string(256, 'x'), at(1).ref("a")));
  EXPECT_TRUE(at(1).names().watch("a", caf::actor{}));
}

TEST_F(services_test, a_service_that_moves_is_followed) {
  serve(2, "moving");
  EXPECT_EQ(answer(1, "moving", 1), 201);
  EXPECT_EQ(answer(3, "moving", 1), 201);
  stop(2);
  serve(3, "moving");
  EXPECT_EQ(answer(1, "moving", 2), 302) << "messages wait in between";
  EXPECT_EQ(answer(3, "moving", 2), 302);
}

TEST_F(services_test, a_service_that_is_restarted_is_followed) {
  const auto first = serve(2, "again");
  EXPECT_EQ(answer(1, "again", 1), 201);
  kill_now(first);
  serve(2, "again");
  ASSERT_TRUE(await([&] { return owner(1, "again").token > 1; }));
  EXPECT_TRUE(await([&, this] {
    const auto got = ask<std::int32_t>(1, at(1).ref("again"), std::int32_t{5});
    return got.ok && got.answer == 205;
  })) << "what is under way when it ends may fail, later requests do not";
}

TEST_F(services_test, an_instance_that_is_gone_for_good_gives_its_name_up) {
  const auto made = serve(2, "short");
  ASSERT_TRUE(await_owner("short", 2));
  kill_now(made);
  EXPECT_TRUE(await_owner("short", 0));
  serve(3, "withdrawn");
  ASSERT_TRUE(await_owner("withdrawn", 3));
  at(3).names().withdraw("withdrawn");
  EXPECT_TRUE(await_owner("withdrawn", 0));
}

TEST_F(services_test, what_a_dead_node_had_fails_and_a_later_life_is_found) {
  auto taken = std::make_shared<std::atomic<int>>(0);
  const auto silent = at(2).host(silent_service, taken);
  ASSERT_FALSE(at(2).names().publish("doomed", silent));
  const auto ref = at(1).ref("doomed");
  auto failed = std::make_shared<std::atomic<int>>(0);
  at(1).host([ref, failed](caf::event_based_actor* self) -> caf::behavior {
    for (int i = 0; i < 10; ++i)
      self->request(ref, caf::infinite, std::int32_t{i})
          .then([](std::int32_t) {},
                [failed](const caf::error& why) {
                  if (why == caf::sec::request_receiver_down) ++*failed;
                });
    return {[](caf::unit_t) {}};
  });
  ASSERT_TRUE(await([&] { return *taken == 10; }));
  EXPECT_EQ(*failed, 0);
  crash(2);
  EXPECT_TRUE(await([&] { return *failed == 10; })) << *failed;
  start(2);
  serve(2, "doomed");
  EXPECT_EQ(answer(1, "doomed", 3), 203);
}

TEST_F(services_test, what_was_under_way_when_the_connection_is_lost_fails_and_the_service_is_reached_again) {
  auto taken = std::make_shared<std::atomic<int>>(0);
  ASSERT_FALSE(at(2).names().publish("silent", at(2).host(silent_service, taken)));
  serve(2, "talking");
  EXPECT_EQ(answer(1, "talking", 1), 201);
  const auto ref = at(1).ref("silent");
  auto failed = std::make_shared<std::atomic<int>>(0);
  at(1).host([ref, failed](caf::event_based_actor* self) -> caf::behavior {
    self->request(ref, caf::infinite, std::int32_t{1})
        .then([](std::int32_t) {}, [failed](const caf::error&) { ++*failed; });
    return {[](caf::unit_t) {}};
  });
  ASSERT_TRUE(await([&] { return *taken == 1; }));
  const auto token = owner(1, "talking").token;
  bool killed = false;
  at(2)
      .self->request(at(2).node->supervisor(), 30s, kill_child{"links/link-n1", ""})
      .receive([&](const kill_result& what) { killed = what.error.empty(); }, [](const caf::error&) {});
  ASSERT_TRUE(killed);
  EXPECT_TRUE(await([&] { return *failed == 1; })) << "the process that had it lives on";
  EXPECT_TRUE(
      await([&, this] { return ask<std::int32_t>(1, at(1).ref("talking"), std::int32_t{2}).answer == 202; }));
  EXPECT_EQ(owner(1, "talking").token, token) << "nobody else took over";
}

TEST_F(services_test, what_ends_is_looked_for_again_by_all_who_had_it) {
  serve(2, "wanted");
  for (std::uint32_t from = 1; from <= 3; ++from) EXPECT_EQ(answer(from, "wanted", 1), 201);
  at(2).names().withdraw("wanted");
  ASSERT_TRUE(await_owner("wanted", 0));
  serve(1, "wanted");
  for (std::uint32_t from = 1; from <= 3; ++from) EXPECT_EQ(answer(from, "wanted", 2), 102);
}

TEST_F(services_test, a_name_that_two_serve_has_one_owner_and_the_other_takes_over) {
  serve(1, "twice");
  ASSERT_TRUE(await_owner("twice", 1));
  serve(2, "twice");
  EXPECT_EQ(answer(3, "twice", 1), 101);
  at(1).names().withdraw("twice");
  EXPECT_TRUE(await_owner("twice", 2));
  EXPECT_EQ(answer(3, "twice", 2), 202);
}

TEST_F(services_test, a_watch_tells_of_a_dead_node_once) {
  serve(2, "watched");
  ASSERT_TRUE(await_owner("watched", 2));
  auto told = std::make_shared<told_events>();
  ASSERT_FALSE(at(1).names().watch("watched", at(1).host(watching, told)));
  EXPECT_EQ(answer(1, "watched", 1), 201) << "by then the watch has begun";
  crash(2);
  ASSERT_TRUE(await([&] { return !told->all().empty(); }));
  start(2);
  serve(2, "watched");
  ASSERT_TRUE(await_owner("watched", 2));
  at(2).names().withdraw("watched");
  ASSERT_TRUE(await_owner("watched", 0));
  EXPECT_THAT(told->all(), testing::ElementsAre(name_event::node_down));
}

TEST_F(services_test, watches_tell_a_restart_from_an_end) {
  auto told = std::make_shared<told_events>();
  const auto watcher = at(1).host(watching, told);
  ASSERT_FALSE(at(1).names().watch("watched", watcher)) << "before anybody serves it";
  serve(2, "watched");
  ASSERT_TRUE(await_owner("watched", 2));
  const auto before = owner(1, "watched").token;
  serve(2, "watched");
  ASSERT_TRUE(await([&] { return told->all().size() == 1 && owner(1, "watched").token != before; }));
  ASSERT_FALSE(at(1).names().watch("watched", watcher));
  caf::scoped_actor self{at(1).system};
  EXPECT_EQ(answer(1, "watched", 1), 201) << "by then the watch has begun";
  at(2).names().withdraw("watched");
  ASSERT_TRUE(await([&] { return told->all().size() == 2; }));
  EXPECT_THAT(told->all(), testing::ElementsAre(name_event::restarted, name_event::service_down));
}

using adder = caf::typed_actor<caf::replies_to<std::int32_t, std::int32_t>::with<std::int32_t>>;

TEST_F(services_test, a_typed_service_is_called_by_its_interface) {
  const auto made = at(2).system.spawn(
      [](adder::pointer, bool) -> adder::behavior_type {
        return {[](std::int32_t a, std::int32_t b) { return a + b; }};
      },
      true);
  at(2).guests.push_back(caf::actor_cast<caf::actor>(caf::actor_cast<caf::strong_actor_ptr>(made)));
  ASSERT_FALSE(at(2).names().publish("adder", at(2).guests.back()));
  const auto found = at(1).names().whereis_typed<adder>("adder");
  ASSERT_TRUE(found);
  std::int32_t sum = 0;
  at(1)
      .self->request(*found, 30s, std::int32_t{2}, std::int32_t{3})
      .receive([&](std::int32_t what) { sum = what; }, [](const caf::error&) {});
  EXPECT_EQ(sum, 5);
}

TEST_F(services_test, a_supervised_child_is_published_through_its_restarts) {
  child one;
  one.spec.id = "counter";
  one.ref = make_stable_ref(at(2).system, {.name = "counter"});
  one.start = [](caf::actor_system& system, const caf::actor&) {
    return system.spawn(
        [](service_actor*, bool) -> caf::behavior {
          return {[](std::int32_t what) { return what + 1; }, [](const std::string&) { throw 1; }};
        },
        true);
  };
  supervisor_options tree{.name = "tree", .flags = {.intensity = 5}};
  tree.children.push_back(published(at(2).names(), "counter", std::move(one)));
  at(2).guests.push_back(spawn_supervisor(at(2).system, std::move(tree)));
  const auto asks = [this] { return ask<std::int32_t>(1, at(1).ref("counter"), std::int32_t{1}); };
  EXPECT_EQ(asks().answer, 2);
  const auto before = owner(1, "counter").token;
  at(1).self->send(at(1).ref("counter"), std::string{"crash"});
  ASSERT_TRUE(await([&] { return owner(1, "counter").token > before; }));
  EXPECT_TRUE(await([&] { return asks().answer == 2; }));
}

TEST_F(services_test, what_waits_behind_a_crash_is_answered_by_the_next_incarnation) {
  child one;
  one.spec.id = "counter";
  one.spec.mail.carry_over = true;
  one.ref = make_stable_ref(at(2).system, {.name = "counter"});
  one.start = [](caf::actor_system& system, const caf::actor&) {
    return system.spawn(
        [](service_actor* self, bool) -> caf::behavior {
          return {[](std::int32_t what) { return what + 1; },
                  [self](const std::string&) {
                    // Ends after what the caller sent behind it has come.
                    self->delayed_send(self, 100ms, caf::ok_atom_v);
                    self->become([self](caf::ok_atom) { self->quit(caf::exit_reason::unknown); });
                    self->set_default_handler(caf::skip);
                  }};
        },
        true);
  };
  supervisor_options tree{.name = "tree", .flags = {.intensity = 5}};
  tree.children.push_back(published(at(2).names(), "counter", std::move(one)));
  at(2).guests.push_back(spawn_supervisor(at(2).system, std::move(tree)));
  ASSERT_TRUE(await_owner("counter", 2));
  const auto ref = at(1).ref("counter");
  EXPECT_EQ(ask<std::int32_t>(1, ref, std::int32_t{1}).answer, 2);
  at(1).self->send(ref, std::string{"crash"});
  const auto behind = ask<std::int32_t>(1, ref, std::int32_t{1});
  EXPECT_EQ(behind.answer, 2) << error_text(behind.problem);
}

TEST_F(services_test, a_life_that_is_held_for_over_by_mistake_serves_again_in_the_next) {
  serve(2, "mistaken");
  EXPECT_EQ(answer(1, "mistaken", 1), 201);
  const auto before = owner(1, "mistaken");
  auto told = std::make_shared<told_events>();
  ASSERT_FALSE(at(1).names().watch("mistaken", at(1).host(watching, told)));
  at(1).self->send(
      at(1).node->replica(),
      consensus::submit{1, consensus::group_request(members::command{members::leave{before.owner}})});
  ASSERT_TRUE(await([&, this] {
    const auto now = owner(1, "mistaken");
    return now.token > before.token && now.owner.node == 2 &&
           now.owner.incarnation > before.owner.incarnation;
  }));
  EXPECT_EQ(answer(1, "mistaken", 2), 202);
  EXPECT_EQ(answer(3, "mistaken", 2), 202);
  EXPECT_THAT(told->all(), testing::ElementsAre(name_event::node_down));
}

TEST_F(services_test, the_work_goes_on_after_its_actor_was_restarted) {
  serve(2, "steady");
  EXPECT_EQ(answer(1, "steady", 1), 201);
  for (const std::uint32_t node : {1u, 2u}) {
    bool killed = false;
    at(node)
        .self->request(at(node).node->supervisor(), 30s, kill_child{"services", ""})
        .receive([&](const kill_result& what) { killed = what.error.empty(); }, [](const caf::error&) {});
    EXPECT_TRUE(killed);
  }
  EXPECT_TRUE(
      await([&, this] { return ask<std::int32_t>(1, at(1).ref("steady"), std::int32_t{2}).answer == 202; }));
  serve(3, "new");
  EXPECT_EQ(answer(1, "new", 3), 303);
  EXPECT_EQ(answer(2, "new", 3), 303);
}

}  // namespace
}  // namespace bulwark::test
