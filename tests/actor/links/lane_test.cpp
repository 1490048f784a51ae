// SPDX-License-Identifier: BSD-3-Clause
// Goal: packets that pass CAF's broker by arrive as they were sent, whatever their size and whoever sends
// them. Method: two actor systems in this process, connected over loopback TCP, and the calls on their
// connection.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "link_node.hpp"

namespace bulwark::test {
namespace {

constexpr credit_window plenty{100'000, 1u << 30};

/// Node 1 listens, node 2 dials.
class lane_test : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(one.await_up(2));
    ASSERT_TRUE(two.await_up(1));
  }

  link_node one{{.id = 1, .peers = {{2, 0}}, .windows = {plenty, plenty, plenty}}};
  link_node two{{.id = 2, .peers = {{1, one.port()}}, .windows = {plenty, plenty, plenty}}};
};

TEST_F(lane_test, packets_of_any_size_arrive_in_order) {
  std::vector<std::size_t> sizes;
  for (const std::size_t edge : {1u, 4096u, 8192u, 16384u, 65536u, 262144u})
    for (std::size_t near = edge > 100 ? edge - 100 : 0; near <= edge + 5; ++near) sizes.push_back(near);
  sizes.push_back(3'000'000);
  const auto text = [](std::size_t i, std::size_t size) {
    return std::string(size, static_cast<char>('a' + i % 26));
  };
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    one.send(2, text(i, sizes[i]));
    two.send(1, text(i, sizes[i]));
  }
  for (auto* node : {&one, &two}) {
    ASSERT_TRUE(
        node->consensus().await([&](const inbox& seen) { return seen.packets.size() == sizes.size(); }));
    const auto packets = node->consensus().received_packets();
    for (std::size_t i = 0; i < sizes.size(); ++i)
      ASSERT_TRUE(packets[i].bytes == text(i, sizes[i])) << "packet " << i << " of " << sizes[i] << " bytes";
  }
}

TEST_F(lane_test, packets_of_each_of_many_senders_arrive_in_order) {
  constexpr std::uint32_t senders = 4, packets = 500;
  std::vector<std::thread> threads;
  for (std::uint32_t sender = 0; sender < senders; ++sender)
    threads.emplace_back([&, sender] {
      for (std::uint32_t i = 0; i < packets; ++i)
        two.send(1, std::to_string(sender) + ' ' + std::to_string(i) + ' ' + std::string(i % 50 * 997, 'x'));
    });
  for (auto& thread : threads) thread.join();
  ASSERT_TRUE(
      one.consensus().await([](const inbox& seen) { return seen.packets.size() == senders * packets; }));
  std::map<std::string, std::uint32_t> next;
  for (const auto& packet : one.consensus().received_packets()) {
    const auto sender = packet.bytes.substr(0, 1);
    const auto i = next[sender]++;
    ASSERT_EQ(packet.bytes, sender + ' ' + std::to_string(i) + ' ' + std::string(i % 50 * 997, 'x'));
  }
}

TEST_F(lane_test, a_session_after_another_one_has_a_lane_of_its_own) {
  for (int round = 0; round < 3; ++round) {
    one.kill_link(2);
    ASSERT_TRUE(two.await_down(1));
    one.start_link(2);
    ASSERT_TRUE(one.await_up(2));
    ASSERT_TRUE(two.await_up(1));
    const auto before = one.consensus().received();
    for (int i = 0; i < 100; ++i) two.send(1, std::to_string(i));
    ASSERT_TRUE(
        one.consensus().await([&](const inbox& seen) { return seen.packets.size() >= before + 100; }));
    EXPECT_EQ(one.consensus().received_packets().back().bytes, "99");
  }
}

}  // namespace
}  // namespace bulwark::test
