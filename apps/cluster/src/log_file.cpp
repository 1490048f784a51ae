// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/cluster/log_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "bulwark/cluster/unique_fd.hpp"

namespace bulwark::cluster {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t read_bytes_max = 1 << 20;

std::string read_at(const fs::path& file, std::uint64_t offset, std::uint64_t size) {
  const unique_fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return {};
  std::string text(size, '\0');
  const auto got = ::pread(fd.get(), text.data(), text.size(), static_cast<off_t>(offset));
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

std::uint64_t size_of(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  return error ? 0 : size;
}

/// Moves the whole lines at the beginning of `text` out of it.
std::vector<std::string> take_lines(std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  text.erase(0, begin);
  return lines;
}

}  // namespace

bool rotate_log(const fs::path& file, std::uint64_t bytes_max) {
  if (size_of(file) <= bytes_max) return false;
  // The writers keep the file open, so it is copied and cut; a renamed one would go on growing.
  auto draft = file;
  draft += ".1.new";
  auto kept = file;
  kept += ".1";
  fs::copy_file(file, draft, fs::copy_options::overwrite_existing);
  fs::rename(draft, kept);
  fs::resize_file(file, 0);
  return true;
}

void append_to_log(const fs::path& file, std::string_view text) {
  const unique_fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (fd) static_cast<void>(!::write(fd.get(), text.data(), text.size()));
}

std::vector<std::string> last_lines(const fs::path& file, std::size_t lines) {
  const auto size = size_of(file);
  const auto begin = size - std::min(size, read_bytes_max);
  auto text = read_at(file, begin, size - begin);
  if (!text.empty() && text.back() != '\n') text += '\n';
  auto result = take_lines(text);
  if (begin > 0 && !result.empty()) result.erase(result.begin());  // its beginning was cut off
  if (result.size() > lines) result.erase(result.begin(), result.end() - static_cast<std::ptrdiff_t>(lines));
  return result;
}

log_follower::log_follower(fs::path file) : file_(std::move(file)), offset_(size_of(file_)) {}

std::vector<std::string> log_follower::poll() {
  if (size_of(file_) < offset_) {
    offset_ = 0;
    partial_.clear();
  }
  const auto text = read_at(file_, offset_, read_bytes_max);
  offset_ += text.size();
  partial_ += text;
  auto lines = take_lines(partial_);
  if (partial_.size() > read_bytes_max) lines.push_back(std::exchange(partial_, {}));  // no line is that long
  return lines;
}

}  // namespace bulwark::cluster
