// SPDX-License-Identifier: BSD-3-Clause
// Goal: a connector has one dial of a peer under way, waits longer after each that comes to nothing, forgets
// that after a success, and tries on when it runs out of descriptors. Method: a connector of its own whose
// peers are listeners of the test, which take connections and end them; delays that a test does not live
// through stand for "never", and other peers are dialled meanwhile. No wait is for a time to pass.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <memory>
#include <vector>

#include "bulwark/actors/node_config.hpp"
#include "link_messages.hpp"
#include "link_node.hpp"
#include "log_watch.hpp"
#include "tcp_dial.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

bool is_readable(const tcp_socket& socket, std::chrono::milliseconds within) {
  pollfd wanted{socket.get(), POLLIN, 0};
  return ::poll(&wanted, 1, static_cast<int>(within.count())) == 1;
}

/// Listens, and lets whoever dials in when the test says so.
class turnstile {
 public:
  [[nodiscard]] std::uint16_t port() const { return local_port(door_.socket); }
  [[nodiscard]] bool somebody_waits() const { return is_readable(door_.socket, 0ms); }
  /// None if nobody comes within ten seconds.
  [[nodiscard]] tcp_socket let_in() const {
    return is_readable(door_.socket, 10s) ? tcp_socket{::accept(door_.socket.get(), nullptr, nullptr)}
                                          : tcp_socket{};
  }

 private:
  dialled door_ = listen_tcp({"127.0.0.1", 0});
};

/// While this is there, the process gets no descriptor but those that are let go of here.
class scarce_descriptors {
 public:
  scarce_descriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit few{std::min<rlim_t>(before_.rlim_cur, 512), before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
    for (int one = ::dup(0); one >= 0; one = ::dup(0)) held_.emplace_back(one);
  }
  ~scarce_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  scarce_descriptors(const scarce_descriptors&) = delete;
  scarce_descriptors& operator=(const scarce_descriptors&) = delete;

  void let_go_of_one() { held_.pop_back(); }

 private:
  rlimit before_{};
  std::vector<tcp_socket> held_;
};

/// Node 9 dials peers 1 and 2; the test is the link to both.
class connector_test : public ::testing::Test {
 protected:
  ~connector_test() override {
    if (!connector) return;
    self->monitor(connector);
    self->send_exit(connector, caf::exit_reason::kill);
    self->receive([](const caf::down_msg&) {});
    system.await_actors_before_shutdown(false);
  }

  void start(const backoff_options& delays) {
    connector_options options{.self = {"test", 9, 1},
                              .addresses = {{1, {"127.0.0.1", one.port()}}, {2, {"127.0.0.1", two.port()}}},
                              .links = {}};
    options.delays = delays;
    connector = spawn_connector(system, std::move(options));
  }
  void ask_for(std::uint32_t peer) { self->send(connector, dial{peer}); }
  /// The next dial comes and is ended without a word; false if it does not come.
  static bool turn_away(const turnstile& peer) { return static_cast<bool>(peer.let_in()); }

  /// The sanitizer's check of types asks through a pipe whether memory can be read, and takes none for "no".
  static constexpr bool types_are_checked =
#ifdef __SANITIZE_ADDRESS__
      true;
#else
      false;
#endif

  /// So that a third delay is longer than any test.
  static constexpr backoff_options soon_never{.initial = 1ms, .max = 24h, .factor = 1e7, .jitter = 0};

  log_watch log;
  turnstile one, two;
  node_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  caf::actor connector;
};

TEST_F(connector_test, one_dial_of_a_peer_is_under_way_however_often_it_is_asked_for) {
  start({.initial = 1ms, .max = 1ms, .jitter = 0});
  for (int i = 0; i < 10; ++i) ask_for(1);
  for (int round = 0; round < 20; ++round) {
    const auto connection = one.let_in();
    ASSERT_TRUE(connection) << round;
    for (int i = 0; i < 10; ++i) ask_for(1);
    // A machine that stands still may have it try again meanwhile, but only after it has ended this one.
    EXPECT_TRUE(!one.somebody_waits() || is_readable(connection, 0ms)) << round;
  }
}

TEST_F(connector_test, delays_grow_and_do_not_concern_other_peers) {
  start(soon_never);
  ask_for(1);
  ask_for(2);
  ASSERT_TRUE(turn_away(one));
  ASSERT_TRUE(turn_away(one)) << "it is not tried again";
  for (int round = 0; round < 20; ++round) {
    ask_for(1);
    self->send(connector, dial_succeeded{2});
    ASSERT_TRUE(turn_away(two)) << round;
  }
  EXPECT_FALSE(one.somebody_waits()) << "it waits no longer than before";
}

TEST_F(connector_test, a_success_ends_the_delays) {
  start(soon_never);
  ask_for(1);
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(turn_away(one)) << round;
    const auto second = one.let_in();
    ASSERT_TRUE(second) << round;
    self->send(connector, dial_succeeded{1});
  }
}

TEST_F(connector_test, without_a_descriptor_for_the_connection_it_tries_on) {
  if (types_are_checked) GTEST_SKIP() << "the undefined-behaviour sanitizer needs descriptors itself";
  start({.initial = 1ms, .max = 10ms});
  {
    const scarce_descriptors none;
    ask_for(1);
    EXPECT_TRUE(log->await("cannot reach n1 at 127.0.0.1:" + std::to_string(one.port()) +
                           ": Too many open files; trying on"));
    EXPECT_FALSE(one.somebody_waits());
  }
  EXPECT_TRUE(turn_away(one));
}

TEST_F(connector_test, without_a_descriptor_to_end_the_connection_by_it_ends_it_and_tries_on) {
  if (types_are_checked) GTEST_SKIP() << "the undefined-behaviour sanitizer needs descriptors itself";
  start({.initial = 1ms, .max = 10ms});
  {
    scarce_descriptors all_but_one;
    all_but_one.let_go_of_one();
    ask_for(1);
    EXPECT_TRUE(log->await(": no more descriptors; trying on"));
  }
  const auto ended = one.let_in();
  ASSERT_TRUE(ended);
  EXPECT_TRUE(is_readable(ended, 10s)) << "it is neither used nor ended";
}

// -- with links

TEST(linked_connector_test, once_restarted_answers_who_comes_to_the_door_of_the_one_before) {
  link_node host{{.id = 1, .peers = {{2, 0}}}};
  host.kill_connector();
  host.start_connector();
  link_node guest{{.id = 2, .peers = {{1, host.port()}}}};
  ASSERT_TRUE(guest.await_up(1));
  EXPECT_TRUE(host.await_up(2));
}

TEST(linked_connector_test, dials_again_though_nothing_says_that_the_connection_before_has_ended) {
  // The door that it finds is its own, which no connection takes along.
  const auto port = free_port();
  link_node node{{.id = 2, .port = port, .peers = {{1, port}}}};
  EXPECT_TRUE(node.await_report(1, [](const link_report& now) { return now.refusals >= 2; }));
}

}  // namespace
}  // namespace bulwark::test
