// SPDX-License-Identifier: BSD-3-Clause
#include "shared_output.hpp"

#include "tcp_dial.hpp"

namespace bulwark {

bool shared_output::write(std::string_view frame) {
  const std::lock_guard guard{mutex_};
  if (is_closed_) return false;
  if (is_left_ || !backlog_.empty()) {
    backlog_.insert(backlog_.end(), frame.begin(), frame.end());
    return true;
  }
  const auto sent = frame.size() <= quick_bytes_max ? send_some(socket_, frame) : 0;
  if (sent < 0) return false;  // the network's thread will find out, too, and end the connection
  const auto rest = frame.substr(static_cast<std::size_t>(sent));
  if (rest.empty()) return true;
  backlog_.assign(rest.begin(), rest.end());
  rest_is_left_();
  return true;
}

bool shared_output::write_out(std::vector<char>& own) {
  const std::lock_guard guard{mutex_};
  // The backlog goes first: it may begin within a frame. Behind what is left it begins with a whole one.
  own.insert(is_left_ ? own.end() : own.begin(), backlog_.begin(), backlog_.end());
  backlog_.clear();
  if (own.empty() || is_left_) return is_left_;
  if (const auto sent = send_some(socket_, {own.data(), own.size()}); sent > 0)
    own.erase(own.begin(), own.begin() + sent);
  is_left_ = !own.empty();
  return is_left_;
}

void shared_output::resume() {
  const std::lock_guard guard{mutex_};
  is_left_ = false;
}

void shared_output::close() {
  const std::lock_guard guard{mutex_};
  is_closed_ = true;
}

bool shared_output::is_closed() const {
  const std::lock_guard guard{mutex_};
  return is_closed_;
}

}  // namespace bulwark
