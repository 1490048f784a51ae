// SPDX-License-Identifier: BSD-3-Clause
#include "progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace bulwark::load {

progress::progress(duration whole)
    : terminal_(::isatty(STDERR_FILENO) == 1), begin_(std::chrono::steady_clock::now()), whole_(whole) {}

void progress::step(const std::string& text) {
  step_ = text;
  drawn_ = {};
  if (terminal_) {
    update({});
  } else {
    const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    std::fprintf(stderr, "%5.1f s  %s\n", seconds, text.c_str());
  }
}

void progress::update(const std::string& detail) {
  if (!terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - drawn_ < std::chrono::milliseconds(100)) return;
  drawn_ = now;
  constexpr int width = 24;
  const auto share = std::chrono::duration<double>(now - begin_) / std::chrono::duration<double>(whole_);
  const auto filled = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * width);
  const auto bar = std::string(filled, '#') + std::string(width - filled, '.');
  std::fprintf(stderr, "\r\x1b[K[%s] %3.0f %%  %s  %s", bar.c_str(), std::clamp(share, 0.0, 1.0) * 100,
               step_.c_str(), detail.c_str());
  std::fflush(stderr);
}

void progress::clear() {
  if (terminal_) std::fputs("\r\x1b[K", stderr);
}

}  // namespace bulwark::load
