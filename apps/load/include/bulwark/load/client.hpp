// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/actors/core/time.hpp"
#include "bulwark/load/endpoint.hpp"
#include "bulwark/load/resp.hpp"
#include "bulwark/load/tcp_stream.hpp"

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace bulwark::load {

/// What a client may conclude from what came back.
enum class outcome {
  done,     ///< the server answered: the command was carried out
  refused,  ///< certainly not carried out, now or later
  unknown,  ///< may have been carried out, or may be yet
};

const char* to_string(outcome what);

/// What came of one command.
struct call_result {
  outcome what = outcome::refused;
  reply answer{};        ///< meaningful if the server answered
  std::string error{};   ///< why it was not done: the server's error or what the connection did
  bool expected = true;  ///< false for an error that faults do not explain, such as a syntax error

  bool done() const { return what == outcome::done; }
};

/// Judges an error reply. Errors that only say "not now" leave the command undone; a TIMEOUT leaves it open;
/// an error of the command itself (ERR, WRONGTYPE) leaves it undone too, but is not `expected`.
call_result judge_error(const reply& error);

struct client_options {
  std::vector<endpoint> endpoints;  ///< at least one; tried in turn
  std::size_t first = 0;            ///< index of the endpoint to begin with
  duration connect_timeout = std::chrono::milliseconds(500);
  duration request_timeout = std::chrono::seconds(3);
};

/// A blocking RESP client with one command in flight, that goes to the next endpoint when one fails it.
///
/// Never repeats a command by itself: only the caller knows whether that is safe. Not thread-safe.
class client {
 public:
  explicit client(client_options options);

  /// Sends one command and waits for its reply, at most connect_timeout + request_timeout.
  call_result call(std::initializer_list<std::string_view> arguments);

  /// Closes the connection; the next call goes to the next endpoint.
  void move_on();

  /// Goes back to the endpoint that it began with, if it is elsewhere.
  void go_home();

  /// The endpoint in use, or the one that the next call will try.
  const endpoint& current() const { return options_.endpoints[index_]; }

  /// The connection itself, for tests that abuse it; may be closed.
  tcp_stream& stream() { return stream_; }

 private:
  call_result await_reply(instant deadline);

  client_options options_;
  std::size_t index_;
  tcp_stream stream_;
  reply_parser parser_;
  std::string outgoing_;
};

}  // namespace bulwark::load
