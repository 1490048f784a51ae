// SPDX-License-Identifier: BSD-3-Clause
// Goal: the detector accuses a peer exactly when it was silent for T_interval + T_timeout, at once when its
// connection is lost, and never because the observer itself stood still. Method: scripts of steps at given
// milliseconds, with the verdicts expected after each; the frame of a heartbeat is checked by round trips and
// by damaged bytes.
#include "bulwark/supervision/core/failure_detector.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bulwark/supervision/core/heartbeat.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;

const instant start{1h};
constexpr std::uint32_t peer = 2;

/// T_interval 100 ms, T_timeout 400 ms: silent for 500 ms is suspect.
class a_fixed_timeout : public ::testing::Test {
 protected:
  using changes = std::vector<peer_change>;

  changes heard(duration at) {
    changes seen;
    detector.heard(peer, evidence::beat, start + at, seen);
    return seen;
  }
  changes lost(duration at) {
    changes seen;
    detector.lost(peer, start + at, seen);
    return seen;
  }
  changes judge(duration at) {
    changes seen;
    detector.judge(start + at, seen);
    return seen;
  }
  /// Judges whenever it is due, up to and including `until`.
  changes judge_on_time(duration until) {
    changes seen;
    while (detector.next_judgement() <= start + until) detector.judge(detector.next_judgement(), seen);
    return seen;
  }

  failure_detector detector{{100ms, 400ms, detector_kind::fixed}, {peer, 3}, start};
};

TEST_F(a_fixed_timeout, a_peer_is_down_until_it_is_heard) {
  EXPECT_EQ(detector.state(peer), peer_state::down);
  EXPECT_EQ(judge_on_time(10s), changes{});
  EXPECT_EQ(detector.silence(peer, start + 10s), std::nullopt);
  EXPECT_EQ(heard(10s), (changes{{peer, peer_state::down, peer_state::up, 0ms}}));
  EXPECT_EQ(heard(10s + 100ms), changes{});
}

TEST_F(a_fixed_timeout, silence_is_suspect_at_the_deadline_and_not_before) {
  heard(10ms);
  EXPECT_EQ(judge_on_time(509ms), changes{});
  EXPECT_EQ(detector.next_judgement(), start + 510ms);
  EXPECT_EQ(judge_on_time(510ms), (changes{{peer, peer_state::up, peer_state::suspect, 500ms}}));
}

TEST_F(a_fixed_timeout, silence_is_reported_once) {
  heard(0ms);
  EXPECT_EQ(judge_on_time(10s).size(), 1u);
  EXPECT_EQ(detector.state(peer), peer_state::suspect);
}

TEST_F(a_fixed_timeout, every_sign_of_life_moves_the_deadline) {
  for (auto at = 0ms; at < 5s; at += 400ms) {
    heard(at);
    EXPECT_EQ(judge_on_time(at + 399ms), changes{});
  }
}

TEST_F(a_fixed_timeout, a_suspect_that_is_heard_is_up_again) {
  heard(0ms);
  judge_on_time(1s);
  EXPECT_EQ(heard(1200ms), (changes{{peer, peer_state::suspect, peer_state::up, 0ms}}));
  EXPECT_EQ(judge_on_time(1699ms), changes{});
  EXPECT_EQ(judge_on_time(1700ms).size(), 1u);
}

TEST_F(a_fixed_timeout, a_lost_connection_counts_at_once) {
  heard(0ms);
  EXPECT_EQ(lost(30ms), (changes{{peer, peer_state::up, peer_state::down, 30ms}}));
  EXPECT_EQ(lost(40ms), changes{});
  EXPECT_EQ(judge_on_time(10s), changes{});
}

TEST_F(a_fixed_timeout, a_suspect_whose_connection_is_lost_is_down) {
  heard(0ms);
  judge_on_time(600ms);
  EXPECT_EQ(lost(650ms), (changes{{peer, peer_state::suspect, peer_state::down, 650ms}}));
}

TEST_F(a_fixed_timeout, an_observer_that_stood_still_accuses_nobody) {
  heard(0ms);
  judge_on_time(100ms);
  // It was due at 200 ms and comes at 5 s: what the peer said meanwhile waits behind this call.
  EXPECT_EQ(judge(5s), changes{});
  EXPECT_EQ(heard(5s + 1ms), changes{});
  EXPECT_EQ(judge_on_time(5s + 500ms), changes{});
}

