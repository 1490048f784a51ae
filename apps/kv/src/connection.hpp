// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <mutex>
#include <span>

#include "channel.hpp"

namespace bulwark::kv {

/// The I/O loop of a front, and what its one thread reads into. Connections keep it alive.
struct io_loop {
  static constexpr std::size_t read_bytes = 64 * 1024;

  boost::asio::io_context context{1};
  char scratch[read_bytes];
};

/// A client connection over plain TCP.
///
/// Reads happen in the I/O thread, writes at once in the thread that sends: that saves a hop for each reply.
/// What the socket does not take is sent by the I/O thread later. Threads:    the methods of channel from
/// any; start() and drop() in the I/O thread Invariants: (1) the descriptor is used and closed under mutex_
/// (reads: only by the I/O thread, which is also who closes)
///             (2) nothing is posted to the loop once closed_
class connection final : public channel, public std::enable_shared_from_this<connection> {
 public:
  using socket = boost::asio::ip::tcp::socket;

  connection(std::shared_ptr<io_loop> loop, socket stream, const channel_limits& limits,
             std::shared_ptr<byte_budget> budget, std::unique_ptr<client_sink> sink,
             std::function<void(connection*)> on_closed);
  ~connection() override;

  void start();
  void drop();

  void send(std::string_view data) override;
  void consumed(std::size_t bytes) override;
  bool must_pause() override;
  void finish() override;

 private:
  void wait_readable();
  void on_readable();
  bool read_once();
  void wait_writable();
  void on_writable();
  void linger();
  void resume_reading();
  std::size_t write_some(std::string_view data);
  [[nodiscard]] std::size_t held() const { return unread_ + unsent_.size() - sent_; }
  template <class Action>
  void post(Action action);

  const std::shared_ptr<io_loop> loop_;
  socket socket_;
  const channel_limits limits_;
  const std::shared_ptr<byte_budget> budget_;
  std::unique_ptr<client_sink> sink_;                 // I/O thread only
  std::function<void(connection*)> on_closed_;        // I/O thread only
  std::unique_ptr<boost::asio::steady_timer> timer_;  // I/O thread only: ends the lingering
  bool reading_ = false;                              // I/O thread only
  bool input_ended_ = false;                          // I/O thread only
  std::size_t discarded_ = 0;                         // I/O thread only

  std::mutex mutex_;
  bool closed_ = false;
  bool finishing_ = false;
  bool lingering_ = false;
  bool paused_ = false;   // reading waits for the session
  bool writing_ = false;  // the I/O thread waits to write
  bool broken_ = false;   // the drop is posted
  bool drain_wanted_ = false;
  std::size_t unread_ = 0;  // delivered to the session and not consumed
  std::string unsent_;
  std::size_t sent_ = 0;  // of unsent_
};

}  // namespace bulwark::kv
