// SPDX-License-Identifier: BSD-3-Clause
#include "tls_handshakes.hpp"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <list>
#include <mutex>
#include <system_error>
#include <utility>

#include "bulwark/actors/core/complaint_log.hpp"

namespace bulwark {

namespace {

using namespace std::chrono_literals;

/// Without descriptors, accepting is left alone for so long instead of being tried all the time.
constexpr auto accept_pause = 100ms;
constexpr int accepts_per_turn = 16;
constexpr auto turn_max = 1s;

/// "n12.CLUSTER", as certificate_name makes it.
bool names_a_node(const std::string& name, const std::string& cluster) {
  std::uint32_t number = 0;
  if (!name.starts_with('n')) return false;
  const auto* const end = name.data() + name.size();
  const auto [rest, code] = std::from_chars(name.data() + 1, end, number);
  return code == std::errc{} && number != 0 && rest != end && *rest == '.' &&
         std::string_view{rest + 1, static_cast<std::size_t>(end - rest - 1)} == cluster;
}

std::string in_words(const std::vector<std::string>& names) {
  constexpr std::size_t shown_max = 3;
  std::string text;
  for (std::size_t at = 0; at < std::min(names.size(), shown_max); ++at)
    text += (at == 0 ? "" : ", ") + names[at];
  return text.empty() ? "nobody" : text;
}

}  // namespace

struct tls_handshakes::state {
  struct handshake {
    std::unique_ptr<tls_session> session;
    std::string expected_name;  ///< empty: any node of the cluster
    tls_handshakes::taker done;
    instant deadline;
    short waits_for = POLLIN | POLLOUT;
    bool stranger = false;
    std::string host{};  ///< of a stranger; asked for at once, since it is not known any more after a reset
    bool over = false;
  };

  state(ssl_context_ptr ssl, tls_handshake_options given)
      : context{std::move(ssl)}, options{std::move(given)}, complaints{options.complaint_every} {
    if (!wake) throw std::system_error(errno, std::generic_category(), "cannot make an event descriptor");
  }

  void ring() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake.get(), &one, sizeof one);
  }

  // -- in the thread

  void run();
  /// False once all this is over.
  bool take_arrived(instant now);
  /// True if something happened.
  bool wait(instant now);
  void accept_some(instant now);
  void welcome(tcp_socket socket, instant now);
  void push_out_oldest();
  void advance(handshake& one);
  void finish(handshake& one, std::string problem);
  void complain(const std::string& who, const std::string& what, instant now);
  [[nodiscard]] std::string objection_to(const handshake& one, const std::vector<std::string>& names) const;
  [[nodiscard]] std::string limit_text() const;

  const ssl_context_ptr context;
  const tls_handshake_options options;
  const tcp_socket wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};

  std::mutex mutex;  ///< guards the three below
  bool stopped = false;
  tcp_socket listener;
  std::vector<handshake> arrived;

  std::mutex admitting;  ///< held while `admitted` is called or changed; never inside `mutex`
  taker admitted;

  std::list<handshake> under_way;  ///< the oldest first
  std::vector<pollfd> waits;       ///< the bell, the listener, and those under way, in their order
  complaint_log complaints;
  instant accepts_again{};
};

void tls_handshakes::state::accept_some(instant now) {
  for (int count = 0; count < accepts_per_turn; ++count) {
    tcp_socket socket;
    int error = 0;
    {
      const std::lock_guard guard{mutex};
      if (!listener) return;
      socket = tcp_socket{::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
      error = errno;
    }
    if (!socket) {
      if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
        accepts_again = now + accept_pause;
        complain("this node", "it cannot accept: " + std::generic_category().message(error), now);
      }
      return;
    }
    push_out_oldest();
    welcome(std::move(socket), now);
  }
}

void tls_handshakes::state::push_out_oldest() {
  const auto is_stranger = [](const handshake& one) { return one.stranger && !one.over; };
  const auto count = std::count_if(under_way.begin(), under_way.end(), is_stranger);
  if (static_cast<std::size_t>(count) < options.strangers_max) return;
  finish(*std::find_if(under_way.begin(), under_way.end(), is_stranger),
         "too many others knocked before it had said who it is");
}

void tls_handshakes::state::welcome(tcp_socket socket, instant now) {
  auto host = peer_host(socket.get());
  auto session = std::make_unique<tls_session>(*context, std::move(socket), tls_session::role::listens);
  under_way.push_back({.session = std::move(session),
                       .expected_name = {},
                       .done = {},
                       .deadline = now + options.deadline,
                       .stranger = true,
                       .host = std::move(host)});
}

void tls_handshakes::state::advance(handshake& one) {
  switch (one.session->shake()) {
    case tls_progress::wants_read: one.waits_for = POLLIN; return;
    case tls_progress::wants_write: one.waits_for = POLLOUT; return;
    case tls_progress::failed: return finish(one, one.session->problem());
    case tls_progress::done: return finish(one, {});
  }
}

