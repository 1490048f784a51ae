// SPDX-License-Identifier: BSD-3-Clause
#include "closed_loop.hpp"

#include "bulwark/load/resp.hpp"
#include "bulwark/load/tcp_stream.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace bulwark::bench {

namespace {

using load::io_result;
using std::chrono::steady_clock;

std::string key_name(std::size_t number) { return "k" + std::to_string(number); }

/// One client: a connection and the command in flight on it.
struct caller {
  load::tcp_stream stream;
  load::reply_parser parser;
  std::size_t next_key = 0;
  instant sent;
};

class closed_loop {
 public:
  explicit closed_loop(const loop_options& options)
      : options_(options),
        value_(options.value_bytes, 'x'),
        at_most_(std::to_string(options.at_most.count())),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  }
  closed_loop(const closed_loop&) = delete;
  closed_loop& operator=(const closed_loop&) = delete;
  ~closed_loop() { ::close(epoll_); }

  loop_result run() {
    for (std::size_t i = 0; i < options_.clients; ++i) {
      auto& added = callers_.emplace_back();
      // Clients go through the keys from places far apart, each in its own order of time.
      added.next_key = i * 7919;
      open(added, i);
    }
    const auto begin = steady_clock::now();
    const auto end = begin + options_.length;
    for (auto& each : callers_) send(each);
    auto now = begin;
    while (now < end) {
      serve(options_.apart ? std::min<duration>(end - now, look_interval) : end - now);
      const auto before = std::exchange(now, steady_clock::now());
      if (apart_) result_.seconds_apart += std::chrono::duration<double>(now - before).count();
      look(now);
    }
    result_.seconds = std::chrono::duration<double>(now - begin).count();
    return std::move(result_);
  }

 private:
  static constexpr duration look_interval = std::chrono::milliseconds(5);

  void look(instant now) {
    if (!options_.apart || now - looked_ < look_interval) return;
    looked_ = now;
    apart_ = options_.apart();
  }

  void open(caller& of, std::size_t number) {
    const auto& target = options_.targets[number % options_.targets.size()];
    if (of.stream.connect(target, steady_clock::now() + std::chrono::seconds(3)) != io_result::ok) {
      throw std::runtime_error("cannot connect to " + to_string(target));
    }
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.u64 = number;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, of.stream.descriptor(), &wanted) != 0) {
      throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
  }

  void send(caller& of) {
    const auto key = key_name(of.next_key++ % options_.keys);
    outgoing_.clear();
    if (options_.kind == work::put) {
      load::append_command(outgoing_, {"SET", key, value_});
    } else if (options_.kind == work::stale) {
      load::append_command(outgoing_, {"STALE", at_most_, "GET", key});
    } else {
      load::append_command(outgoing_, {"GET", key});
    }
    of.sent = steady_clock::now();
    std::size_t taken = 0;
    const auto deadline = of.sent + std::chrono::seconds(3);
    if (of.stream.send_all(outgoing_, deadline, taken) != io_result::ok)
      throw std::runtime_error("a send failed");
  }

  void serve(duration patience) {
    std::array<epoll_event, 256> ready;
    const auto limit = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
    const int count =
        ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), static_cast<int>(limit));
    for (int i = 0; i < count; ++i) {
      const auto number = static_cast<std::size_t>(ready[static_cast<std::size_t>(i)].data.u64);
      receive(callers_[number], number);
    }
  }

  void receive(caller& of, std::size_t number) {
    incoming_.clear();
    if (of.stream.receive(incoming_, steady_clock::now()) != io_result::ok) {
      note_error("connection closed");
      of.parser.clear();
      open(of, number);
      send(of);
      return;
    }
    of.parser.feed(incoming_);
    const auto answer = of.parser.next();
    if (!answer && !of.parser.broken()) return;
    if (!answer) throw std::runtime_error("the target does not speak RESP");
    if (answer->is_error()) {
      note_error(answer->text);
    } else {
      ++result_.operations;
      (apart_ ? result_.latencies_apart : result_.latencies).add(steady_clock::now() - of.sent);
    }
    send(of);
  }

  void note_error(const std::string& text) {
    constexpr std::uint64_t errors_max = 10'000;
    if (result_.errors++ == 0) result_.first_error = text;
    if (result_.operations == 0 && result_.errors > errors_max)
      throw std::runtime_error("only errors: " + text);
  }

  const loop_options& options_;
  const std::string value_;
  const std::string at_most_;
  int epoll_;
  std::deque<caller> callers_;
  loop_result result_;
  instant looked_{};
  bool apart_ = false;
  std::string outgoing_;
  std::string incoming_;
};

}  // namespace

const char* to_string(work kind) {
  switch (kind) {
    case work::put: return "put";
    case work::get: return "get";
    case work::stale: break;
  }
  return "stale";
}

loop_result run_closed_loop(const loop_options& options) { return closed_loop(options).run(); }

namespace {

/// Sends SETs of the keys from `first` to `end` and takes the answers; the first that is an error, if any.
std::string set_keys(load::tcp_stream& stream, std::size_t first, std::size_t end, const std::string& value,
                     instant deadline) {
  std::string outgoing;
  for (auto key = first; key < end; ++key) load::append_command(outgoing, {"SET", key_name(key), value});
  std::size_t taken = 0;
  if (stream.send_all(outgoing, deadline, taken) != io_result::ok) throw std::runtime_error("a send failed");
  load::reply_parser parser;
  std::string error;
  for (auto expected = end - first; expected > 0;) {
    std::string incoming;
    if (stream.receive(incoming, deadline) != io_result::ok)
      throw std::runtime_error("the connection was lost");
    parser.feed(incoming);
    for (auto answer = parser.next(); answer; answer = parser.next()) {
      if (answer->is_error() && error.empty()) error = answer->text;
      --expected;
    }
  }
  return error;
}

}  // namespace

void fill(const load::endpoint& target, std::size_t keys, std::size_t value_bytes, duration patience) {
  constexpr std::size_t at_once = 100;
  const std::string value(value_bytes, 'x');
  const auto deadline = steady_clock::now() + patience;
  load::tcp_stream stream;
  if (stream.connect(target, deadline) != io_result::ok)
    throw std::runtime_error("cannot connect to " + to_string(target));
  for (std::size_t key = 0; key < keys;) {
    const auto end = std::min(keys, key + at_once);
    const auto error = set_keys(stream, key, end, value, deadline);
    // A disk that stands still for seconds is no reason to give up, and to set a value twice does no harm.
    if (error.empty())
      key = end;
    else if (steady_clock::now() > deadline)
      throw std::runtime_error("filling failed: " + error);
  }
}

}  // namespace bulwark::bench
