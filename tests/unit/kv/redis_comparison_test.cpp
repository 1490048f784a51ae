// SPDX-License-Identifier: BSD-3-Clause
// Goal: whoever knows Redis is not surprised: the same commands get the same replies, byte for byte.
// Method: seeded random commands, and a list of delicate ones, sent to a real redis-server and to our front
// side by side.
//         Skipped where redis-server is not installed.
#include <gtest/gtest.h>

#include "bulwark/kv/core/request_parser.hpp"
#include "front_rig.hpp"
#include "loopback_client.hpp"
#include "redis_process.hpp"
#include "scripts.hpp"

namespace bulwark::kv {
namespace {

class redis_comparison : public testing::Test {
 protected:
  void SetUp() override {
    redis_ = redis_process::start();
    if (!redis_) GTEST_SKIP() << "redis-server is not installed (apt-get install redis-server)";
  }

  void expect_equal(const std::string& request, const std::string& shown) {
    theirs().send(request);
    ours().send(request);
    ASSERT_EQ(ours().reply(), theirs().reply()) << shown;
  }

  loopback_client& theirs() {
    if (!their_client_) their_client_.emplace(redis_->port());
    return *their_client_;
  }
  loopback_client& ours() {
    if (!our_client_) our_client_.emplace(rig_.port());
    return *our_client_;
  }

  /// Two clients of Redis, and two of ours, say the same: a line that begins with '>' is said by the second.
  void expect_equal_talks(const std::vector<std::string>& lines, const std::string& shown) {
    loopback_client theirs[] = {loopback_client{redis_->port()}, loopback_client{redis_->port()}};
    loopback_client ours[] = {loopback_client{rig_.port()}, loopback_client{rig_.port()}};
    for (const auto& line : lines) {
      const bool second = line.starts_with('>');
      const auto request = multibulk(line.substr(second ? 1 : 0));
      theirs[second].send(request);
      ours[second].send(request);
      ASSERT_EQ(ours[second].reply(), theirs[second].reply()) << line << " in " << shown;
    }
  }

  std::unique_ptr<redis_process> redis_;
  front_rig rig_;

 private:
  std::optional<loopback_client> their_client_, our_client_;
};

TEST_F(redis_comparison, random_commands_get_the_same_replies) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random{seed};
    for (int i = 0; i < 250; ++i) {
      const auto command = random_command(random);
      const bool as_line = random() % 4 == 0;
      ASSERT_NO_FATAL_FAILURE(expect_equal(as_line ? command + "\r\n" : multibulk(command),
                                           command + " (seed " + std::to_string(seed) + ")"));
    }
  }
}

TEST_F(redis_comparison, random_pipelines_get_the_same_replies) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    std::mt19937 random{seed};
    std::string pipeline;
    for (int i = 0; i < 60; ++i)
      pipeline += random() % 10 == 0 ? "ping\r\n" : multibulk(random_command(random));
    theirs().send(pipeline);
    ours().send(pipeline);
    ASSERT_EQ(ours().replies(60), theirs().replies(60)) << "seed " << seed;
  }
}

TEST_F(redis_comparison, delicate_commands_get_the_same_replies) {
  const char* const commands[] = {
      "ping",
      "PING hello",
      "ping a b",
      "echo",
      "echo 'a b'",
      "nonsense",
      "nonsense a 'b c' \"\\r\\n\"",
      "get",
      "GET a b",
      "set",
      "mset a",
      "mset a 1 b",
      "mget",
      "del",
      "incrby a",
      "dbsize x",
      "select 0",
      "select x",
      "select 99999999999",
      "auth",
      "auth secret",
      "auth nobody secret",
      "auth default secret",
      "hello x",
      "hello 4",
      "hello 2 setname 'a b'",
      "hello 2 nonsense",
      "client setname 'a b'",
      "client setname me",
      "client getname",
      "client setname ''",
      "client getname",
      "client nonsense",
      "client getname x",
      "command nonsense",
      "config nonsense",
      "command info nonsense",
      "command docs nonsense",
      "config get save",
      "config get nonsense",
      "quit now",
  };
  for (const char* command : commands) ASSERT_NO_FATAL_FAILURE(expect_equal(multibulk(command), command));
  EXPECT_EQ(ours().rest(), theirs().rest());
}

TEST_F(redis_comparison, broken_requests_get_the_same_replies) {
  const std::string requests[] = {"*x\r\n",
                                  "*1\r\n:1\r\n",
                                  "*1\r\n$-1\r\n",
                                  "*1\r\n$x\r\n",
                                  "set k \"a\r\n",
                                  "*99999999999\r\n",
                                  "ping\r\n*0\r\n\r\n*-5\r\nping\r\nquit\r\n"};
  for (const auto& request : requests) {
    loopback_client theirs{redis_->port()}, ours{rig_.port()};
    theirs.send(request);
    ours.send(request);
    EXPECT_EQ(ours.rest(), theirs.rest()) << request;
  }
}

