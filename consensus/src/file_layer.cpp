// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/file_layer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "errno_error.hpp"

namespace bulwark::consensus {
namespace {

namespace fs = std::filesystem;

/// Owns a descriptor and knows the path for error texts.
class system_file final : public file {
 public:
  system_file(const fs::path& path, int flags) : path_{path.string()} {
    do fd_ = ::open(path_.c_str(), flags | O_CLOEXEC, 0640);
    while (fd_ < 0 && errno == EINTR);
    if (fd_ < 0) throw_errno("open " + path_);
  }

  ~system_file() override { ::close(fd_); }
  system_file(const system_file&) = delete;
  system_file& operator=(const system_file&) = delete;

  std::size_t read_at(std::span<char> out, std::uint64_t offset) override {
    std::size_t done = 0;
    while (done < out.size()) {
      const auto got = ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw_errno("read " + path_);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  std::size_t write_some_at(std::string_view data, std::uint64_t offset) override {
    for (;;) {
      const auto put = ::pwrite(fd_, data.data(), data.size(), static_cast<off_t>(offset));
      if (put > 0) return static_cast<std::size_t>(put);
      if (put == 0) errno = ENOSPC;  // POSIX allows it, nothing says why
      if (errno != EINTR) throw_errno("write " + path_);
    }
  }

  void sync() override {
    // Not repeated on EINTR either: after any failure the kernel may have dropped the dirty pages.
    if (::fdatasync(fd_) != 0) throw_errno("fdatasync " + path_);
  }

  std::uint64_t size() override {
    struct stat facts {};
    if (::fstat(fd_, &facts) != 0) throw_errno("stat " + path_);
    return static_cast<std::uint64_t>(facts.st_size);
  }

  void sync_with_metadata() {
    if (::fsync(fd_) != 0) throw_errno("fsync " + path_);
  }

 private:
  std::string path_;
  int fd_ = -1;
};

class system_file_layer final : public file_layer {
 public:
  std::unique_ptr<file> open(const fs::path& path, open_mode mode) override {
    const int flags = mode == open_mode::read ? O_RDONLY : O_RDWR | O_CREAT | O_TRUNC;
    return std::make_unique<system_file>(path, flags);
  }

  void create_directories(const fs::path& path) override { fs::create_directories(path); }

  void rename(const fs::path& from, const fs::path& to) override { fs::rename(from, to); }

  void remove(const fs::path& path) override { fs::remove(path); }

  void sync_directory(const fs::path& path) override {
    system_file{path, O_RDONLY | O_DIRECTORY}.sync_with_metadata();
  }

  std::vector<std::string> list(const fs::path& path) override {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator{path}) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
};

}  // namespace

file_layer& system_files() {
  static system_file_layer layer;
  return layer;
}

void write_all_at(file& to, std::string_view data, std::uint64_t offset) {
  while (!data.empty()) {
    const auto put = to.write_some_at(data, offset);
    data.remove_prefix(put);
    offset += put;
  }
}

std::string read_all(file& from, std::string into) {
  auto contents = std::move(into);
  contents.resize(from.size());
  contents.resize(from.read_at(contents, 0));
  return contents;
}

}  // namespace bulwark::consensus
