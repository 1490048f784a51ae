// SPDX-License-Identifier: BSD-3-Clause
#include "tls_session.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <new>
#include <system_error>

namespace bulwark {

namespace {

int descriptor_of(BIO* bio) { return *static_cast<const int*>(BIO_get_data(bio)); }

int bio_write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto sent = ::send(descriptor_of(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && is_passing(errno)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int bio_read(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto got = ::recv(descriptor_of(bio), data, static_cast<std::size_t>(size), 0);
  if (got < 0 && is_passing(errno)) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

/// OpenSSL's own way to sockets raises SIGPIPE when a peer is gone, which ends a process that does not ignore
/// it; a library cannot ask for that.
const BIO_METHOD* quiet_socket() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "quiet socket");
    if (made == nullptr) throw std::bad_alloc{};
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

int length(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, INT_MAX)); }

}  // namespace

tls_session::tls_session(SSL_CTX& context, tcp_socket socket, role is)
    : socket_{std::move(socket)}, descriptor_{socket_.get()}, ssl_{SSL_new(&context)}, role_{is} {
  BIO* const bio = BIO_new(quiet_socket());
  if (!ssl_ || bio == nullptr) throw std::bad_alloc{};
  BIO_set_data(bio, &descriptor_);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  if (is == role::dials)
    SSL_set_connect_state(ssl_.get());
  else
    SSL_set_accept_state(ssl_.get());
}

tls_progress tls_session::shake() {
  ERR_clear_error();
  if (!SSL_is_init_finished(ssl_.get())) {
    const auto progress = outcome_of(SSL_do_handshake(ssl_.get()));
    if (progress != tls_progress::done || role_ == role::listens) return progress;
  }
  if (role_ == role::listens) return tls_progress::done;
  // In TLS 1.3 the one that dials is finished before the other one has looked at its certificate. What comes
  // next is the refusal, or the first words of CAF.
  char first = 0;
  return outcome_of(SSL_peek(ssl_.get(), &first, 1));
}

tls_progress tls_session::read(void* into, std::size_t size, std::size_t& got) {
  got = 0;
  ERR_clear_error();
  const int result = SSL_read(ssl_.get(), into, length(size));
  if (result > 0) got = static_cast<std::size_t>(result);
  return outcome_of(result);
}

tls_progress tls_session::write(const void* from, std::size_t size, std::size_t& put) {
  put = 0;
  ERR_clear_error();
  const int result = SSL_write(ssl_.get(), from, length(size));
  if (result > 0) put = static_cast<std::size_t>(result);
  return outcome_of(result);
}

std::size_t tls_session::pending() const { return static_cast<std::size_t>(SSL_pending(ssl_.get())); }

std::vector<std::string> tls_session::peer_names() const {
  const x509_ptr certificate{SSL_get1_peer_certificate(ssl_.get())};
  return certificate ? names_in(*certificate) : std::vector<std::string>{};
}

tls_progress tls_session::outcome_of(int result) {
  if (result > 0) return tls_progress::done;
  const int system_error = errno;
  const int kind = SSL_get_error(ssl_.get(), result);
  if (kind == SSL_ERROR_WANT_READ) return tls_progress::wants_read;
  if (kind == SSL_ERROR_WANT_WRITE) return tls_progress::wants_write;
  errno = system_error;
  explain(kind);
  return tls_progress::failed;
}

void tls_session::explain(int kind) {
  const int system_error = errno;
  const auto code = ERR_peek_error();
  if (const auto verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK) {
    problem_ = std::string{"its certificate does not hold: "} + X509_verify_cert_error_string(verdict);
  } else if (kind == SSL_ERROR_ZERO_RETURN || ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    problem_ = "it closed the connection";
  } else if (code != 0) {
    const int reason = ERR_GET_REASON(code);
    const bool told_by_peer = reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 255;
    const bool no_tls = reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
                        reason == SSL_R_PACKET_LENGTH_TOO_LONG || reason == SSL_R_UNEXPECTED_MESSAGE ||
                        reason == SSL_R_BAD_RECORD_TYPE;
    const char* const text = ERR_reason_error_string(code);
    problem_ = no_tls ? "it does not speak TLS" : text != nullptr ? text : "TLS failed";
    if (told_by_peer) problem_ = "it refused this node's certificate or settings: " + problem_;
  } else {
    problem_ = system_error != 0 ? std::generic_category().message(system_error) : "it closed the connection";
  }
  ERR_clear_error();
}

}  // namespace bulwark
