// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tcp_dial.hpp"

namespace bulwark {

/// The network of a system that has one.
inline caf::io::network::default_multiplexer& backend_of(caf::actor_system& system) {
  return dynamic_cast<caf::io::network::default_multiplexer&>(system.middleman().backend());
}

/// A connection of CAF over a `Stream`, which is a stream_impl of CAF. Belongs to the thread of the network.
template <class Stream>
class stream_scribe : public caf::io::scribe {
 public:
  /// `socket` is closed by this.
  template <class... Args>
  stream_scribe(caf::io::network::default_multiplexer& backend, caf::io::network::native_socket socket,
                Args&&... args)
      : scribe{caf::io::network::conn_hdl_from_socket(socket)},
        address_{peer_host(socket)},
        stream_{backend, socket, std::forward<Args>(args)...} {}

  void configure_read(caf::io::receive_policy::config config) override {
    stream_.configure_read(config);
    if (std::exchange(launched_, true)) return;
    stream_.start(this);
    launched();
  }

  void ack_writes(bool enable) override { stream_.ack_writes(enable); }
  std::vector<char>& wr_buf() override { return stream_.wr_buf(); }
  std::vector<char>& rd_buf() override { return stream_.rd_buf(); }
  void flush() override { stream_.flush(this); }
  void graceful_shutdown() override {
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }
  std::string addr() const override { return address_; }
  std::uint16_t port() const override {
    auto port = caf::io::network::remote_port_of_fd(stream_.fd());
    return port ? *port : 0;
  }
  void add_to_loop() override { stream_.activate(this); }
  void remove_from_loop() override { stream_.passivate(); }

 protected:
  /// Reading has begun.
  virtual void launched() {}

  Stream& stream() { return stream_; }

 private:
  const std::string address_;
  bool launched_ = false;
  Stream stream_;
};

}  // namespace bulwark
