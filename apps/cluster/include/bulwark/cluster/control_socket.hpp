// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "bulwark/cluster/control_client.hpp"
#include "bulwark/cluster/unique_fd.hpp"

namespace bulwark::cluster {

using local_stream = boost::asio::local::stream_protocol;

/// Names control.sock in a directory by a path that fits into a socket address however long the directory's
/// path is. The name holds as long as this object lives.
class control_address {
 public:
  explicit control_address(const std::filesystem::path& directory);

  /// Could the directory be opened?
  bool valid() const noexcept { return static_cast<bool>(directory_); }
  std::string path() const;
  local_stream::endpoint endpoint() const { return local_stream::endpoint(path()); }

 private:
  unique_fd directory_;
};

/// One question to one control socket, on an event loop. It keeps itself alive until `done` was called,
/// exactly once.
class control_query : public std::enable_shared_from_this<control_query> {
 public:
  static constexpr std::size_t answer_bytes_max = 4 << 20;

  using handler = std::function<void(control_answer)>;

  static void start(boost::asio::io_context& io, const control_question& question,
                    std::chrono::milliseconds timeout, handler done);

  control_query(boost::asio::io_context& io, const control_question& question, handler done);

 private:
  void connect(std::chrono::milliseconds timeout);
  void send();
  void receive();
  void finish(control_answer::outcome how, std::string text);
  void fail(const boost::system::error_code& error);

  boost::asio::io_context& io_;
  control_address address_;
  local_stream::socket socket_;
  boost::asio::steady_timer timer_;
  std::string request_;
  boost::asio::streambuf answer_;
  handler done_;
};

}  // namespace bulwark::cluster
