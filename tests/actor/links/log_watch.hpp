// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace bulwark::test {

/// Takes the lines of the log.
class line_sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  bool await(const std::string& part) {
    std::unique_lock guard{lines_mutex_};
    return changed_.wait_for(guard, std::chrono::seconds{20}, [&] { return count_locked(part) > 0; });
  }
  std::ptrdiff_t count(const std::string& part) {
    const std::lock_guard guard{lines_mutex_};
    return count_locked(part);
  }

  /// The lines with this part, in order of their text.
  std::vector<std::string> sorted_lines(const std::string& part) {
    const std::lock_guard guard{lines_mutex_};
    std::vector<std::string> found;
    std::copy_if(lines_.begin(), lines_.end(), std::back_inserter(found),
                 [&](const std::string& line) { return line.find(part) != std::string::npos; });
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  void sink_it_(const spdlog::details::log_msg& line) override {
    const std::lock_guard guard{lines_mutex_};
    lines_.emplace_back(line.payload.data(), line.payload.size());
    changed_.notify_all();
  }
  void flush_() override {}

  std::ptrdiff_t count_locked(const std::string& part) const {
    return std::count_if(lines_.begin(), lines_.end(),
                         [&](const std::string& line) { return line.find(part) != std::string::npos; });
  }

  std::mutex lines_mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

/// What is logged as long as this is there.
class log_watch {
 public:
  log_watch() : before_{spdlog::default_logger()} {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink_));
  }
  ~log_watch() { spdlog::set_default_logger(before_); }
  log_watch(const log_watch&) = delete;
  line_sink* operator->() const { return sink_.get(); }

 private:
  const std::shared_ptr<line_sink> sink_ = std::make_shared<line_sink>();
  std::shared_ptr<spdlog::logger> before_;
};

}  // namespace bulwark::test
