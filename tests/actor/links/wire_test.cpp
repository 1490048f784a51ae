// SPDX-License-Identifier: BSD-3-Clause
// Goal: what no well-behaved link says is answered as it should be: hellos of another protocol or direction
// are refused, packets of sessions that are over are rejected so that their sender starts anew. Method: an
// actor of the test speaks the links' own messages to a real node, over loopback TCP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <optional>

#include "bulwark/actors/node_config.hpp"
#include "link_messages.hpp"
#include "link_node.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class wire_test : public ::testing::Test {
 protected:
  wire_test() {
    auto found = peer_system.middleman().remote_actor("127.0.0.1", node.port());
    if (found) door = *found;
  }

  wire::hello hello() {
    return {wire::protocol_version, "test", 2, 1, 77, 4711, {{10, 1000}, {10, 1000}}, caf::actor{self}};
  }

  std::string refusal_of(const wire::hello& what) {
    self->send(door, what);
    return expect<wire::refusal>().reason;
  }

  template <class Message>
  Message expect() {
    std::optional<Message> got;
    bool late = false;
    // Credit comes now and then and is not asked about here.
    self->receive_while([&] { return !got && !late; })(
        [&](Message& message) { got = std::move(message); }, [](const wire::credit&) {},
        [](const wire::introduction&) {}, caf::after(10s) >> [&] { late = true; });
    EXPECT_TRUE(got) << "no answer";
    return got.value_or(Message{});
  }

  link_node node{{.id = 1, .peers = {{2, 0}}}};
  node_config config;
  caf::actor_system peer_system{config};
  caf::scoped_actor self{peer_system};
  caf::actor door;
};

TEST_F(wire_test, a_hello_is_welcomed) {
  self->send(door, hello());
  const auto answer = expect<wire::welcome>();
  EXPECT_EQ(answer.session, 4711u);
  EXPECT_EQ(answer.from, 1u);
  EXPECT_EQ(answer.windows.size(), link_channels);
  EXPECT_TRUE(node.await_up(2));
  EXPECT_EQ(node.report(2).peer_incarnation, 77u);
}

TEST_F(wire_test, another_protocol_is_refused) {
  auto what = hello();
  what.protocol = 99;
  EXPECT_THAT(refusal_of(what), HasSubstr("n2 speaks protocol 99, n1 speaks 1"));
}

TEST_F(wire_test, a_second_process_that_claims_this_number_is_refused) {
  auto what = hello();
  what.from = 1;
  EXPECT_THAT(refusal_of(what), HasSubstr("another process claims to be n1"));
}

TEST_F(wire_test, the_lower_number_must_not_dial) {
  link_node high{{.id = 5, .peers = {{2, free_port()}}}};
  const auto found = peer_system.middleman().remote_actor("127.0.0.1", high.port());
  ASSERT_TRUE(found);
  auto what = hello();
  what.to = 5;
  self->send(*found, what);
  EXPECT_THAT(expect<wire::refusal>().reason, HasSubstr("the higher number dials"));
}

TEST_F(wire_test, packets_of_an_unknown_session_are_rejected) {
  self->send(door, hello());
  const auto answer = expect<wire::welcome>();
  self->send(answer.link, wire::packet{1234, 0, "stale"});
  EXPECT_EQ(expect<wire::reset>().session, 1234u);
  self->send(answer.link, wire::packet{4711, 0, "current"});
  EXPECT_TRUE(node.consensus().await([](const inbox& seen) { return seen.packets.size() == 1; }));
  EXPECT_EQ(node.consensus().received_packets().front().bytes, "current");
}

TEST_F(wire_test, a_new_hello_replaces_the_session_and_is_seen_as_a_loss) {
  self->send(door, hello());
  expect<wire::welcome>();
  auto second = hello();
  second.session = 4712;
  self->send(door, second);
  EXPECT_EQ(expect<wire::welcome>().session, 4712u);
  EXPECT_TRUE(node.consensus().await([](const inbox& seen) {
    return seen.states.contains(2) && seen.states.at(2) == std::vector<bool>{false, true, false, true};
  }));
}

TEST_F(wire_test, a_hello_that_comes_twice_begins_one_session) {
  self->send(door, hello());
  self->send(door, hello());
  const auto answer = expect<wire::welcome>();
  self->send(answer.link, wire::packet{4711, 0, "behind both"});
  EXPECT_TRUE(node.consensus().await([](const inbox& seen) { return seen.packets.size() == 1; }));
  EXPECT_EQ(node.report(2).sessions, 1u);
}

