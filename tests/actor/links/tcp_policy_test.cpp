// SPDX-License-Identifier: BSD-3-Clause
// Goal: what CAF reads of a connection in small pieces is asked of the socket once, in order, and CAF neither
// waits for bytes that are there nor asks a socket that has none. Method: a pair of sockets; the test is the
// other end, and asks as CAF's stream does.
#include "tcp_policy.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace bulwark::test {
namespace {

using rw_state = tcp_policy::rw_state;
using read_result = std::pair<rw_state, std::string>;

const read_result nothing{rw_state::indeterminate, ""};

class tcp_policy_test : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0);
    ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
  }
  void TearDown() override {
    ::close(ends_[0]);
    hang_up();
  }

  void hang_up() {
    if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
  }
  void comes(std::string_view bytes) {
    ASSERT_EQ(::write(ends_[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  read_result read(std::size_t size) {
    std::string into(size, '?');
    std::size_t got = 99;
    const auto state = policy.read_some(got, ends_[0], into.data(), size);
    into.resize(got);
    return {state, into};
  }
  static read_result success(std::string bytes) { return {rw_state::success, std::move(bytes)}; }
  bool has(std::size_t threshold) { return policy.must_read_more(ends_[0], threshold); }
  std::pair<rw_state, std::size_t> write(std::string_view bytes) {
    std::size_t put = 99;
    const auto state = policy.write_some(put, ends_[0], bytes.data(), bytes.size());
    return {state, put};
  }

  tcp_policy policy;

 private:
  std::array<int, 2> ends_{-1, -1};
};

TEST_F(tcp_policy_test, what_came_together_is_given_in_pieces_and_said_to_be_there) {
  comes("abcdefgh");
  EXPECT_FALSE(has(1)) << "nothing was read yet";
  EXPECT_EQ(read(3), success("abc"));
  EXPECT_TRUE(has(5));
  EXPECT_FALSE(has(6));
  EXPECT_TRUE(has(0));
  EXPECT_EQ(read(4), success("defg"));
  EXPECT_EQ(read(4), success("h"));
  EXPECT_FALSE(has(1));
  EXPECT_FALSE(has(0));
}

TEST_F(tcp_policy_test, a_socket_that_was_emptied_is_asked_again_when_it_tells_of_more) {
  comes("abc");
  EXPECT_EQ(read(3), success("abc"));
  comes("d");
  EXPECT_EQ(read(1), nothing) << "it was empty when it was asked last: no other question now";
  EXPECT_EQ(read(1), success("d"));
  EXPECT_EQ(read(1), nothing);
  EXPECT_EQ(read(1), nothing) << "it is empty";
}

TEST_F(tcp_policy_test, a_socket_that_gave_all_that_was_asked_for_is_asked_for_more_at_once) {
  const std::string ahead(tcp_policy::read_ahead_bytes, 'x');
  comes("head" + ahead + "rest");
  EXPECT_EQ(read(4), success("head"));
  EXPECT_TRUE(has(ahead.size()));
  EXPECT_EQ(read(ahead.size()), success(ahead));
  EXPECT_EQ(read(4), success("rest"));
}

TEST_F(tcp_policy_test, no_bytes_are_neither_read_nor_written) {
  comes("abc");
  EXPECT_EQ(read(0), nothing);
  EXPECT_EQ(write("").first, rw_state::indeterminate);
  EXPECT_EQ(read(3), success("abc"));
}

TEST_F(tcp_policy_test, the_end_of_the_connection_comes_after_the_last_byte) {
  comes("abc");
  hang_up();
  EXPECT_EQ(read(2), success("ab"));
  EXPECT_EQ(read(2), success("c"));
  EXPECT_EQ(read(1), nothing);
  EXPECT_EQ(read(1).first, rw_state::failure);
  EXPECT_EQ(write("x").first, rw_state::failure);
}

TEST_F(tcp_policy_test, a_socket_that_takes_no_more_has_the_rest_wait) {
  EXPECT_EQ(write("abc"), (std::pair{rw_state::success, std::size_t{3}}));
  const std::string much(1u << 16, 'x');
  while (write(much).second > 0) continue;
  EXPECT_EQ(write(much), (std::pair{rw_state::success, std::size_t{0}}));
}

}  // namespace
}  // namespace bulwark::test
