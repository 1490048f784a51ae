// SPDX-License-Identifier: BSD-3-Clause
#include "connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>

namespace bulwark::kv {

namespace {

namespace asio = boost::asio;

// After the last byte is sent, a client gets this long to close, and may send this much meanwhile: closing on
// unread input would reset the connection, and the client could lose the last reply.
constexpr auto linger_time = std::chrono::seconds{2};
constexpr std::size_t linger_bytes_max = 16u << 20;

// While all clients together hold too much, who holds no more than this is spared: it is others who fill the
// memory.
constexpr std::size_t spared_bytes = 16 * 1024;

// Others get their turn after so many reads.
constexpr int reads_per_turn = 4;

}  // namespace

connection::connection(std::shared_ptr<io_loop> loop, socket stream, const channel_limits& limits,
                       std::shared_ptr<byte_budget> budget, std::unique_ptr<client_sink> sink,
                       std::function<void(connection*)> on_closed)
    : loop_{std::move(loop)},
      socket_{std::move(stream)},
      limits_{limits},
      budget_{std::move(budget)},
      sink_{std::move(sink)},
      on_closed_{std::move(on_closed)} {}

connection::~connection() { budget_->give_back(held()); }

/// Runs an action in the I/O thread. @pre mutex_ is held and !closed_
template <class Action>
void connection::post(Action action) {
  asio::post(loop_->context, [self = shared_from_this(), action] { action(*self); });
}

void connection::start() {
  sink_->opened(shared_from_this());
  wait_readable();
}

void connection::drop() {
  {
    const std::lock_guard lock{mutex_};
    if (closed_) return;
    closed_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
  }
  if (timer_) timer_->cancel();
  const auto self = shared_from_this();  // on_closed_ may hold the last reference
  sink_->closed();
  sink_.reset();
  on_closed_(this);
}

// -- input: I/O thread ----------------------------------------------------------------------------

void connection::wait_readable() {
  reading_ = true;
  socket_.async_wait(socket::wait_read, [self = shared_from_this()](const boost::system::error_code& failed) {
    self->reading_ = false;
    if (!failed) self->on_readable();
  });
}

void connection::on_readable() {
  for (int i = 0; i < reads_per_turn; ++i)
    if (!read_once()) return;
  wait_readable();
}

/// Whether to read again at once. If not, it has seen to what happens next.
bool connection::read_once() {
  std::size_t room = 0;
  {
    const std::lock_guard lock{mutex_};
    if (closed_) return false;
    if (!finishing_ && unread_ >= limits_.input_bytes_max) {
      paused_ = true;
      return false;
    }
    room =
        finishing_ ? io_loop::read_bytes : std::min(io_loop::read_bytes, limits_.input_bytes_max - unread_);
  }
  const auto count = ::recv(socket_.native_handle(), loop_->scratch, room, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    wait_readable();
    return false;
  }
  if (count < 0) {
    drop();
    return false;
  }
  const auto size = static_cast<std::size_t>(count);
  bool finishing = false;
  bool fits = true;
  {
    const std::lock_guard lock{mutex_};
    finishing = finishing_;
    if (!finishing) {
      unread_ += size;
      fits = budget_->take(size) || held() <= spared_bytes;
    }
  }
  if (size == 0) {
    input_ended_ = true;
    finishing ? drop() : sink_->input_ended();
    return false;
  }
  if (!fits || (finishing && (discarded_ += size) > linger_bytes_max)) {
    drop();
    return false;
  }
  if (!finishing) sink_->received(std::string{loop_->scratch, size});
  if (size == room) return true;
  wait_readable();
  return false;
}

void connection::consumed(std::size_t bytes) {
  const std::lock_guard lock{mutex_};
  unread_ -= bytes;
  budget_->give_back(bytes);
  if (!paused_ || closed_ || unread_ > limits_.input_bytes_max / 2) return;
  paused_ = false;
  post([](connection& self) { self.resume_reading(); });
}

void connection::resume_reading() {
  if (!reading_ && !input_ended_) on_readable();
}

// -- output: any thread ---------------------------------------------------------------------------

/// How much the socket took. @pre mutex_ is held and !closed_
std::size_t connection::write_some(std::string_view data) {
  std::size_t done = 0;
  while (done < data.size()) {
    const auto count =
        ::send(socket_.native_handle(), data.data() + done, data.size() - done, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR) {
      if (!broken_) post([](connection& self) { self.drop(); });
      broken_ = true;
      return data.size();  // nobody will read it
    }
  }
  return done;
}

void connection::send(std::string_view data) {
  const std::lock_guard lock{mutex_};
  if (closed_ || broken_ || finishing_) return;
  if (sent_ == unsent_.size()) data.remove_prefix(write_some(data));
  if (data.empty()) return;
  if (sent_ > unsent_.size() / 2) {
    unsent_.erase(0, sent_);
    sent_ = 0;
  }
  unsent_.append(data);
  const bool fits = budget_->take(data.size()) || held() <= spared_bytes;
  if (!fits || unsent_.size() - sent_ > limits_.output_bytes_max) {
    broken_ = true;
    post([](connection& self) { self.drop(); });
  } else if (!writing_) {
    writing_ = true;
    post([](connection& self) { self.wait_writable(); });
  }
}

bool connection::must_pause() {
  const std::lock_guard lock{mutex_};
  drain_wanted_ = !closed_ && unsent_.size() - sent_ >= limits_.output_bytes_pause;
  return drain_wanted_;
}

void connection::wait_writable() {
  socket_.async_wait(socket::wait_write,
                     [self = shared_from_this()](const boost::system::error_code& failed) {
                       if (!failed) self->on_writable();
                     });
}

void connection::on_writable() {
  bool drained = false;
  {
    const std::lock_guard lock{mutex_};
    if (closed_ || broken_) return;
    const auto count = write_some(std::string_view{unsent_}.substr(sent_));
    sent_ += count;
    budget_->give_back(count);
    const auto left = unsent_.size() - sent_;
    drained = drain_wanted_ && left < limits_.output_bytes_pause;
    if (drained) drain_wanted_ = false;
    if (left > 0) {
      wait_writable();
    } else {
      writing_ = false;
      sent_ = 0;
      unsent_ = {};
      if (finishing_ && !broken_) post([](connection& self) { self.linger(); });
    }
  }
  if (drained) sink_->drained();
}

// -- the end --------------------------------------------------------------------------------------

void connection::finish() {
  const std::lock_guard lock{mutex_};
  if (closed_ || finishing_) return;
  finishing_ = true;
  if (!writing_ && !broken_) post([](connection& self) { self.linger(); });
}

/// Tells the client that no more comes, and waits for it to close. I/O thread.
void connection::linger() {
  {
    const std::lock_guard lock{mutex_};
    if (closed_ || lingering_) return;
    lingering_ = true;
    ::shutdown(socket_.native_handle(), SHUT_WR);
  }
  if (input_ended_) return drop();
  timer_ = std::make_unique<asio::steady_timer>(loop_->context, linger_time);
  timer_->async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    if (!cancelled) self->drop();
  });
  resume_reading();
}

}  // namespace bulwark::kv
