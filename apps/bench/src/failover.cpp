// SPDX-License-Identifier: BSD-3-Clause
#include "failover.hpp"

#include "bulwark/load/resp.hpp"
#include "bulwark/load/tcp_stream.hpp"

#include <poll.h>

#include <deque>
#include <string>

namespace bulwark::bench {

namespace {

using load::io_result;
using std::chrono::steady_clock;

/// One write on a connection of its own.
class probe {
 public:
  explicit probe(std::size_t number) {
    load::append_command(command_, {"SET", "failover", std::to_string(number)});
  }

  bool start(const load::endpoint& target) { return stream_.begin_connect(target) == io_result::ok; }

  pollfd interest() const {
    return {.fd = stream_.descriptor(), .events = static_cast<short>(sent_ ? POLLIN : POLLOUT), .revents = 0};
  }

  /// Goes on after its socket became ready; true once the write is acknowledged.
  bool advance() {
    const auto now = steady_clock::now();
    if (!sent_) {
      std::size_t taken = 0;
      sent_ = stream_.send_all(command_, now, taken) == io_result::ok;
      if (!sent_) stream_.close();
      return false;
    }
    std::string incoming;
    if (stream_.receive(incoming, now) != io_result::ok) {
      stream_.close();
      return false;
    }
    parser_.feed(incoming);
    const auto answer = parser_.next();
    if (!answer) return false;
    stream_.close();
    return !answer->is_error();
  }

  bool is_over() const { return !stream_.is_open(); }

 private:
  load::tcp_stream stream_;
  load::reply_parser parser_;
  std::string command_;
  bool sent_ = false;
};

/// Waits up to `patience` for any probe's socket; true if one was acknowledged.
bool serve(std::deque<probe>& probes, duration patience) {
  std::vector<pollfd> watched;
  for (const auto& each : probes) watched.push_back(each.interest());
  const auto limit = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
  if (::poll(watched.data(), watched.size(), static_cast<int>(limit)) <= 0) return false;
  for (std::size_t i = 0; i < watched.size(); ++i) {
    if (watched[i].revents != 0 && probes[i].advance()) return true;
  }
  std::erase_if(probes, [](const probe& each) { return each.is_over(); });
  return false;
}

}  // namespace

std::optional<duration> time_failover(const std::vector<load::endpoint>& survivors,
                                      const std::function<void()>& strike, duration patience) {
  constexpr duration interval = std::chrono::milliseconds(10);
  constexpr std::size_t probes_max = 2000;
  std::deque<probe> probes;
  strike();
  const auto struck = steady_clock::now();
  auto next = struck;
  for (std::size_t number = 0; steady_clock::now() - struck < patience;) {
    if (steady_clock::now() >= next) {
      next += interval;
      if (probes.size() > probes_max) probes.pop_front();
      for (const auto& target : survivors) {
        probe added(number++);
        if (added.start(target)) probes.push_back(std::move(added));
      }
    }
    if (serve(probes, std::max<duration>(next - steady_clock::now(), duration{})))
      return steady_clock::now() - struck;
  }
  return std::nullopt;
}

}  // namespace bulwark::bench
