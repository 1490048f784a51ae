// SPDX-License-Identifier: BSD-3-Clause
// Goal: a sender never has more under way than its peer gave credit for, and a receiver gives it back in
// time. Method: each rule at its edge; and the traffic of a link without its actor, element by element.
#include "link_credit.hpp"

#include <gtest/gtest.h>

#include <caf/all.hpp>
#include <string>

#include "link_traffic.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

TEST(outgoing_credit, is_spent_to_the_last_message_and_the_last_byte) {
  outgoing_credit by_count{{2, 1000}};
  EXPECT_TRUE(by_count.take(1));
  EXPECT_TRUE(by_count.take(1));
  EXPECT_FALSE(by_count.take(1));
  outgoing_credit by_bytes{{100, 10}};
  EXPECT_TRUE(by_bytes.take(4));
  EXPECT_FALSE(by_bytes.take(7));
  EXPECT_TRUE(by_bytes.take(6));
  EXPECT_EQ(by_bytes.bytes_under_way(), 10u);
  EXPECT_FALSE(by_bytes.take(1));
}

TEST(outgoing_credit, lets_one_that_is_larger_than_all_of_it_pass_alone) {
  outgoing_credit some{{100, 10}};
  EXPECT_TRUE(some.take(50));
  EXPECT_FALSE(some.take(1));
  some.give_back(1, 50);
  EXPECT_TRUE(some.take(1));
  EXPECT_FALSE(some.take(50));
}

TEST(outgoing_credit, comes_back_as_it_is_given_and_never_more) {
  outgoing_credit some{{2, 10}};
  EXPECT_TRUE(some.take(6));
  EXPECT_TRUE(some.take(4));
  some.give_back(1, 6);
  EXPECT_EQ(some.bytes_under_way(), 4u);
  EXPECT_TRUE(some.take(6));
  some.give_back(1000, 1000);
  EXPECT_EQ(some.bytes_under_way(), 0u);
  EXPECT_TRUE(some.take(5));
  EXPECT_TRUE(some.take(5));
  EXPECT_FALSE(some.take(0));
}

TEST(incoming_credit, is_worth_settling_from_a_quarter_of_either_on) {
  incoming_credit by_count{{8, 1000}};
  by_count.came(1);
  EXPECT_FALSE(by_count.many());
  by_count.came(1);
  EXPECT_TRUE(by_count.many());
  incoming_credit by_bytes{{100, 40}};
  by_bytes.came(9);
  EXPECT_FALSE(by_bytes.many());
  by_bytes.came(1);
  EXPECT_TRUE(by_bytes.many());
  const auto all = by_bytes.take();
  EXPECT_EQ(all.messages, 2u);
  EXPECT_EQ(all.bytes, 10u);
  const auto rest = by_bytes.take();
  EXPECT_EQ(rest.messages, 0u);
  EXPECT_EQ(rest.bytes, 0u);
}

class link_traffic_test : public ::testing::Test {
 protected:
  using verdict = link_traffic::verdict;

  link_traffic_test() {
    options.peer = 2;
    options.heard = std::make_shared<last_heard>();
    for (auto& one : options.subscribers) one = caf::actor{self};
    options.windows = {credit_window{8, 1000}, credit_window{4, 1000}, credit_window{4, 1000}};
    traffic.emplace(options);
  }

  template <class Content>
  link_traffic::result take(Content what) {
    const auto element = caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, std::move(what));
    return traffic->take(*element, caf::actor{self}, now);
  }
  link_traffic::result come(std::uint64_t session, const char* text, std::uint8_t channel = 0) {
    return take(wire::packet{session, channel, text});
  }
  bool come_late(std::uint64_t session, const char* text) {
    wire::packet late{session, 0, text};
    return traffic->take_queued(late, now);
  }
  void open(std::uint64_t session) {
    traffic->open(session, caf::actor{other_end}, {{2, 1000}, {2, 1000}, {2, 1000}}, now, [] {});
  }
  void go(std::uint64_t session) { traffic->go(session, nullptr, caf::actor{self}); }
  /// What the other end got so far, one character for each packet.
  std::string sent() {
    std::string all;
    bool more = true;
    other_end->receive_while([&] { return more; })([&](const wire::packet& packet) { all += packet.bytes; },
                                                   caf::after(0s) >> [&] { more = false; });
    return all;
  }
  link_report counts() const {
    link_report report;
    traffic->add_to(report);
    return report;
  }
  /// What a subscriber got so far, one character for each packet.
  std::string received() {
    std::string all;
    bool more = true;
    self->receive_while([&] { return more; })([&](const peer_packet& packet) { all += packet.bytes; },
                                              caf::after(0s) >> [&] { more = false; });
    return all;
  }

  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system}, other_end{system};
  link_options options;
  std::optional<link_traffic> traffic;
  instant now{1h};
};

