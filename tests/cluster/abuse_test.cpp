// SPDX-License-Identifier: BSD-3-Clause
// Goal: whatever arrives at the client port, its sender gets an error or is cut off, memory stays bounded,
// and other clients notice nothing. Method: a real cluster with a checked load as the other clients, and raw
// sockets that misbehave.
#include "support.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <random>

namespace bulwark::cluster_test {
namespace {

using load::checked_load;
using load::io_result;
using load::local_cluster;
using load::tcp_stream;
using std::chrono::steady_clock;

class abuse : public ::testing::Test {
 protected:
  abuse() : cluster_({.program = program(), .nodes = 3}), load_(modest_load(cluster_.endpoints())) {
    load_.start();
    pid_ = cluster_.process_of("n1").value().pid;
    rss_before_ = resident_bytes(pid_);
  }

  tcp_stream connection() {
    tcp_stream stream;
    EXPECT_EQ(stream.connect(cluster_.endpoint_of("n1"), steady_clock::now() + 5s), io_result::ok);
    return stream;
  }

  /// Sends bytes and returns what comes back until the server closes or is silent for a while.
  static std::string answer_to(tcp_stream& stream, std::string_view bytes, duration patience = 300ms) {
    std::size_t sent = 0;
    stream.send_all(bytes, steady_clock::now() + 2s, sent);
    std::string answer;
    while (stream.receive(answer, steady_clock::now() + patience) == io_result::ok &&
           answer.size() < (1U << 20)) {
    }
    return answer;
  }

  /// The node is the same process, has not grown by more than this, and served the others well all the time.
  void expect_unharmed(std::uint64_t growth_max = 128U << 20) {
    EXPECT_EQ(cluster_.process_of("n1").value().pid, pid_) << "the node went down\n"
                                                           << cluster_.log_tail("n1");
    EXPECT_LT(resident_bytes(pid_), rss_before_ + growth_max);
    load_.stop();
    expect_nothing_lost(load_);
    EXPECT_EQ(load_.totals().unknown, 0U) << "other clients were harmed";
    EXPECT_EQ(load_.totals().refused, 0U) << "other clients were harmed";
  }

  local_cluster cluster_;
  checked_load load_;
  pid_t pid_ = 0;
  std::uint64_t rss_before_ = 0;
};

TEST_F(abuse, random_bytes_get_an_error_or_the_end) {
  std::mt19937_64 random(20240229);
  for (int attempt = 0; attempt < 60; ++attempt) {
    std::string bytes(1 + random() % 4000, '\0');
    std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(random()); });
    if (attempt % 3 == 0) bytes.insert(0, "*3\r\n$3\r\nSET\r\n");
    auto stream = connection();
    const auto answer = answer_to(stream, bytes, 50ms);
    EXPECT_TRUE(answer.empty() || answer.front() == '-') << "attempt " << attempt << ": " << answer;
  }
  expect_unharmed();
}

TEST_F(abuse, half_commands_wait_and_take_nothing_from_others) {
  std::vector<tcp_stream> halves;
  for (int i = 0; i < 200; ++i) {
    std::size_t sent = 0;
    halves.push_back(connection());
    halves.back().send_all("*2\r\n$4\r\nECHO\r\n$5\r\nhe", steady_clock::now() + 1s, sent);
  }
  EXPECT_EQ(answer_to(halves.back(), "llo\r\n"), "$5\r\nhello\r\n");
  halves.clear();
  expect_unharmed();
}

TEST_F(abuse, a_header_of_a_gibibyte_is_refused_at_once) {
  for (const std::string header :
       {"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1073741824\r\n", "*1073741824\r\n", "*1\r\n$-5\r\n"}) {
    auto stream = connection();
    const auto answer = answer_to(stream, header, 1s);
    EXPECT_TRUE(answer.starts_with("-")) << header << " was answered by " << answer;
  }
  expect_unharmed();
}

TEST_F(abuse, an_endless_line_is_cut_off) {
  auto stream = connection();
  const std::string line(1 << 20, 'a');
  bool cut = false;
  for (int mebibytes = 0; mebibytes < 64 && !cut; ++mebibytes) {
    std::size_t sent = 0;
    cut = stream.send_all(line, steady_clock::now() + 2s, sent) != io_result::ok;
  }
  EXPECT_TRUE(cut) << "64 MiB without a line's end were taken";
  expect_unharmed();
}

TEST_F(abuse, thousands_of_connections_do_not_keep_others_out) {
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  const auto wanted = std::min<std::size_t>(10'000, files.rlim_cur / 2);
  std::vector<tcp_stream> crowd;
  while (crowd.size() < wanted) {
    tcp_stream stream;
    if (stream.connect(cluster_.endpoint_of("n1"), steady_clock::now() + 2s) != io_result::ok) break;
    crowd.push_back(std::move(stream));
  }
  EXPECT_GE(crowd.size(), wanted * 9 / 10);
  EXPECT_EQ(answer_to(crowd.front(), "PING\r\n"), "+PONG\r\n");
  auto other = client_of(cluster_.endpoint_of("n2"));
  EXPECT_TRUE(other.call({"SET", "k", "v"}).done());
  crowd.clear();
  expect_unharmed(512U << 20);
}

TEST_F(abuse, a_slow_reader_is_held_back_or_cut_off) {
  auto writer = client_of(cluster_.endpoint_of("n1"));
  const std::string value(512 << 10, 'v');
  ASSERT_TRUE(writer.call({"SET", "big", value}).done());
  std::string questions;
  for (int i = 0; i < 1000; ++i) load::append_command(questions, {"GET", "big"});
  auto slow = connection();
  std::size_t sent = 0;
  slow.send_all(questions, steady_clock::now() + 2s, sent);  // asks for 500 MiB, and reads none of it
  std::uint64_t highest = 0;
  load::eventually(3s, [&] {
    highest = std::max(highest, resident_bytes(pid_));
    return false;
  });
  EXPECT_LT(highest, rss_before_ + (192U << 20)) << "unread replies are kept without bound";
  expect_unharmed(192U << 20);
}

}  // namespace
}  // namespace bulwark::cluster_test