std::string tls_handshakes::state::objection_to(const handshake& one,
                                                const std::vector<std::string>& names) const {
  if (one.stranger) {
    const auto fits = [&](const std::string& name) { return names_a_node(name, options.cluster); };
    if (std::any_of(names.begin(), names.end(), fits)) return {};
    return "its certificate is that of " + in_words(names) + "; expected a node of the cluster \"" +
           options.cluster + "\"";
  }
  if (std::find(names.begin(), names.end(), one.expected_name) != names.end()) return {};
  return "its certificate is that of " + in_words(names) + "; expected " + one.expected_name;
}

void tls_handshakes::state::finish(handshake& one, std::string problem) {
  one.over = true;
  tls_outcome outcome{.session = std::move(one.session), .names = {}, .problem = std::move(problem)};
  if (outcome.problem.empty()) {
    outcome.names = outcome.session->peer_names();
    outcome.problem = objection_to(one, outcome.names);
  }
  if (!outcome.problem.empty()) {
    if (one.stranger) complain(one.host, outcome.problem, std::chrono::steady_clock::now());
    outcome.session.reset();
  }
  if (!one.stranger) return one.done(std::move(outcome));
  if (!outcome.session) return;
  const std::lock_guard guard{admitting};
  if (admitted) admitted(std::move(outcome));
}

void tls_handshakes::state::complain(const std::string& who, const std::string& what, instant now) {
  const auto left_out = complaints.note(who + ": " + what, now);
  if (!left_out) return;
  const auto again = *left_out == 0 ? std::string{} : " (" + std::to_string(*left_out) + " more before)";
  spdlog::warn("tls: refused {}: {}{}", who, what, again);
}

bool tls_handshakes::state::take_arrived(instant now) {
  waits.assign(1, {wake.get(), POLLIN, 0});
  const std::lock_guard guard{mutex};
  for (auto& one : arrived) under_way.push_back(std::move(one));
  arrived.clear();
  const bool accepts = listener && now >= accepts_again;
  waits.push_back({accepts ? listener.get() : -1, POLLIN, 0});
  return !stopped;
}

bool tls_handshakes::state::wait(instant now) {
  auto until = now + turn_max;
  if (now < accepts_again) until = std::min<instant>(until, accepts_again);
  for (const auto& one : under_way) {
    waits.push_back({one.session->socket().get(), one.waits_for, 0});
    until = std::min<instant>(until, one.deadline);
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(std::max<duration>(until - now, 0ms));
  const int count = ::poll(waits.data(), waits.size(), static_cast<int>(left.count()));
  if (count < 0 && errno != EINTR)
    std::this_thread::sleep_for(accept_pause);  // no memory; later there may be
  std::uint64_t rung = 0;
  while (::read(wake.get(), &rung, sizeof rung) > 0) {
  }
  return count > 0;
}

void tls_handshakes::state::run() {
  for (auto now = std::chrono::steady_clock::now(); take_arrived(now);
       now = std::chrono::steady_clock::now()) {
    const bool something = wait(now);
    now = std::chrono::steady_clock::now();
    auto ready = waits.begin() + 2;
    for (auto& one : under_way) {
      if (something && ready++->revents != 0 && !one.over) advance(one);
      if (!one.over && now >= one.deadline) finish(one, "it did not say who it is within " + limit_text());
    }
    if (something && waits[1].revents != 0) accept_some(now);
    under_way.remove_if([](const handshake& one) { return one.over; });
  }
}

std::string tls_handshakes::state::limit_text() const {
  return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(options.deadline).count()) + " ms";
}

tls_handshakes::tls_handshakes(ssl_context_ptr context, tls_handshake_options options)
    : state_{std::make_shared<state>(std::move(context), std::move(options))}, thread_{[shared = state_] {
        shared->run();
      }} {}

tls_handshakes::~tls_handshakes() {
  {
    const std::lock_guard guard{state_->mutex};
    state_->stopped = true;
    state_->listener = tcp_socket{};
  }
  state_->ring();
  // A callback may hold the last reference to this.
  if (thread_.get_id() == std::this_thread::get_id())
    thread_.detach();
  else
    thread_.join();
}

void tls_handshakes::dialled(tcp_socket socket, std::string name, taker done) {
  auto session = std::make_unique<tls_session>(*state_->context, std::move(socket), tls_session::role::dials);
  {
    const std::lock_guard guard{state_->mutex};
    state_->arrived.push_back({.session = std::move(session),
                               .expected_name = std::move(name),
                               .done = std::move(done),
                               .deadline = std::chrono::steady_clock::now() + state_->options.deadline});
  }
  state_->ring();
}

void tls_handshakes::listen(tcp_socket listener, taker admitted) {
  {
    const std::lock_guard guard{state_->admitting};
    state_->admitted = std::move(admitted);
  }
  {
    const std::lock_guard guard{state_->mutex};
    state_->listener = std::move(listener);
  }
  state_->ring();
}

void tls_handshakes::close() {
  tcp_socket closed;
  {
    const std::lock_guard guard{state_->mutex};
    closed = std::exchange(state_->listener, tcp_socket{});
  }
  state_->ring();
  taker dropped;  // outside of the lock: it may hold who calls this
  const std::lock_guard guard{state_->admitting};
  dropped.swap(state_->admitted);
}

}  // namespace bulwark
