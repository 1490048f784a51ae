// SPDX-License-Identifier: BSD-3-Clause
#include "faulty_network.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

namespace bulwark::cluster_test {

namespace {

using namespace std::chrono_literals;

constexpr int patience_ms = 50;  ///< how often a thread that waits for bytes looks whether it is to stop

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

cluster::unique_fd tcp_socket() {
  return cluster::unique_fd(checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
}

std::uint16_t listen_on_a_free_port(int fd) {
  auto address = loopback(0);
  socklen_t size = sizeof address;
  checked(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), "bind");
  checked(::listen(fd, 16), "listen");
  checked(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
  return ntohs(address.sin_port);
}

bool is_ready(int fd, short events) {
  pollfd wanted{fd, events, 0};
  return ::poll(&wanted, 1, patience_ms) > 0;
}

/// False if the target is gone, or it is time to stop.
bool deliver(const std::stop_token& stop, int target, std::string_view bytes) {
  while (!bytes.empty()) {
    if (stop.stop_requested()) return false;
    if (!is_ready(target, POLLOUT)) continue;
    const auto sent = ::send(target, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) return false;
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

faulty_network::faulty_network(unsigned nodes, std::function<load::endpoint(unsigned)> real)
    : nodes_(nodes), real_(std::move(real)), cables_(nodes * nodes) {
  for (unsigned from = 1; from <= nodes; ++from)
    for (unsigned to = 1; to <= nodes; ++to) {
      if (from == to) continue;
      auto listener = tcp_socket();
      const auto port = listen_on_a_free_port(listener.get());
      proxies_.push_back({from, to, std::move(listener), port});
    }
  acceptor_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
}

faulty_network::~faulty_network() {
  acceptor_.request_stop();
  acceptor_.join();
  for (auto& each : connections_) {
    each.there.request_stop();
    each.back.request_stop();
  }
  connections_.clear();
}

load::endpoint faulty_network::address(unsigned from, unsigned to) const {
  const auto found = std::find_if(proxies_.begin(), proxies_.end(),
                                  [&](const proxy& each) { return each.from == from && each.to == to; });
  return {.host = "127.0.0.1", .port = found->port};
}

// -- faults ---------------------------------------------------------------------------------------

void faulty_network::set(unsigned from, unsigned to, bool cut) {
  const std::lock_guard guard(mutex_);
  cable_of(from, to).cut = cut;
  changed_.notify_all();
}

void faulty_network::cut(unsigned from, unsigned to) { set(from, to, true); }
void faulty_network::mend(unsigned from, unsigned to) { set(from, to, false); }

void faulty_network::cut_both(unsigned one, unsigned other) {
  cut(one, other);
  cut(other, one);
}

void faulty_network::mend_both(unsigned one, unsigned other) {
  mend(one, other);
  mend(other, one);
}

void faulty_network::isolate(unsigned node) { separate({node}); }

void faulty_network::separate(const std::vector<unsigned>& group) {
  const auto inside = [&group](unsigned node) {
    return std::find(group.begin(), group.end(), node) != group.end();
  };
  for (unsigned one = 1; one <= nodes_; ++one)
    for (unsigned other = one + 1; other <= nodes_; ++other)
      if (inside(one) != inside(other)) cut_both(one, other);
}

void faulty_network::delay(unsigned from, unsigned to, duration by) {
  const std::lock_guard guard(mutex_);
  cable_of(from, to).delay = by;
}

void faulty_network::heal() {
  const std::lock_guard guard(mutex_);
  std::fill(cables_.begin(), cables_.end(), cable{});
  changed_.notify_all();
}

// -- carrying bytes -------------------------------------------------------------------------------

void faulty_network::accept_all(const std::stop_token& stop) {
  std::vector<pollfd> waiting;
  for (const auto& each : proxies_) waiting.push_back({each.listener.get(), POLLIN, 0});
  while (!stop.stop_requested()) {
    if (::poll(waiting.data(), waiting.size(), patience_ms) <= 0) continue;
    for (std::size_t i = 0; i < waiting.size(); ++i)
      if ((waiting[i].revents & POLLIN) != 0) connect(proxies_[i]);
  }
}

void faulty_network::connect(const proxy& through) {
  cluster::unique_fd near(::accept4(through.listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (near.get() < 0) return;
  auto far = tcp_socket();
  const auto address = loopback(real_(through.to).port);
  // Nobody there: the one who called is refused by the end of its connection.
  if (::connect(far.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return;
  const int at_once = 1;
  for (const int fd : {near.get(), far.get()})
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  auto& made = connections_.emplace_back();
  made.near = std::move(near);
  made.far = std::move(far);
  const auto carrier = [this](int source, int target, unsigned from, unsigned to) {
    return std::jthread([=, this](const std::stop_token& stop) { carry(stop, source, target, from, to); });
  };
  made.there = carrier(made.near.get(), made.far.get(), through.from, through.to);
  made.back = carrier(made.far.get(), made.near.get(), through.to, through.from);
}

std::optional<duration> faulty_network::pass(const std::stop_token& stop, unsigned from, unsigned to) {
  std::unique_lock guard(mutex_);
  if (!changed_.wait(guard, stop, [&] { return !cable_of(from, to).cut; })) return std::nullopt;
  return cable_of(from, to).delay;
}

void faulty_network::carry(const std::stop_token& stop, int source, int target, unsigned from, unsigned to) {
  std::array<char, 65536> bytes;
  ssize_t got = 1;
  while (got > 0 && !stop.stop_requested()) {
    if (!is_ready(source, POLLIN)) continue;
    got = ::recv(source, bytes.data(), bytes.size(), 0);
    // Also the end of a connection is something that has to get through.
    const auto late = pass(stop, from, to);
    if (!late) return;
    if (*late > duration::zero()) std::this_thread::sleep_for(*late);
    if (got > 0 && !deliver(stop, target, {bytes.data(), static_cast<std::size_t>(got)})) got = -1;
  }
  ::shutdown(target, SHUT_WR);
  if (got < 0) ::shutdown(source, SHUT_RDWR);
}

}  // namespace bulwark::cluster_test
