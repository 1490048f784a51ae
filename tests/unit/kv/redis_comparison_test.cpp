// SPDX-License-Identifier: BSD-3-Clause
// Goal: whoever knows Redis is not surprised: the same commands get the same replies, byte for byte.
// Method: seeded random commands, and a list of delicate ones, sent to a real redis-server and to our front
// side by side.
//         Skipped where redis-server is not installed.
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace bulwark::kv
