// SPDX-License-Identifier: BSD-3-Clause
#include "loopback_client.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "scripts.hpp"

namespace bulwark::kv {

namespace {

constexpr timeval timeout{.tv_sec = 20, .tv_usec = 0};

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

}  // namespace

loopback_client::loopback_client(std::uint16_t port, int receive_buffer)
    : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  if (socket_ < 0) fail("socket");
  const int on = 1;
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (receive_buffer > 0)
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    ::close(socket_);
    fail("connect");
  }
}

loopback_client::loopback_client(loopback_client&& other) noexcept
    : socket_{std::exchange(other.socket_, -1)}, buffer_{std::move(other.buffer_)}, at_{other.at_} {}

loopback_client::~loopback_client() {
  if (socket_ >= 0) ::close(socket_);
}

void loopback_client::send(std::string_view data) {
  while (!data.empty()) {
    const auto count = ::send(socket_, data.data(), data.size(), MSG_NOSIGNAL);
    if (count < 0) fail("send");
    data.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::size_t loopback_client::send_some(std::string_view data) {
  const auto count = ::send(socket_, data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

void loopback_client::end() { ::shutdown(socket_, SHUT_WR); }

bool loopback_client::fill() {
  char chunk[64 * 1024];
  const auto count = ::recv(socket_, chunk, sizeof(chunk), 0);
  if (count < 0) fail("recv");
  buffer_.append(chunk, static_cast<std::size_t>(count));
  return count > 0;
}

void loopback_client::append_line(std::string& out) {
  std::size_t end;
  while ((end = buffer_.find("\r\n", at_)) == std::string::npos)
    if (!fill()) throw std::runtime_error{"the connection ended within a reply"};
  append_bytes(out, end + 2 - at_);
}

void loopback_client::append_bytes(std::string& out, std::size_t count) {
  while (buffer_.size() - at_ < count)
    if (!fill()) throw std::runtime_error{"the connection ended within a reply"};
  out.append(buffer_, at_, count);
  at_ += count;
  if (at_ == buffer_.size()) buffer_.clear(), at_ = 0;
}

std::string loopback_client::reply() {
  std::string out;
  for (long missing = 1; missing > 0; --missing) {
    const auto start = out.size();
    append_line(out);
    if (std::string_view{"$*%"}.find(out[start]) == std::string_view::npos) continue;
    const long size = std::stol(out.substr(start + 1));
    if (out[start] == '$' && size >= 0) append_bytes(out, static_cast<std::size_t>(size) + 2);
    if (out[start] == '*' && size > 0) missing += size;
    if (out[start] == '%') missing += 2 * size;
  }
  return out;
}

std::string loopback_client::replies(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += reply();
  return out;
}

std::string loopback_client::ask(std::string_view line) {
  send(multibulk(line));
  return reply();
}

std::string loopback_client::rest() {
  try {
    while (fill()) {
    }
  } catch (const std::system_error& failed) {
    if (failed.code().value() != ECONNRESET) throw;
    buffer_ += "(reset)";
  }
  return std::exchange(buffer_, {}).substr(std::exchange(at_, 0));
}

}  // namespace bulwark::kv
