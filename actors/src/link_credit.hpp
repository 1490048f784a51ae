// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "bulwark/actors/link.hpp"

namespace bulwark {

/// What the sender of one channel may still send. Not thread-safe.
class outgoing_credit {
 public:
  explicit outgoing_credit(credit_window window = {}) : window_{window} {}

  /// Takes credit for a packet; false if there is not enough.
  [[nodiscard]] bool take(std::size_t bytes) {
    const bool fits = messages_ < window_.messages && (bytes_ + bytes <= window_.bytes || messages_ == 0);
    if (!fits) return false;
    ++messages_;
    bytes_ += bytes;
    return true;
  }

  /// The receiver took this much; more than was sent counts as all of it.
  void give_back(std::uint32_t messages, std::uint64_t bytes) {
    messages_ -= std::min(messages, messages_);
    bytes_ -= std::min(bytes, bytes_);
  }

  [[nodiscard]] std::uint64_t bytes_under_way() const { return bytes_; }

 private:
  credit_window window_;
  std::uint32_t messages_ = 0;
  std::uint64_t bytes_ = 0;
};

/// What came in on one channel and is not settled yet. Not thread-safe.
class incoming_credit {
 public:
  explicit incoming_credit(credit_window window = {}) : window_{window} {}

  void came(std::size_t bytes) {
    ++messages_;
    bytes_ += bytes;
  }

  /// It is worth settling: a quarter of the window, so that the sender never has to wait for a timer.
  [[nodiscard]] bool many() const { return messages_ >= window_.messages / 4 || bytes_ >= window_.bytes / 4; }

  /// All of it, to be settled now.
  credit_window take() {
    const credit_window all{messages_, bytes_};
    messages_ = 0;
    bytes_ = 0;
    return all;
  }

 private:
  credit_window window_;
  std::uint32_t messages_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace bulwark
