// SPDX-License-Identifier: BSD-3-Clause
// Goal: peers that do not answer keep a node neither from dialling others nor from answering those who dial
// it. Method: many peers behind a listener whose kernel drops what comes, and live ones beside them.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <memory>

#include "dial_and_wait.hpp"
#include "link_node.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

/// Node 30 dials 28 peers at once, of which 27 never answer.
class unanswered_test : public ::testing::Test {
 protected:
  void SetUp() override {
    live = std::make_unique<link_node>(link_node_options{.id = 1, .peers = {{30, 0}}});
    link_node_options options{.id = 30, .peers = {{1, live->port()}, {31, 0}}};
    for (std::uint32_t peer = 2; peer <= 28; ++peer) options.peers.emplace(peer, hole.port());
    dialler = std::make_unique<link_node>(std::move(options));
  }

  black_hole hole;
  std::unique_ptr<link_node> live;
  std::unique_ptr<link_node> dialler;
};

TEST_F(unanswered_test, do_not_keep_a_node_from_dialling_a_live_one) {
  for (std::uint64_t session = 1; session <= 5; ++session) {
    ASSERT_TRUE(dialler->await_report(1, [&](const link_report& now) { return now.up; })) << session;
    dialler->kill_link(1);
    dialler->start_link(1);
  }
}

TEST_F(unanswered_test, do_not_keep_a_node_from_answering_those_who_dial_it) {
  link_node guest{{.id = 31, .peers = {{30, dialler->port()}}}};
  EXPECT_TRUE(guest.await_up(30));
  EXPECT_EQ(guest.report(30).sessions, 1u);
}

TEST(connection_test, both_ends_try_again_each_second_at_least) {
  constexpr int tcp_rto_max_ms = 44;
  const auto limit_of = [](int socket) {
    int limit = -1;
    socklen_t size = sizeof limit;
    return ::getsockopt(socket, IPPROTO_TCP, tcp_rto_max_ms, &limit, &size) == 0 ? limit : -1;
  };
  const auto door = listen_tcp({"127.0.0.1", 0});
  const auto near = dial_and_wait({"127.0.0.1", local_port(door.socket)}, 10s);
  ASSERT_EQ(near.problem, "");
  const tcp_socket far{::accept(door.socket.get(), nullptr, nullptr)};
  if (limit_of(near.socket.get()) == -1) GTEST_SKIP() << "this kernel has no such limit (Linux 6.15)";
  EXPECT_EQ(limit_of(near.socket.get()), 1000);
  EXPECT_EQ(limit_of(far.get()), 1000);
}

}  // namespace
}  // namespace bulwark::test
