// SPDX-License-Identifier: BSD-3-Clause
#include "tcp_server.hpp"

#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <thread>
#include <unordered_map>

#include "connection.hpp"

namespace bulwark::kv {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr int backlog = 4096;
constexpr auto pause_without_descriptors = std::chrono::milliseconds{50};

bool out_of_resources(const boost::system::error_code& failed) {
  return failed == asio::error::no_descriptors ||
         failed == boost::system::errc::too_many_files_open_in_system ||
         failed == asio::error::no_buffer_space || failed == asio::error::no_memory;
}

std::string describe(const tcp::endpoint& end) {
  const auto host = end.address().to_string();
  const auto port = std::to_string(end.port());
  return end.address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

}  // namespace

struct tcp_server::state {
  explicit state(tcp_server_options with)
      : options{std::move(with)},
        loop{std::make_shared<io_loop>()},
        acceptor{loop->context},
        timer{loop->context} {}

  void listen();
  void accept();
  void serve(tcp::socket stream);
  void close_all();
  void run();

  tcp_server_options options;
  std::shared_ptr<io_loop> loop;
  tcp::acceptor acceptor;
  asio::steady_timer timer;
  std::uint16_t port = 0;
  bool closing = false;
  std::unordered_map<connection*, std::weak_ptr<connection>> live;
  std::thread thread;
};

void tcp_server::state::listen() {
  const tcp::endpoint end{asio::ip::make_address(options.host), options.port};
  acceptor.open(end.protocol());
  acceptor.set_option(tcp::acceptor::reuse_address{true});
  acceptor.bind(end);
  acceptor.listen(backlog);
  port = acceptor.local_endpoint().port();
}

void tcp_server::state::accept() {
  acceptor.async_accept([this](const boost::system::error_code& failed, tcp::socket stream) {
    if (closing) return;
    if (!failed) serve(std::move(stream));
    if (!out_of_resources(failed)) return accept();
    timer.expires_after(pause_without_descriptors);
    timer.async_wait([this](const boost::system::error_code&) {
      if (!closing) accept();
    });
  });
}

void tcp_server::state::serve(tcp::socket stream) {
  boost::system::error_code failed;
  const auto peer = stream.remote_endpoint(failed);
  if (failed) return;  // gone already
  const auto local = stream.local_endpoint(failed);
  stream.set_option(tcp::no_delay{true}, failed);
  stream.non_blocking(true, failed);
  auto answer = options.admit(describe(peer), describe(local));
  if (!answer.sink) {
    ::send(stream.native_handle(), answer.refusal.data(), answer.refusal.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return;
  }
  const auto made =
      std::make_shared<connection>(loop, std::move(stream), options.limits, options.budget,
                                   std::move(answer.sink), [this](connection* it) { live.erase(it); });
  live.emplace(made.get(), made);
  made->start();
}

void tcp_server::state::close_all() {
  closing = true;
  boost::system::error_code ignored;
  acceptor.close(ignored);
  timer.cancel();
  const auto all = std::move(live);
  live = {};
  for (const auto& [key, each] : all)
    if (const auto it = each.lock()) it->drop();
}

/// A round takes all that is ready, so that what it sets in motion is done for all of it at once.
void tcp_server::state::run() {
  auto& context = loop->context;
  const std::function<void()> one_round = [&context] {
    context.run_one();
    context.poll();
  };
  while (!context.stopped()) options.around(one_round);
}

tcp_server::tcp_server(tcp_server_options options) : state_{std::make_unique<state>(std::move(options))} {
  state_->listen();
  state_->accept();
  // The thread ends by itself once the acceptor and all connections are closed: then no handler is left that
  // would keep a connection alive.
  state_->thread = std::thread{[it = state_.get()] { it->run(); }};
}

tcp_server::~tcp_server() {
  asio::post(state_->loop->context, [it = state_.get()] { it->close_all(); });
  state_->thread.join();
}

std::uint16_t tcp_server::port() const { return state_->port; }

}  // namespace bulwark::kv