TEST_F(link_traffic_test, packets_behind_one_that_came_too_early_keep_their_order) {
  EXPECT_EQ(come(7, "a").what, verdict::not_mine) << "the session is not open yet";
  open(7);
  EXPECT_EQ(come(7, "b").what, verdict::not_mine) << "the one before is still in the mailbox";
  EXPECT_TRUE(come_late(7, "a"));
  EXPECT_TRUE(come_late(7, "b"));
  EXPECT_NE(come(7, "c").what, verdict::not_mine);
  EXPECT_EQ(received(), "abc");
}

TEST_F(link_traffic_test, nothing_of_another_session_counts) {
  open(7);
  EXPECT_EQ(come(6, "old").what, verdict::not_mine);
  EXPECT_FALSE(come_late(6, "old"));
  take(peer_packet{2, 0, "x"});
  take(peer_packet{2, 0, "y"});
  EXPECT_EQ(take(wire::credit{6, 0, 2, 2}).what, verdict::not_mine);
  EXPECT_EQ(counts().bytes_unacknowledged, 2u);
  take(peer_packet{2, 0, "z"});
  EXPECT_EQ(counts().dropped_credit, 1u);
  EXPECT_EQ(counts().packets_received, 0u);
}

TEST_F(link_traffic_test, credit_belongs_to_its_channel_and_its_session) {
  open(7);
  for (const std::uint8_t channel : {0, 1}) {
    take(peer_packet{2, channel, "x"});
    take(peer_packet{2, channel, "y"});
  }
  EXPECT_EQ(take(wire::credit{7, 1, 2, 2}).what, verdict::done);
  take(peer_packet{2, 0, "z"});
  EXPECT_EQ(counts().dropped_credit, 1u);
  take(peer_packet{2, 1, "z"});
  EXPECT_EQ(counts().packets_sent, 5u);
  open(8);
  take(peer_packet{2, 0, "z"});
  EXPECT_EQ(counts().packets_sent, 6u) << "a new session begins with all of it";
  EXPECT_EQ(counts().bytes_unacknowledged, 1u);
}

TEST_F(link_traffic_test, what_came_in_is_settled_once_for_each_quarter) {
  open(7);
  EXPECT_EQ(come(7, "a").what, verdict::done);
  EXPECT_EQ(come(7, "b").what, verdict::settle_due);
  EXPECT_EQ(come(7, "c").what, verdict::done) << "it is under way";
  EXPECT_EQ(traffic->settle(0).messages, 3u);
  EXPECT_EQ(come(7, "d").what, verdict::done);
  EXPECT_EQ(come(7, "e").what, verdict::settle_due);
  open(8);  // with that under way
  EXPECT_EQ(come(8, "f").what, verdict::done);
  EXPECT_EQ(come(8, "g").what, verdict::settle_due);
  EXPECT_EQ(traffic->settle(0).messages, 2u) << "none of the session before";
}

TEST_F(link_traffic_test, packets_and_credit_are_signs_of_life) {
  open(7);
  EXPECT_EQ(options.heard->get(), std::nullopt);
  now += 1s;
  come(7, "a");
  EXPECT_EQ(traffic->heard_at(), now);
  now += 1s;
  take(wire::credit{7, 0, 0, 0});
  EXPECT_EQ(traffic->heard_at(), now);
  come(6, "a");
  EXPECT_EQ(traffic->heard_at(), now);
  EXPECT_EQ(options.heard->get(), now);
  traffic->hear(now + 1s);
  EXPECT_EQ(options.heard->get(), now) << "nothing came";
}

TEST_F(link_traffic_test, once_closed_nothing_goes_out_or_comes_in) {
  open(7);
  take(peer_packet{2, 0, "x"});
  traffic->close([] {});
  EXPECT_EQ(counts().bytes_unacknowledged, 0u);
  take(peer_packet{2, 0, "x"});
  EXPECT_EQ(counts().dropped_down, 1u);
  EXPECT_EQ(counts().packets_sent, 1u);
  EXPECT_EQ(come(7, "a").what, verdict::not_mine);
  EXPECT_EQ(received(), "");
}

TEST_F(link_traffic_test, what_is_sent_before_the_way_is_known_goes_first) {
  open(7);
  take(peer_packet{2, 0, "a"});
  take(peer_packet{2, 1, "b"});
  EXPECT_EQ(sent(), "");
  EXPECT_EQ(counts().bytes_unacknowledged, 2u) << "it takes credit, so that it is bounded";
  go(6);
  EXPECT_EQ(sent(), "") << "that was the way of another session";
  go(7);
  take(peer_packet{2, 0, "c"});
  EXPECT_EQ(sent(), "abc");
  go(7);
  EXPECT_EQ(sent(), "") << "not twice";
}

TEST_F(link_traffic_test, what_waited_for_a_session_does_not_go_in_another) {
  open(7);
  take(peer_packet{2, 0, "a"});
  traffic->close([] {});
  go(7);
  open(8);
  go(7);
  EXPECT_EQ(sent(), "");
  take(peer_packet{2, 0, "b"});
  open(9);
  go(9);
  EXPECT_EQ(sent(), "");
}

}  // namespace
}  // namespace bulwark::test
