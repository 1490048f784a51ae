// SPDX-License-Identifier: BSD-3-Clause
// Goal: the client tells what was certainly not done from what may have been, and goes to another endpoint on
// failure. Method: error texts by table; real loopback sockets on which the test plays a server that
// misbehaves.
#include "bulwark/load/client.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

namespace bulwark::load {
namespace {

using std::chrono::milliseconds;

reply error(const char* text) { return {.kind = reply::type::error, .text = text}; }

TEST(judge_error, knows_what_an_error_says_about_the_command) {
  EXPECT_EQ(judge_error(error("CLUSTERDOWN No leader")).what, outcome::refused);
  EXPECT_EQ(judge_error(error("TRYAGAIN later")).what, outcome::refused);
  EXPECT_EQ(judge_error(error("BUSY")).what, outcome::refused);
  EXPECT_EQ(judge_error(error("TIMEOUT outcome unknown")).what, outcome::unknown);
  EXPECT_TRUE(judge_error(error("TIMEOUT outcome unknown")).expected);
  EXPECT_EQ(judge_error(error("ERR syntax error")).what, outcome::refused);
  EXPECT_FALSE(judge_error(error("ERR syntax error")).expected);
  EXPECT_FALSE(judge_error(error("BUSYGROUP x")).expected);
}

/// A listening socket of the test's own, whose connections it serves once each with a fixed answer.
class listener {
 public:
  listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd_, generic, size), 0);
    EXPECT_EQ(::listen(fd_, 16), 0);
    EXPECT_EQ(::getsockname(fd_, generic, &size), 0);
    where_.port = ntohs(address.sin_port);
  }
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;
  ~listener() { ::close(fd_); }

  const endpoint& where() const { return where_; }

  /// Accepts one connection, reads something, answers, closes.
  void serve(std::string_view answer) const {
    const int accepted = ::accept(fd_, nullptr, nullptr);
    char chunk[512];
    EXPECT_GT(::recv(accepted, chunk, sizeof chunk, 0), 0);
    EXPECT_EQ(::send(accepted, answer.data(), answer.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(answer.size()));
    ::close(accepted);
  }

 private:
  int fd_;
  endpoint where_;
};

endpoint nobody() { return listener().where(); }

TEST(client, a_refused_connection_is_certainly_not_done_and_the_next_endpoint_answers) {
  const listener server;
  client caller({.endpoints = {nobody(), server.where()}});
  const auto refused = caller.call({"PING"});
  EXPECT_EQ(refused.what, outcome::refused);
  EXPECT_TRUE(refused.expected);
  const std::jthread serving([&] { server.serve("+PONG\r\n"); });
  const auto done = caller.call({"PING"});
  EXPECT_TRUE(done.done()) << done.error;
  EXPECT_TRUE(done.answer.is("PONG"));
}

TEST(client, a_connection_that_ends_before_the_reply_leaves_the_outcome_unknown) {
  const listener server;
  client caller({.endpoints = {server.where()}});
  const std::jthread serving([&] { server.serve("+PO"); });
  EXPECT_EQ(caller.call({"PING"}).what, outcome::unknown);
}

TEST(client, silence_leaves_the_outcome_unknown_after_the_deadline) {
  const listener server;  // the kernel completes the handshake, and nobody reads
  client caller({.endpoints = {server.where()}, .request_timeout = milliseconds(20)});
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(caller.call({"PING"}).what, outcome::unknown);
  EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(20));
  EXPECT_FALSE(caller.stream().is_open());
}

TEST(client, garbage_is_reported_as_unexpected) {
  const listener server;
  client caller({.endpoints = {server.where()}});
  const std::jthread serving([&] { server.serve("HTTP/1.1 400 Bad Request\r\n"); });
  const auto result = caller.call({"PING"});
  EXPECT_EQ(result.what, outcome::unknown);
  EXPECT_FALSE(result.expected);
}

TEST(endpoint, is_read_strictly) {
  EXPECT_EQ(parse_endpoint("127.0.0.1:7101"), (endpoint{.host = "127.0.0.1", .port = 7101}));
  for (const auto* text : {"", ":1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000", "h:1x"}) {
    EXPECT_FALSE(parse_endpoint(text)) << text;
  }
}

}  // namespace
}  // namespace bulwark::load
