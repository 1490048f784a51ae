// SPDX-License-Identifier: BSD-3-Clause
#include "tcp_dialler.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <list>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

namespace bulwark {

namespace {

using std::chrono::steady_clock;

constexpr auto dialler_turn_max = std::chrono::seconds{10};

}  // namespace

struct tcp_dialler::state {
  struct wish {
    peer_address where;
    taker done;
  };
  struct dial_under_way {
    dial_attempt attempt;
    taker done;
  };

  explicit state(duration given) : timeout{given} {
    if (!wake) throw std::system_error(errno, std::generic_category(), "cannot make an event descriptor");
  }

  void ring() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake.get(), &one, sizeof one);
  }

  // -- in the thread

  void run();
  /// False once all this is over.
  bool begin_wishes();
  void wait();

  const duration timeout;
  const tcp_socket wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};

  std::mutex mutex;  ///< guards the two below
  bool stopped = false;
  std::vector<wish> wishes;

  std::list<dial_under_way> under_way;
  std::vector<pollfd> waits;  ///< the bell, and those under way, in their order
};

bool tcp_dialler::state::begin_wishes() {
  std::vector<wish> taken;
  {
    const std::lock_guard guard{mutex};
    if (stopped) return false;
    taken.swap(wishes);
  }
  for (auto& one : taken)
    under_way.push_back({dial_attempt{one.where, timeout, steady_clock::now()}, std::move(one.done)});
  return true;
}

void tcp_dialler::state::wait() {
  const auto now = steady_clock::now();
  auto until = now + dialler_turn_max;
  waits.assign(1, {wake.get(), POLLIN, 0});
  for (const auto& one : under_way) {
    const bool over = one.attempt.is_over();
    waits.push_back({over ? -1 : one.attempt.socket(), POLLOUT, 0});
    until = std::min<instant>(until, over ? now : one.attempt.deadline());
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(std::max<duration>(until - now, {}));
  if (::poll(waits.data(), waits.size(), static_cast<int>(left.count())) < 0)
    for (auto& one : waits) one.revents = 0;
  std::uint64_t rung = 0;
  while (::read(wake.get(), &rung, sizeof rung) > 0) {
  }
}

void tcp_dialler::state::run() {
  while (begin_wishes()) {
    wait();
    const auto now = steady_clock::now();
    auto ready = waits.begin() + 1;
    for (auto& one : under_way) {
      one.attempt.advance(ready++->revents != 0, now);
      if (one.attempt.is_over()) one.done(one.attempt.take());
    }
    under_way.remove_if([](const dial_under_way& one) { return one.attempt.is_over(); });
  }
}

tcp_dialler::tcp_dialler(duration timeout)
    : state_{std::make_shared<state>(timeout)}, thread_{[shared = state_] { shared->run(); }} {}

tcp_dialler::~tcp_dialler() {
  {
    const std::lock_guard guard{state_->mutex};
    state_->stopped = true;
  }
  state_->ring();
  // A callback may hold the last reference to the owner of this.
  if (thread_.get_id() == std::this_thread::get_id())
    thread_.detach();
  else
    thread_.join();
}

void tcp_dialler::dial(peer_address where, taker done) {
  {
    const std::lock_guard guard{state_->mutex};
    state_->wishes.push_back({std::move(where), std::move(done)});
  }
  state_->ring();
}

}  // namespace bulwark