TEST_F(wire_test, a_backlog_of_an_old_session_is_not_rejected_packet_by_packet) {
  self->send(door, hello());
  const auto answer = expect<wire::welcome>();
  for (int i = 0; i < 1000; ++i) self->send(answer.link, wire::packet{1234, 0, "stale"});
  auto second = hello();
  second.session = 4712;
  self->send(door, second);
  int resets = 0;
  bool begun = false;
  self->receive_while([&] { return !begun; })(
      [&](const wire::reset&) { ++resets; },
      [&](const wire::welcome& welcome) { begun = welcome.session == 4712; }, [](const wire::credit&) {},
      caf::after(10s) >> [&] { begun = true, ADD_FAILURE() << "no welcome"; });
  EXPECT_GE(resets, 1);
  EXPECT_LT(resets, 100) << "one in a tenth of a second at most";
}

TEST_F(wire_test, a_session_that_falls_silent_is_given_up_and_the_other_side_says_meanwhile_that_it_lives) {
  self->send(door, hello());
  expect<wire::welcome>();
  ASSERT_TRUE(node.await_up(2));
  int signs_of_life = 0;
  self->receive_while([&] { return signs_of_life < 3; })(
      [&](const wire::credit& sign) {
        EXPECT_EQ(sign.messages, 0u);
        ++signs_of_life;
      },
      [](const wire::introduction&) {},
      caf::after(10s) >> [&] { signs_of_life = 3, ADD_FAILURE() << "mute"; });
  EXPECT_TRUE(node.report(2).up);
  EXPECT_TRUE(node.await_down(2));
}

TEST_F(wire_test, an_envoy_of_a_third_node_is_not_met) {
  node_config third_config;
  caf::actor_system third_system{third_config};
  const auto stranger = third_system.spawn([](bool) -> caf::behavior { return {[](int) {}}; }, true);
  const auto port = third_system.middleman().publish(stranger, 0, "127.0.0.1");
  ASSERT_TRUE(port);
  self->send(door, hello());
  const auto answer = expect<wire::welcome>();
  {
    const auto by_way_of_this_one = peer_system.middleman().remote_actor("127.0.0.1", *port);
    ASSERT_TRUE(by_way_of_this_one);
    self->send(answer.link, wire::introduction{4711, *by_way_of_this_one});
  }
  self->send(answer.link, wire::introduction{4711, caf::actor{self}});
  EXPECT_TRUE(node.envoy().await([](const inbox& seen) { return seen.introduced.contains(2); }));
  EXPECT_EQ(node.envoy().introduced.at(2).size(), 1u);
  ASSERT_TRUE(third_system.middleman().unpublish(stranger, *port));
  caf::anon_send_exit(stranger, caf::exit_reason::kill);
}

TEST_F(wire_test, a_reset_ends_the_session) {
  self->send(door, hello());
  const auto answer = expect<wire::welcome>();
  ASSERT_TRUE(node.await_up(2));
  self->send(answer.link, wire::reset{1});
  self->send(answer.link, wire::packet{4711, 0, "the reset of another session does nothing"});
  EXPECT_TRUE(node.consensus().await([](const inbox& seen) { return seen.packets.size() == 1; }));
  EXPECT_TRUE(node.report(2).up);
  self->send(answer.link, wire::reset{4711});
  EXPECT_TRUE(node.await_down(2));
}

TEST_F(wire_test, envoys_of_another_session_or_of_nobody_are_not_met) {
  self->send(door, hello());
  const auto answer = expect<wire::welcome>();
  self->send(answer.link, wire::introduction{1234, caf::actor{self}});
  EXPECT_EQ(expect<wire::reset>().session, 1234u);
  self->send(answer.link, wire::introduction{4711, {}});
  self->send(answer.link, wire::introduction{4711, caf::actor{self}});
  EXPECT_TRUE(node.envoy().await([](const inbox& seen) { return seen.introduced.contains(2); }));
  const auto& met = node.envoy().introduced.at(2);
  ASSERT_EQ(met.size(), 1u);
  EXPECT_EQ(met.front().incarnation, 77u);
  EXPECT_TRUE(met.front().envoy);
}

TEST_F(wire_test, credit_that_was_never_given_is_no_credit) {
  self->send(door, hello());
  const auto answer = expect<wire::welcome>();
  ASSERT_TRUE(node.await_up(2));
  self->send(answer.link, wire::credit{4711, 0, 1000000, 1u << 30});
  self->send(answer.link, wire::packet{4711, 0, "after the credit"});
  ASSERT_TRUE(node.consensus().await([](const inbox& seen) { return seen.packets.size() == 1; }));
  for (int i = 0; i < 50; ++i) node.send(2, "x");
  const auto report = node.report(2);
  EXPECT_EQ(report.packets_sent, 10u);
  EXPECT_EQ(report.dropped_credit, 40u);
}

}  // namespace
}  // namespace bulwark::test
