// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/cluster/control_client.hpp"

#include <fcntl.h>

#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <istream>
#include <utility>

#include "bulwark/cluster/control_socket.hpp"

namespace bulwark::cluster {

namespace asio = boost::asio;
using boost::system::error_code;
using outcome = control_answer::outcome;

control_address::control_address(const std::filesystem::path& directory)
    : directory_(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

std::string control_address::path() const {
  return "/proc/self/fd/" + std::to_string(directory_.get()) + "/control.sock";
}

void control_query::start(asio::io_context& io, const control_question& question,
                          std::chrono::milliseconds timeout, handler done) {
  std::make_shared<control_query>(io, question, std::move(done))->connect(timeout);
}

control_query::control_query(asio::io_context& io, const control_question& question, handler done)
    : io_(io),
      address_(question.directory),
      socket_(io),
      timer_(io),
      request_(question.request + "\n"),
      answer_(answer_bytes_max),
      done_(std::move(done)) {}

void control_query::connect(std::chrono::milliseconds timeout) {
  if (!address_.valid()) {
    // Not at once: callers may rely on `done` coming from the event loop.
    asio::post(io_,
               [self = shared_from_this()] { self->finish(outcome::absent, "its directory is missing"); });
    return;
  }
  timer_.expires_after(timeout);
  timer_.async_wait([self = shared_from_this()](error_code error) {
    if (!error) self->finish(outcome::silent, "no answer in time");
  });
  socket_.async_connect(address_.endpoint(), [self = shared_from_this()](error_code error) {
    if (error)
      self->fail(error);
    else
      self->send();
  });
}

void control_query::send() {
  asio::async_write(socket_, asio::buffer(request_),
                    [self = shared_from_this()](error_code error, std::size_t) {
                      if (error)
                        self->fail(error);
                      else
                        self->receive();
                    });
}

void control_query::receive() {
  asio::async_read_until(socket_, answer_, '\n', [self = shared_from_this()](error_code error, std::size_t) {
    if (error) return self->fail(error);
    std::istream in(&self->answer_);
    std::string line;
    std::getline(in, line);
    self->finish(outcome::answered, std::move(line));
  });
}

void control_query::fail(const error_code& error) {
  const bool absent = error == asio::error::connection_refused || error.value() == ENOENT;
  // A listener that is stopped lets its queue of connections fill up: it is there, but silent.
  const bool full = error == asio::error::would_block || error == asio::error::try_again;
  if (absent)
    finish(outcome::absent, "nobody listens on its control socket");
  else if (full)
    finish(outcome::silent, "its control socket is overloaded");
  else
    finish(outcome::broken, "its control socket failed: " + error.message());
}

void control_query::finish(outcome how, std::string text) {
  if (!done_) return;
  timer_.cancel();
  error_code ignored;
  socket_.close(ignored);
  const auto done = std::exchange(done_, nullptr);
  if (how == outcome::answered)
    done({how, std::move(text), {}});
  else
    done({how, {}, std::move(text)});
}

std::vector<control_answer> ask_all(std::span<const control_question> questions,
                                    std::chrono::milliseconds timeout) {
  std::vector<control_answer> answers(questions.size());
  asio::io_context io(1);
  for (std::size_t i = 0; i < questions.size(); ++i)
    control_query::start(io, questions[i], timeout,
                         [&answers, i](control_answer a) { answers[i] = std::move(a); });
  io.run();
  return answers;
}

control_answer ask(const control_question& question, std::chrono::milliseconds timeout) {
  return ask_all({&question, 1}, timeout).front();
}

}  // namespace bulwark::cluster
