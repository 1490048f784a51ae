// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

#include "bulwark/cluster/control_socket.hpp"

namespace bulwark::cluster {

/// Serves control.sock (mode 0600) in a directory: one line in, one line out, any number of times per
/// connection.
///
/// Owner:  one event loop; not thread-safe
/// Bounds: sessions_max connections, request_bytes_max per request, request_time to send one; beyond them a
/// connection
///         is closed
/// Errors: the constructor throws boost::system::system_error
class control_server {
 public:
  static constexpr std::size_t sessions_max = 64;
  static constexpr std::size_t request_bytes_max = 64 << 10;
  static constexpr std::chrono::seconds request_time{30};

  /// Sends the answer, without the line's end. May be called later than the handler returns, and at most
  /// once.
  using reply = std::function<void(std::string)>;
  using handler = std::function<void(const std::string& request, reply)>;

  /// Takes over the name from a server that is gone; the caller holds the lock of the directory, so none can
  /// be there.
  control_server(boost::asio::io_context& io, const std::filesystem::path& directory, handler serve);
  ~control_server();

  /// Accepts no more and removes the socket's name. Sessions that still owe an answer go on. Idempotent.
  void close();

 private:
  class session;
  void accept();
  void accept_later();

  boost::asio::io_context& io_;
  control_address address_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  handler serve_;
  std::shared_ptr<std::size_t> sessions_ = std::make_shared<std::size_t>(0);
};

}  // namespace bulwark::cluster