TEST_F(redis_comparison, transactions_get_the_same_replies) {
  const std::vector<std::vector<std::string>> talks{
      {"multi", "exec"},
      {"multi", "set k 1", "incr k", "get k", "mget k none", "exec", "get k"},
      {"multi", "set k text", "incr k", "append k x", "exec"},
      {"multi", "incr n", "discard", "exec", "discard", "get n"},
      {"multi", "multi", "incr n", "exec"},
      {"multi", "watch k", "incr n", "exec"},
      {"multi", "nonsense a", "incr n", "exec", "exec", "get n"},
      {"multi", "get", "exec"},
      {"multi", "nonsense", "discard", "multi", "exec"},
      {"multi", "exec x", "exec"},
      {"set k 1", "watch k", ">incr k", "exec x", "multi", "exec"},
      {"multi", "multi x", "exec"},
      {"multi", "watch", "exec"},
      {"multi x", "exec x", "discard x", "unwatch x", "watch", "exec"},
      {"set k 1", "watch k", "multi", "incr k", "exec", "multi", "incr k", "exec"},
      {"set k 1", "watch k", ">set k 1", "multi", "incr k", "exec", "multi", "incr k", "exec"},
      {"set k 1", "watch k", ">set k 1", "multi", "nonsense", "exec", "multi", "exec"},
      {"set k 1", "watch k", ">get k", ">incr other", ">set k 2 nx", "multi", "incr k", "exec"},
      {"set k 1", "watch k", "set k 2", "multi", "incr k", "exec"},
      {"set k 1", "watch k", ">del k", "multi", "incr k", "exec"},
      {"set k 1", "watch k", ">del k", ">set k 1", "multi", "incr k", "exec"},
      {"del k", "watch k", ">set k 1", "multi", "incr k", "exec"},
      {"del k", "watch k", ">del k", "multi", "incr k", "exec"},
      {"set k 1", "watch k", "watch k other", ">incr k", "watch k", "multi", "exec"},
      {"set k 1", "watch k", ">incr k", "unwatch", "multi", "incr k", "exec", "unwatch"},
      {"set k 1", "watch k", ">incr k", "multi", "discard", "multi", "incr k", "exec"},
      {"set k 1", "watch k", ">incr k", "reset", "multi", "incr k", "exec"},
      {"multi", "incr k", "reset", "exec"},
      {"multi", ">multi", "incr k", ">incr k", ">exec", "exec"},
      {"watch k", ">multi", ">set k 5", ">exec", "multi", "get k", "exec"},
      {"watch k", ">multi", ">set k 5", ">discard", "multi", "get k", "exec"},
      {"multi", "set k 1 nx get", "set k 2 nx xx", "exec"},
      {"multi", "incr k", "quit"},
  };
  for (const auto& talk : talks) {
    std::string shown;
    for (const auto& line : talk) shown += line + "; ";
    ASSERT_NO_FATAL_FAILURE(expect_equal_talks(talk, shown));
  }
}

/// None that lacks a value: in a transaction, Redis finds that out only when it runs.
std::string random_whole_command(std::mt19937& random) {
  for (;;) {
    auto command = random_command(random);
    std::vector<std::string> words;
    split_inline(command, words);
    if (words[0] != "mset" || words.size() % 2 == 1) return command;
  }
}

/// Watches keys that are there, and begins, fills and ends transactions, while another client changes the
/// keys now and then.
std::vector<std::string> random_talk(std::mt19937& random) {
  std::vector<std::string> lines;
  for (int transactions = 0; transactions < 5; ++transactions) {
    lines.emplace_back("mset a 1 b text c 3");
    if (random() % 3 > 0) lines.emplace_back(random() % 2 == 0 ? "watch a b" : "watch c");
    if (random() % 3 == 0) lines.push_back(">" + random_command(random));
    if (random() % 8 == 0) lines.emplace_back("unwatch");
    lines.emplace_back("multi");
    for (auto n = random() % 6; n > 0; --n) {
      if (random() % 4 == 0) lines.push_back(">" + random_command(random));
      lines.push_back(random() % 20 == 0 ? "nonsense" : random_whole_command(random));
    }
    lines.emplace_back(random() % 6 == 0 ? "discard" : "exec");
  }
  return lines;
}

TEST_F(redis_comparison, random_transactions_get_the_same_replies) {
  for (unsigned seed = 1; seed <= 150; ++seed) {
    std::mt19937 random{seed};
    ASSERT_NO_FATAL_FAILURE(expect_equal_talks(random_talk(random), "seed " + std::to_string(seed)));
  }
}

}  // namespace
}  // namespace bulwark::kv
