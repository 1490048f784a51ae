// SPDX-License-Identifier: BSD-3-Clause
// Goal: whatever the network does between nodes, a majority that hears one another serves, and no answer is
// wrong. Method: real nodes whose packets go through proxies that the test cuts, in one direction or in both,
// while a checked load works at all of them. Nothing is reset: nodes find out by silence alone.
#include "support.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace bulwark::cluster_test {
namespace {

using load::checked_load;
using load::eventually;

class partitions : public ::testing::Test {
 protected:
  explicit partitions(std::vector<std::string> extra = {})
      : nodes_{5, bare_nodes::cables::faulty, std::move(extra)}, load_{options(nodes_)} {}

  void SetUp() override {
    load_.start();
    leader_ = nodes_.await_leader(10s);
    ASSERT_TRUE(serves(leader_));
  }

  void TearDown() override {
    nodes_.network().heal();
    for (unsigned number = 1; number <= nodes_.count(); ++number)
      EXPECT_TRUE(serves(number)) << "after all was mended, n" << number << "\n" << nodes_.log_of(number);
    load_.stop();
    expect_nothing_lost(load_);
  }

  static load::load_options options(const bare_nodes& nodes) {
    auto options = modest_load(nodes.endpoints());
    options.request_timeout = 1s;
    return options;
  }

  /// Whether a client at this node writes and reads within some seconds.
  [[nodiscard]] bool serves(unsigned number) const {
    auto caller = client_of(nodes_.resp(number), 1s);
    const auto key = "partition:" + std::to_string(number);
    return call_until_done(caller, {"INCR", key}, 12s).done() &&
           call_until_done(caller, {"GET", key}, 12s).done();
  }

  /// Whether a client at this node hears that it is not served, each time within some seconds.
  [[nodiscard]] bool refuses(unsigned number) const {
    auto caller = client_of(nodes_.resp(number), 5s);
    return eventually(12s, [&] { return caller.call({"GET", "x"}).error.starts_with("CLUSTERDOWN"); });
  }

  [[nodiscard]] std::vector<unsigned> others() const {
    std::vector<unsigned> all;
    for (unsigned number = 1; number <= nodes_.count(); ++number)
      if (number != leader_) all.push_back(number);
    return all;
  }

  bare_nodes nodes_;
  checked_load load_;
  unsigned leader_ = 0;
};

TEST_F(partitions, a_leader_that_is_cut_off_is_replaced_and_refuses) {
  nodes_.network().isolate(leader_);
  const auto next = nodes_.await_leader(10s, leader_);
  EXPECT_TRUE(serves(next));
  EXPECT_TRUE(refuses(leader_)) << nodes_.log_of(leader_);
}

TEST_F(partitions, the_smaller_side_refuses_and_the_larger_one_serves) {
  const auto rest = others();
  nodes_.network().separate({leader_, rest[0]});
  for (std::size_t i = 1; i < rest.size(); ++i) EXPECT_TRUE(serves(rest[i])) << "n" << rest[i];
  EXPECT_TRUE(refuses(leader_));
  EXPECT_TRUE(refuses(rest[0]));
}

TEST_F(partitions, a_leader_that_nobody_hears_is_replaced) {
  for (const auto other : others()) nodes_.network().cut(leader_, other);
  EXPECT_TRUE(serves(nodes_.await_leader(10s, leader_)));
}

TEST_F(partitions, a_leader_that_hears_nobody_is_replaced) {
  for (const auto other : others()) nodes_.network().cut(other, leader_);
  EXPECT_TRUE(serves(nodes_.await_leader(10s, leader_)));
}

TEST_F(partitions, a_leader_that_reaches_only_one_other_gives_way_to_who_reaches_a_majority) {
  // All others hear each other; the leader hears one of them, who would go on believing in it.
  const auto rest = others();
  for (std::size_t i = 1; i < rest.size(); ++i) nodes_.network().cut_both(leader_, rest[i]);
  for (const auto other : rest) EXPECT_TRUE(serves(other)) << "n" << other;
}

TEST_F(partitions, one_node_that_all_can_reach_is_enough) {
  // Only the cables of one node are left: it alone reaches a majority.
  const auto rest = others();
  const auto hub = rest[0];
  for (unsigned one = 1; one <= nodes_.count(); ++one)
    for (unsigned other = one + 1; other <= nodes_.count(); ++other)
      if (one != hub && other != hub) nodes_.network().cut_both(one, other);
  EXPECT_TRUE(serves(hub)) << nodes_.log_of(hub);
}

/// A leader that reads by a lease does not know that it is cut off, and goes on for a while.
class partitions_with_leases : public partitions {
 protected:
  partitions_with_leases() : partitions{{"--lease-ms", "400"}} {}
};

TEST_F(partitions_with_leases, a_leader_that_is_cut_off_reads_nothing_stale) {
  for (int round = 0; round < 3; ++round) {
    auto reader = client_of(nodes_.resp(leader_), 1s);
    ASSERT_TRUE(call_until_done(reader, {"SET", "k", "old" + std::to_string(round)}).done());
    nodes_.network().isolate(leader_);
    const auto next = nodes_.await_leader(10s, leader_);
    auto writer = client_of(nodes_.resp(next), 1s);
    ASSERT_TRUE(call_until_done(writer, {"SET", "k", "new" + std::to_string(round)}, 12s).done());
    // It knows by now that it leads nobody, or finds out with the first of these.
    for (int reads = 0; reads < 3; ++reads) {
      const auto read = reader.call({"GET", "k"});
      ASSERT_TRUE(!read.done() || read.answer.text == "new" + std::to_string(round)) << read.answer.text;
      if (!read.done()) reader = client_of(nodes_.resp(leader_), 1s);
    }
    nodes_.network().heal();
    ASSERT_TRUE(serves(leader_));
    leader_ = nodes_.await_leader(10s);
  }
}

TEST_F(partitions_with_leases, a_leader_that_nobody_hears_is_replaced) {
  for (const auto other : others()) nodes_.network().cut(leader_, other);
  EXPECT_TRUE(serves(nodes_.await_leader(10s, leader_)));
}

TEST_F(partitions_with_leases, a_leader_that_hears_nobody_is_replaced) {
  for (const auto other : others()) nodes_.network().cut(other, leader_);
  EXPECT_TRUE(serves(nodes_.await_leader(10s, leader_)));
}

TEST_F(partitions, cables_that_come_and_go_do_no_harm) {
  const auto rest = others();
  for (int round = 0; round < 12; ++round) {
    const auto other = rest[static_cast<std::size_t>(round) % rest.size()];
    nodes_.network().cut_both(leader_, other);
    nodes_.network().cut(rest[0], rest[1]);
    std::this_thread::sleep_for(round % 2 == 0 ? 100ms
                                               : 350ms);  // shorter and longer than what makes suspicious
    nodes_.network().mend_both(leader_, other);
    nodes_.network().mend(rest[0], rest[1]);
    std::this_thread::sleep_for(50ms);
  }
}

TEST_F(partitions, slow_cables_make_slow_answers_only) {
  for (unsigned one = 1; one <= nodes_.count(); ++one)
    for (unsigned other = 1; other <= nodes_.count(); ++other)
      if (one != other) nodes_.network().delay(one, other, std::chrono::milliseconds(5 * one));
  for (unsigned number = 1; number <= nodes_.count(); ++number) EXPECT_TRUE(serves(number)) << "n" << number;
}

}  // namespace
}  // namespace bulwark::cluster_test
