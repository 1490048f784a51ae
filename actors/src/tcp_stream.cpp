// SPDX-License-Identifier: BSD-3-Clause
#include "tcp_stream.hpp"

#include <caf/all.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/doorman_impl.hpp>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>

#include "stream_scribe.hpp"
#include "tcp_policy.hpp"

namespace bulwark {

namespace {

using caf::io::network::default_multiplexer;
using caf::io::network::native_socket;

/// By the numbers that CAF gives to connections, and uses again. One map for each network, which has one
/// thread.
thread_local std::unordered_map<std::int64_t, std::weak_ptr<shared_output>> outputs;

/// Tells when CAF has written what was left.
class tcp_stream final : public caf::io::network::stream_impl<tcp_policy> {
 public:
  using stream_impl::stream_impl;

  void handle_event(caf::io::network::operation what) override {
    stream_impl::handle_event(what);
    if (what == caf::io::network::operation::write && !state_.writing && on_written) on_written();
  }

  std::function<void()> on_written;
};

class tcp_scribe final : public stream_scribe<tcp_stream> {
 public:
  tcp_scribe(default_multiplexer& backend, native_socket socket) : stream_scribe{backend, socket} {
    output_ = std::make_shared<shared_output>(socket, [this, &backend] {
      // It is there while its output is open; by the time that this runs it may no longer be.
      backend.post([this, output = std::weak_ptr{output_}] {
        if (const auto open = output.lock(); open && !open->is_closed()) write_out();
      });
    });
    stream().on_written = [this] {
      output_->resume();
      write_out();
    };
  }

  ~tcp_scribe() override { output_->close(); }

  /// What the actors of this turn have to say is written together.
  void flush() override {
    if (std::exchange(flush_due_, true)) return;
    stream().backend().post([self = caf::intrusive_ptr<tcp_scribe>{this}] {
      self->flush_due_ = false;
      self->write_out();
    });
  }

  void graceful_shutdown() override {
    write_out();
    stream_scribe::graceful_shutdown();
  }

 private:
  void launched() override { outputs.insert_or_assign(hdl().id(), output_); }

  void write_out() {
    if (output_->write_out(wr_buf())) stream_scribe::flush();
  }

  std::shared_ptr<shared_output> output_;
  bool flush_due_ = false;
};

class tcp_doorman final : public caf::io::network::doorman_impl {
 public:
  using doorman_impl::doorman_impl;

  bool new_connection() override {
    if (detached()) return false;
    auto& backend = acceptor_.backend();
    auto scribe = caf::make_counted<tcp_scribe>(backend, acceptor_.accepted_socket());
    const auto handle = scribe->hdl();
    parent()->add_scribe(std::move(scribe));
    return doorman::new_connection(&backend, handle);
  }
};

}  // namespace

caf::io::scribe_ptr make_tcp_scribe(caf::actor_system& system, tcp_socket socket) {
  return caf::make_counted<tcp_scribe>(backend_of(system), socket.release());
}

caf::io::doorman_ptr make_tcp_doorman(caf::actor_system& system, tcp_socket listener) {
  return caf::make_counted<tcp_doorman>(backend_of(system), listener.release());
}

std::shared_ptr<shared_output> output_of(caf::io::connection_handle connection) {
  const auto found = outputs.find(connection.id());
  return found == outputs.end() ? nullptr : found->second.lock();
}

}  // namespace bulwark