TEST_F(a_fixed_timeout, a_peer_that_died_while_the_observer_stood_still_is_found) {
  heard(0ms);
  judge_on_time(100ms);
  judge(5s);
  // The deadline at 500 ms moved by the 4.8 s that the observer came too late.
  EXPECT_EQ(judge_on_time(5s + 299ms), changes{});
  EXPECT_EQ(judge_on_time(5s + 300ms), (changes{{peer, peer_state::up, peer_state::suspect, 5300ms}}));
}

TEST_F(a_fixed_timeout, small_delays_of_the_observer_move_no_deadline) {
  heard(0ms);
  for (auto at = 150ms; at < 500ms; at += 150ms) EXPECT_EQ(judge(at), changes{});
  EXPECT_EQ(judge(550ms).size(), 1u);
}

TEST_F(a_fixed_timeout, peers_are_judged_apart) {
  heard(0ms);
  changes seen;
  detector.heard(3, evidence::beat, start + 300ms, seen);
  EXPECT_EQ(judge_on_time(700ms).size(), 1u);
  EXPECT_EQ(detector.state(3), peer_state::up);
}

TEST_F(a_fixed_timeout, strangers_are_ignored) {
  changes seen;
  detector.heard(9, evidence::beat, start, seen);
  detector.lost(9, start, seen);
  EXPECT_EQ(seen, changes{});
  EXPECT_EQ(detector.state(9), peer_state::down);
}

TEST(detector_options_test, times_must_be_above_zero) {
  EXPECT_EQ(detector_options{}.validate(), "");
  EXPECT_NE((detector_options{0ms, 1ms}.validate()), "");
  EXPECT_NE((detector_options{1ms, 0ms}.validate()), "");
}

const heartbeat sample{heartbeat_kind::ack,
                       node_status::draining,
                       7,
                       0x0102030405060708,
                       99,
                       1u << 31,
                       ~0ull,
                       {1, 2, 3, ~0u, 77},
                       "host:1"};

TEST(heartbeat_test, what_is_encoded_is_decoded) { EXPECT_EQ(decode_heartbeat(encode(sample)), sample); }

TEST(heartbeat_test, the_frame_is_as_documented) {
  const auto bytes = encode(sample);
  ASSERT_EQ(bytes.size(), 70u);
  EXPECT_EQ(bytes.substr(0, 7), std::string("\x03\x02\x01\x07\x00\x00\x00", 7));
  EXPECT_EQ(bytes[7], '\x08');
}

TEST(heartbeat_test, anything_else_is_refused) {
  const auto good = encode(sample);
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(decode_heartbeat(good.substr(0, size)));
  EXPECT_FALSE(decode_heartbeat(good + 'x'));
  for (const auto& [at, value] : {std::pair{0, '\0'}, {0, '\1'}, {1, '\0'}, {1, '\3'}, {2, '\4'}}) {
    auto bad = good;
    bad[static_cast<std::size_t>(at)] = value;
    EXPECT_FALSE(decode_heartbeat(bad)) << "byte " << at << " as " << int{value};
  }
}

TEST(heartbeat_test, an_address_may_be_missing_and_is_cut_if_too_long) {
  auto what = sample;
  what.serves_at.clear();
  EXPECT_EQ(decode_heartbeat(encode(what)), what);
  what.serves_at = std::string(300, 'h');
  EXPECT_EQ(decode_heartbeat(encode(what))->serves_at, std::string(255, 'h'));
}

TEST(heartbeat_test, older_nodes_are_understood) {
  auto expected = sample;
  auto bytes = encode(sample).substr(0, 66);
  bytes[0] = '\2';
  expected.load.mailbox_age_us = 0;
  EXPECT_EQ(decode_heartbeat(bytes), expected);
  EXPECT_FALSE(decode_heartbeat(bytes + 'x'));
  bytes = encode(sample).substr(0, 39);
  bytes[0] = '\1';
  expected.load = {};
  expected.serves_at.clear();
  EXPECT_EQ(decode_heartbeat(bytes), expected);
}

TEST(heartbeat_test, a_newer_node_is_understood) {
  auto bytes = encode(sample) + "more";
  bytes[0] = '\4';
  EXPECT_EQ(decode_heartbeat(bytes), sample);
}

}  // namespace
}  // namespace bulwark
