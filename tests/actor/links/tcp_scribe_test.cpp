// SPDX-License-Identifier: BSD-3-Clause
// Goal: all that CAF and other threads write to a connection leaves by it, whatever the socket takes at a
// time, up to its end, and nothing is written behind that. Method: a connection of CAF over one of a pair of
// sockets with small buffers; the test is the other end.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "bulwark/actors/node_config.hpp"
#include "read_bytes.hpp"
#include "shared_output.hpp"
#include "stream_scribe.hpp"
#include "tcp_dial.hpp"
#include "tcp_stream.hpp"

namespace bulwark::test {
namespace {

caf::behavior owner_of(caf::io::broker* self, const caf::io::scribe_ptr& scribe) {
  self->add_scribe(scribe);
  self->configure_read(scribe->hdl(), caf::io::receive_policy::at_most(1024));
  return {[](const caf::io::new_data_msg&) {}, [](const caf::io::connection_closed_msg&) {}};
}

class tcp_scribe_test : public ::testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> ends{-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    const int small = 4096;
    ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    far = tcp_socket{ends[1]};
    scribe = make_tcp_scribe(system, tcp_socket{ends[0]});
    system.middleman().spawn_broker(owner_of, scribe);
    ASSERT_TRUE(await([this] { return (output = output_of(scribe->hdl())) != nullptr; }));
  }
  void TearDown() override {
    in_network([this] { scribe.reset(); });
    far = {};
  }

  /// Runs `what` in the thread of the network, behind all that waits for it.
  template <class What>
  void in_network(What what) {
    std::promise<void> done;
    backend_of(system).post([&] {
      what();
      done.set_value();
    });
    done.get_future().get();
  }
  /// Asks in the thread of the network until `holds`; false if it does not within ten seconds.
  template <class Condition>
  bool await(Condition holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    bool is_so = false;
    while (!is_so && std::chrono::steady_clock::now() < end) in_network([&] { is_so = holds(); });
    return is_so;
  }

  /// Its owner has no more to do with the connection.
  void end() {
    in_network([this] {
      scribe->graceful_shutdown();
      scribe.reset();
    });
  }
  std::string read(std::size_t bytes) const { return read_bytes(far.get(), bytes); }
  /// More than the socket takes, in frames of another thread.
  std::string write_plenty(char letter) const {
    std::string all;
    for (int i = 0; i < 100; ++i) {
      const std::string frame(1000, letter);
      EXPECT_TRUE(output->write(frame));
      all += frame;
    }
    return all;
  }
  /// What the actors of CAF have to say. In the network's thread.
  void say(std::string_view text) {
    auto& buffer = scribe->wr_buf();
    buffer.insert(buffer.end(), text.begin(), text.end());
    scribe->flush();
  }

  node_config config;
  caf::actor_system system{config};
  tcp_socket far;
  caf::io::scribe_ptr scribe;
  std::shared_ptr<shared_output> output;
};

TEST_F(tcp_scribe_test, what_the_socket_does_not_take_goes_out_as_it_does_and_then_what_came_meanwhile) {
  const std::string word = "from CAF";
  auto frames = write_plenty('a');
  in_network([] {});  // it has taken over what was left
  frames += write_plenty('b');
  in_network([&] { say(word); });
  in_network([] {});
  frames += write_plenty('c');
  auto came = read(frames.size() + word.size());
  const auto at = came.find(word);
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(at % 1000, 0u);  // within no frame
  EXPECT_TRUE(came.erase(at, word.size()) == frames);
  in_network([] {});  // it knows that nothing is left
  EXPECT_TRUE(output->write("later"));
  EXPECT_EQ(read(5), "later");
  in_network([&] { say(word); });
  EXPECT_EQ(read(word.size()), word);
}

TEST_F(tcp_scribe_test, what_was_said_in_the_turn_in_which_it_is_closed_arrives) {
  in_network([&] {
    say("the last ");
    say("words");
    scribe->graceful_shutdown();
  });
  EXPECT_EQ(read(100), "the last words");
}

TEST_F(tcp_scribe_test, a_frame_is_refused_once_the_connection_is_over) {
  EXPECT_TRUE(output->write("yet"));
  EXPECT_EQ(read(3), "yet");
  end();
  far = {};
  ASSERT_TRUE(await([&] { return output->is_closed(); }));
  EXPECT_FALSE(output->write("no more"));
}

TEST_F(tcp_scribe_test, a_connection_that_is_over_is_found_no_more) {
  const auto handle = scribe->hdl();
  end();
  output.reset();
  far = {};
  EXPECT_TRUE(await([&] { return output_of(handle) == nullptr; }));
}

}  // namespace
}  // namespace bulwark::test
