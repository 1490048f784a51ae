// SPDX-License-Identifier: BSD-3-Clause
// Goal: frames of several threads leave by one connection whole, each thread's in order, whatever the socket
// takes at a time, and nothing is written to one that is over. Method: a pair of sockets with small buffers;
// a thread of the test stands for that of the network and for CAF's stream, which writes what is left.
#include "shared_output.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "read_bytes.hpp"
#include "tcp_dial.hpp"

namespace bulwark::test {
namespace {

struct frame_head {
  std::uint32_t writer = 0;
  std::uint32_t number = 0;
  std::uint32_t size = 0;
};

std::string frame_of(std::uint32_t writer, std::uint32_t number, std::uint32_t size) {
  const frame_head head{writer, number, size};
  std::string frame(sizeof head + size, static_cast<char>('a' + (writer + number) % 26));
  std::memcpy(frame.data(), &head, sizeof head);
  return frame;
}

class shared_output_test : public ::testing::Test {
 protected:
  static std::array<int, 2> make_ends() {
    std::array<int, 2> ends{-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    const int small = 4096;
    ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    return ends;
  }

  std::string read(std::size_t bytes) const { return read_bytes(far.get(), bytes); }
  bool nothing_came() const {
    pollfd wanted{far.get(), POLLIN, 0};
    return ::poll(&wanted, 1, 0) == 0;
  }

  const std::array<int, 2> ends = make_ends();
  tcp_socket near{ends[0]}, far{ends[1]};
  std::atomic<int> rests = 0;
  shared_output output{near.get(), [this] { ++rests; }};
};

TEST_F(shared_output_test, a_frame_leaves_in_the_thread_that_writes_it) {
  EXPECT_TRUE(output.write("hello"));
  EXPECT_EQ(read(5), "hello");
  std::vector<char> own{'w', 'o', 'r', 'l', 'd'};
  EXPECT_FALSE(output.write_out(own));
  EXPECT_TRUE(own.empty());
  EXPECT_EQ(read(5), "world");
  EXPECT_EQ(rests, 0);
}

TEST_F(shared_output_test, a_long_frame_is_left_to_the_network_with_all_behind_it) {
  const std::string longer(shared_output::quick_bytes_max + 1, 'x');
  EXPECT_TRUE(output.write(longer));
  EXPECT_TRUE(output.write("behind"));
  EXPECT_TRUE(nothing_came());
  EXPECT_EQ(rests, 1);
  std::vector<char> own;
  std::thread reader{[&] { EXPECT_EQ(read(longer.size() + 6), longer + "behind"); }};
  while (output.write_out(own)) {
    while (!own.empty())
      if (const auto put = ::send(near.get(), own.data(), own.size(), 0); put > 0)
        own.erase(own.begin(), own.begin() + put);
    output.resume();
  }
  reader.join();
}

TEST_F(shared_output_test, the_rest_of_a_frame_goes_before_what_the_network_has_to_say) {
  std::string sent;
  for (std::uint32_t i = 0; rests == 0; ++i) {
    sent += frame_of(1, i, 1000);
    ASSERT_TRUE(output.write(frame_of(1, i, 1000)));
  }
  std::vector<char> own{'!'};
  ASSERT_TRUE(output.write_out(own)) << "the socket is full";
  ASSERT_TRUE(output.write("?")) << "waits behind what is left";
  EXPECT_EQ(std::count(own.begin(), own.end(), '!'), 1);
  EXPECT_EQ(own.back(), '!');
  EXPECT_EQ(std::count(own.begin(), own.end(), '?'), 0);
  EXPECT_TRUE(output.write_out(own)) << "again, before the socket took what is left";
  EXPECT_EQ(own.back(), '?');
  const std::string left{own.begin(), own.end()};
  sent += "!?";
  EXPECT_TRUE(sent.ends_with(left));
  EXPECT_EQ(read(sent.size() - left.size()), sent.substr(0, sent.size() - left.size()));
  ASSERT_TRUE(output.write("#"));
  EXPECT_TRUE(nothing_came()) << "there is room, but what is left goes first";
  own.clear();  // as if written
  output.resume();
  EXPECT_FALSE(output.write_out(own));
  EXPECT_EQ(read(1), "#");
  EXPECT_TRUE(output.write("direct again"));
  EXPECT_EQ(read(12), "direct again");
}

TEST_F(shared_output_test, nothing_is_written_once_it_is_closed) {
  output.close();
  EXPECT_TRUE(output.is_closed());
  EXPECT_FALSE(output.write("late"));
  EXPECT_TRUE(nothing_came());
}

TEST_F(shared_output_test, a_broken_connection_takes_no_frame_and_raises_no_signal) {
  far = tcp_socket{};
  EXPECT_FALSE(output.write("to nobody"));
  std::vector<char> own{'x'};
  EXPECT_TRUE(output.write_out(own)) << "CAF's stream shall find out";
  EXPECT_EQ(own.size(), 1u);
}

TEST_F(shared_output_test, frames_of_many_threads_stay_whole_and_in_order) {
  constexpr std::uint32_t writers = 3, frames = 2000;
  std::vector<std::thread> threads;
  for (std::uint32_t writer = 1; writer <= writers; ++writer)
    threads.emplace_back([&, writer] {
      for (std::uint32_t i = 0; i < frames; ++i)
        EXPECT_TRUE(
            output.write(frame_of(writer, i, (writer * 977 + i * 131) % 1500 + (i % 500 == 0 ? 40'000 : 0))));
    });
  std::atomic<bool> written = false;
  threads.emplace_back([&] {  // the network, whose own frames are those of writer 0
    std::vector<char> own;
    for (std::uint32_t i = 0; i < frames || !written; ++i) {
      if (i < frames) {
        const auto frame = frame_of(0, i, i % 700);
        own.insert(own.end(), frame.begin(), frame.end());
      }
      while (output.write_out(own)) {
        pollfd wanted{near.get(), POLLOUT, 0};
        while (!own.empty() && ::poll(&wanted, 1, -1) == 1)
          if (const auto put = ::send(near.get(), own.data(), own.size(), 0); put > 0)
            own.erase(own.begin(), own.begin() + put);
        output.resume();
      }
    }
  });
  std::map<std::uint32_t, std::uint32_t> next;
  for (std::uint32_t i = 0; i < (writers + 1) * frames; ++i) {
    const auto start = read(sizeof(frame_head));
    ASSERT_EQ(start.size(), sizeof(frame_head));
    frame_head head;
    std::memcpy(&head, start.data(), sizeof head);
    ASSERT_LE(head.writer, writers);
    ASSERT_EQ(head.number, next[head.writer]++) << "of writer " << head.writer;
    ASSERT_EQ(start + read(head.size), frame_of(head.writer, head.number, head.size));
  }
  written = true;
  for (auto& one : threads) one.join();
}

}  // namespace
}  // namespace bulwark::test
