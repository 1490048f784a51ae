// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/cluster/control_server.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <istream>
#include <system_error>
#include <utility>

namespace bulwark::cluster {

namespace asio = boost::asio;
using boost::system::error_code;

class control_server::session : public std::enable_shared_from_this<session> {
 public:
  session(asio::io_context& io, local_stream::socket socket, handler serve,
          std::shared_ptr<std::size_t> count)
      : socket_(std::move(socket)), timer_(io), serve_(std::move(serve)), count_(std::move(count)) {
    ++*count_;
  }
  ~session() { --*count_; }

  void receive() {
    timer_.expires_after(request_time);
    timer_.async_wait([weak = weak_from_this()](error_code error) {
      const auto self = weak.lock();
      if (!error && self) self->close();
    });
    asio::async_read_until(socket_, input_, '\n', [self = shared_from_this()](error_code error, std::size_t) {
      if (error) return self->close();
      self->timer_.cancel();
      std::istream in(&self->input_);
      std::string line;
      std::getline(in, line);
      self->serve_(line, [self](std::string answer) { self->send(std::move(answer)); });
    });
  }

 private:
  void send(std::string answer) {
    output_ = std::move(answer) + "\n";
    asio::async_write(socket_, asio::buffer(output_),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        if (error)
                          self->close();
                        else
                          self->receive();
                      });
  }

  void close() {
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

  local_stream::socket socket_;
  asio::steady_timer timer_;
  handler serve_;
  std::shared_ptr<std::size_t> count_;
  asio::streambuf input_{request_bytes_max};
  std::string output_;
};

control_server::control_server(asio::io_context& io, const std::filesystem::path& directory, handler serve)
    : io_(io), address_(directory), acceptor_(io), pause_(io), serve_(std::move(serve)) {
  ::unlink(address_.path().c_str());
  acceptor_.open();
  // The mode of a socket's file is that of the socket at bind: so nobody else ever sees it open.
  if (::fchmod(acceptor_.native_handle(), 0600) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot protect the control socket");
  acceptor_.bind(address_.endpoint());
  acceptor_.listen();
  accept();
}

control_server::~control_server() { close(); }

void control_server::close() {
  pause_.cancel();
  if (!acceptor_.is_open()) return;
  error_code ignored;
  acceptor_.close(ignored);
  ::unlink(address_.path().c_str());
}

void control_server::accept() {
  acceptor_.async_accept([this](error_code error, local_stream::socket socket) {
    if (error == asio::error::operation_aborted) return;  // `this` may be gone
    if (error) return accept_later();
    if (*sessions_ < sessions_max)
      std::make_shared<session>(io_, std::move(socket), serve_, sessions_)->receive();
    accept();
  });
}

void control_server::accept_later() {
  // Most likely the process is out of file descriptors: trying again at once would only burn CPU.
  pause_.expires_after(std::chrono::milliseconds(100));
  pause_.async_wait([this](error_code error) {
    if (!error) accept();
  });
}

}  // namespace bulwark::cluster
