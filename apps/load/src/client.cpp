// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/load/client.hpp"

#include "bulwark/actors/core/invariant.hpp"

#include <array>
#include <utility>

namespace bulwark::load {

namespace {

instant now() { return std::chrono::steady_clock::now(); }

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.starts_with(word) && (text.size() == word.size() || text[word.size()] == ' ');
}

}  // namespace

const char* to_string(outcome what) {
  switch (what) {
    case outcome::done: return "done";
    case outcome::refused: return "refused";
    case outcome::unknown: return "unknown";
  }
  return "?";
}

call_result judge_error(const reply& error) {
  static constexpr std::array not_now = {"CLUSTERDOWN", "TRYAGAIN", "BUSY", "LOADING", "READONLY", "OOM"};
  call_result result{.what = outcome::refused, .answer = error, .error = error.text};
  if (starts_with_word(error.text, "TIMEOUT")) {
    result.what = outcome::unknown;
    return result;
  }
  for (const auto* word : not_now) {
    if (starts_with_word(error.text, word)) return result;
  }
  result.expected = error.text.starts_with("ERR max number of clients");
  return result;
}

client::client(client_options options) : options_(std::move(options)), index_(0) {
  BULWARK_INVARIANT(!options_.endpoints.empty());
  index_ = options_.first % options_.endpoints.size();
}

void client::move_on() {
  stream_.close();
  index_ = (index_ + 1) % options_.endpoints.size();
}

void client::go_home() {
  const auto home = options_.first % options_.endpoints.size();
  if (index_ == home) return;
  stream_.close();
  index_ = home;
}

call_result client::call(std::initializer_list<std::string_view> arguments) {
  if (!stream_.is_open()) {
    const auto connected = stream_.connect(current(), now() + options_.connect_timeout);
    if (connected != io_result::ok) {
      call_result result{.error = "connect to " + to_string(current()) + " " + to_string(connected)};
      move_on();
      return result;
    }
    parser_.clear();
  }
  outgoing_.clear();
  append_command(outgoing_, arguments);
  const auto deadline = now() + options_.request_timeout;
  std::size_t sent = 0;
  if (const auto result = stream_.send_all(outgoing_, deadline, sent); result != io_result::ok) {
    call_result failure{.what = sent == 0 ? outcome::refused : outcome::unknown,
                        .error = "send to " + to_string(current()) + " " + to_string(result)};
    move_on();
    return failure;
  }
  return await_reply(deadline);
}

call_result client::await_reply(instant deadline) {
  std::string arrived;
  for (;;) {
    arrived.clear();
    if (const auto result = stream_.receive(arrived, deadline); result != io_result::ok) {
      call_result failure{.what = outcome::unknown,
                          .error = "reply of " + to_string(current()) + " " + to_string(result)};
      move_on();
      return failure;
    }
    parser_.feed(arrived);
    if (auto answer = parser_.next()) {
      // It starts, or stops: others do not.
      if (answer->is_error() && starts_with_word(answer->text, "LOADING")) move_on();
      if (answer->is_error()) return judge_error(*answer);
      return {.what = outcome::done, .answer = std::move(*answer), .error = {}};
    }
    if (parser_.broken()) {
      call_result failure{.what = outcome::unknown,
                          .error = "reply of " + to_string(current()) + " is not RESP"};
      failure.expected = false;
      move_on();
      return failure;
    }
  }
}

}  // namespace bulwark::load
