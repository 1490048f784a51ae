// SPDX-License-Identifier: BSD-3-Clause
#include "tls_stream.hpp"

#include <caf/all.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <utility>

#include "stream_scribe.hpp"

namespace bulwark {

namespace {

using caf::io::network::default_multiplexer;
using caf::io::network::native_socket;
using caf::io::network::rw_state;

/// Written at a time, so that one connection does not keep the network thread from the others.
constexpr std::size_t bytes_per_turn = 256u << 10;

/// How CAF's stream reads and writes.
class tls_policy {
 public:
  explicit tls_policy(std::unique_ptr<tls_session> session) : session_{std::move(session)} {}

  rw_state read_some(std::size_t& got, native_socket, void* into, std::size_t size) {
    got = 0;
    if (size == 0) return rw_state::indeterminate;
    const auto progress = session_->read(into, size, got);
    if (progress == tls_progress::failed) return rw_state::failure;
    return progress == tls_progress::done ? rw_state::success : rw_state::indeterminate;
  }

  /// "indeterminate" would make CAF drop what is left to write; a success of no bytes has it wait.
  rw_state write_some(std::size_t& put, native_socket, const void* from, std::size_t size) {
    put = 0;
    if (size == 0) return rw_state::indeterminate;
    while (put < size && put < bytes_per_turn) {
      std::size_t written = 0;
      const auto progress = session_->write(static_cast<const char*>(from) + put, size - put, written);
      put += written;
      if (progress == tls_progress::failed) return rw_state::failure;
      if (progress != tls_progress::done) break;
    }
    return rw_state::success;
  }

  /// The socket does not tell of bytes that the session has already.
  bool must_read_more(native_socket, std::size_t threshold) const {
    return session_->pending() >= std::max<std::size_t>(threshold, 1);
  }

 private:
  std::unique_ptr<tls_session> session_;
};

class tls_scribe final : public stream_scribe<caf::io::network::stream_impl<tls_policy>> {
 public:
  using stream_scribe::stream_scribe;

  /// Before its descriptor is closed, which another connection may get at once.
  ~tls_scribe() override {
    if (guests_) guests_->leave(hdl().id(), guest_);
  }

  void enter(std::shared_ptr<tls_guests> guests, std::vector<std::string> names) {
    guests_ = std::move(guests);
    guest_ = guests_->enter(hdl().id(), std::move(names));
  }

 private:
  /// The handshake may have brought bytes along, of which the socket will not tell.
  void launched() override {
    stream().backend().post([self = caf::intrusive_ptr<tls_scribe>{this}] {
      if (!self->detached()) self->stream().handle_event(caf::io::network::operation::read);
    });
  }

  std::shared_ptr<tls_guests> guests_;
  std::uint64_t guest_ = 0;
};

/// The listening socket and what comes through it belong to the handshakes until the peer is known; only then
/// does CAF hear of a connection.
class tls_doorman final : public caf::io::doorman {
 public:
  tls_doorman(default_multiplexer& backend, tcp_socket listener, std::uint16_t port,
              std::shared_ptr<tls_endpoint> tls)
      : doorman{caf::io::network::accept_hdl_from_socket(listener.get())},
        backend_{backend},
        listener_{std::move(listener)},
        port_{port},
        tls_{std::move(tls)} {}

  void launch() override {
    if (!listener_) return;
    tls_->handshakes().listen(std::move(listener_),
                              [self = caf::intrusive_ptr<tls_doorman>{this}](tls_outcome known) {
                                auto guest = std::make_shared<tls_outcome>(std::move(known));
                                self->backend_.post([self, guest] { self->admit(*guest); });
                              });
  }

  bool new_connection() override { return !detached(); }
  void graceful_shutdown() override {
    tls_->handshakes().close();
    detach(&backend_, false);
  }
  std::string addr() const override { return {}; }
  std::uint16_t port() const override { return port_; }
  void add_to_loop() override { launch(); }
  void remove_from_loop() override { tls_->handshakes().close(); }

 private:
  void admit(tls_outcome& guest) {
    if (detached()) return;
    const int socket = guest.session->release_socket();
    auto scribe = caf::make_counted<tls_scribe>(backend_, socket, std::move(guest.session));
    scribe->enter(tls_->guests(), std::move(guest.names));
    const auto handle = scribe->hdl();
    parent()->add_scribe(std::move(scribe));
    doorman::new_connection(&backend_, handle);
  }

  default_multiplexer& backend_;
  tcp_socket listener_;
  const std::uint16_t port_;
  const std::shared_ptr<tls_endpoint> tls_;
};

}  // namespace

caf::io::scribe_ptr make_tls_scribe(caf::actor_system& system, std::unique_ptr<tls_session> session) {
  const int socket = session->release_socket();
  return caf::make_counted<tls_scribe>(backend_of(system), socket, std::move(session));
}

caf::io::doorman_ptr make_tls_doorman(caf::actor_system& system, tcp_socket listener, std::uint16_t port,
                                      std::shared_ptr<tls_endpoint> tls) {
  return caf::make_counted<tls_doorman>(backend_of(system), std::move(listener), port, std::move(tls));
}

}  // namespace bulwark
