// SPDX-License-Identifier: BSD-3-Clause
#include "shim_disk.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace bulwark::power_cut {
namespace {

int plain_open(const std::string& path, int flags, mode_t mode = 0600) {
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path.c_str(), flags | O_CLOEXEC, mode));
}
void plain_close(int fd) { ::syscall(SYS_close, fd); }

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "power_cut: %s: %s\n", what, ::strerror(errno));
  ::abort();
}

/// What stands in the file there; empty if it is all zeros.
std::string_view content(int fd, std::uint64_t offset, std::uint64_t bytes) {
  thread_local std::vector<char> buffer;
  buffer.resize(std::max<std::size_t>(buffer.size(), bytes));
  std::uint64_t done = 0;
  while (done < bytes) {
    const auto got = ::pread(fd, buffer.data() + done, bytes - done, static_cast<off_t>(offset + done));
    if (got < 0) die("read before a write");
    if (got == 0) break;
    done += static_cast<std::uint64_t>(got);
  }
  const std::string_view all{buffer.data(), done};
  return all.find_first_not_of('\0') == std::string_view::npos ? std::string_view{} : all;
}

/// Whether the n-th time has come.
bool counts_down_to_zero(std::atomic<std::int64_t>& left) {
  auto now = left.load();
  while (now > 0)
    if (left.compare_exchange_weak(now, now - 1)) return now == 1;
  return false;
}

std::string path_of(int fd) {
  char link[64];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  char path[PATH_MAX];
  const auto size = ::readlink(link, path, sizeof path);
  return size > 0 ? std::string(path, static_cast<std::size_t>(size)) : std::string{};
}

}  // namespace

shim_disk& shim_disk::of_this_process() {
  static auto* const disk = new shim_disk;  // to the last: what runs behind main() writes, too
  return *disk;
}

shim_disk::shim_disk() {
  const char* root = std::getenv(directory_variable);
  const char* side = std::getenv(side_variable);
  if (root == nullptr || side == nullptr) return;
  root_ = root;
  side_ = std::string{side} + '/';
  const int control = plain_open(side_ + control_name, O_RDWR);
  if (control < 0) die("open the control page");
  void* page = ::mmap(nullptr, sizeof(disk_control), PROT_READ | PROT_WRITE, MAP_SHARED, control, 0);
  if (page == MAP_FAILED) die("map the control page");
  plain_close(control);
  for (unsigned life = 1; journal_ < 0; ++life) {
    char name[32];
    std::snprintf(name, sizeof name, "%s%06u", journal_prefix, life);
    journal_ = plain_open(side_ + name, O_WRONLY | O_APPEND | O_CREAT | O_EXCL);
    if (journal_ < 0 && errno != EEXIST) die("make a journal");
  }
  control_ = static_cast<disk_control*>(page);
}

std::string shim_disk::path_on_disk(int directory, const char* path) const {
  if (!is_on() || path == nullptr) return {};
  std::string whole = path;
  if (whole.empty() || whole.front() != '/') {
    if (directory == AT_FDCWD) {
      char here[PATH_MAX];
      if (::getcwd(here, sizeof here) == nullptr) return {};
      whole = std::string{here} + '/' + whole;
    } else {
      whole = path_of(directory) + '/' + whole;
    }
  }
  while (whole.size() > 1 && whole.back() == '/') whole.pop_back();
  return whole.size() > root_.size() && whole.starts_with(root_) && whole[root_.size()] == '/'
             ? whole
             : std::string{};
}

void shim_disk::note(journal_entry entry, std::string_view path, std::string_view path_to,
                     std::string_view data) const {
  entry.path_bytes = static_cast<std::uint32_t>(path.size());
  entry.path_to_bytes = static_cast<std::uint32_t>(path_to.size());
  entry.data_bytes = data.size();
  const auto part = [](std::string_view text) { return iovec{const_cast<char*>(text.data()), text.size()}; };
  const iovec parts[] = {{&entry, sizeof entry}, part(path), part(path_to), part(data)};
  const auto bytes = sizeof entry + path.size() + path_to.size() + data.size();
  // One call, so that entries of several threads stand one behind the other.
  const auto put = ::syscall(SYS_writev, journal_, parts, 4);
  if (put != static_cast<long>(bytes)) die("write the journal");
}

void shim_disk::keep(const std::string& path, std::uint64_t inode) const {
  const auto kept = side_ + kept_name + '/' + std::to_string(inode);
  if (::link(path.c_str(), kept.c_str()) != 0 && errno != EEXIST) die("keep a file");
}

void shim_disk::before_open(const std::string& path, int flags) {
  struct stat facts {};
  const bool exists = ::lstat(path.c_str(), &facts) == 0;
  if (!exists && (flags & O_CREAT) != 0) return note({.what = journal_entry::kind::create}, path);
  if (!exists || !S_ISREG(facts.st_mode) || (flags & O_TRUNC) == 0 || facts.st_size == 0) return;
  const int fd = plain_open(path, O_RDONLY);
  if (fd < 0) die("open a file that is to be emptied");
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  note({.what = journal_entry::kind::truncate, .inode = facts.st_ino, .size_before = size}, {}, {},
       content(fd, 0, size));
  plain_close(fd);
}

void shim_disk::after_open(int fd) {
  if (fd < 0 || fd >= descriptors_max) return;
  struct stat facts {};
  if (::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode))
    inodes_[static_cast<std::size_t>(fd)] = facts.st_ino;
}

void shim_disk::forget(int fd) {
  if (fd >= 0 && fd < descriptors_max) inodes_[static_cast<std::size_t>(fd)] = 0;
}

std::uint64_t shim_disk::inode_of(int fd, std::uint64_t& size) const {
  if (!is_on() || fd < 0 || fd >= descriptors_max) return 0;
  const auto inode = inodes_[static_cast<std::size_t>(fd)].load(std::memory_order_relaxed);
  if (inode == 0) return 0;
  struct stat facts {};
  // It may have been closed in a way that was not seen, and be something else by now.
  if (::fstat(fd, &facts) != 0 || facts.st_ino != inode || !S_ISREG(facts.st_mode)) return 0;
  size = static_cast<std::uint64_t>(facts.st_size);
  return inode;
}

ssize_t shim_disk::before_write(int fd, std::size_t bytes, off_t offset) {
  std::uint64_t size = 0;
  const auto inode = inode_of(fd, size);
  if (inode == 0 || bytes == 0) return static_cast<ssize_t>(bytes);
  ++control_->writes;
  if (offset < 0) {
    const bool appends = (::fcntl(fd, F_GETFL) & O_APPEND) != 0;
    offset = appends ? static_cast<off_t>(size) : ::lseek(fd, 0, SEEK_CUR);
  }
  const auto at = static_cast<std::uint64_t>(offset);
  if (counts_down_to_zero(control_->fail_write)) {
    ++control_->failed;
    errno = EIO;
    return -1;
  }
  if (control_->is_full.load() != 0 && at + bytes > size) {
    if (at >= size) {
      ++control_->refused;
      errno = ENOSPC;
      return -1;
    }
    bytes = size - at;
  }
  const auto old =
      at < size ? content(fd, at, std::min<std::uint64_t>(bytes, size - at)) : std::string_view{};
  note({.what = journal_entry::kind::write,
        .inode = inode,
        .offset = at,
        .length = bytes,
        .size_before = size},
       {}, {}, old);
  return static_cast<ssize_t>(bytes);
}

bool shim_disk::before_truncate(int fd, off_t length) {
  std::uint64_t size = 0;
  const auto inode = inode_of(fd, size);
  if (inode == 0) return true;
  const auto to = static_cast<std::uint64_t>(length);
  if (to > size && control_->is_full.load() != 0) {
    ++control_->refused;
    errno = ENOSPC;
    return false;
  }
  const auto cut = to < size ? content(fd, to, size - to) : std::string_view{};
  note({.what = journal_entry::kind::truncate, .inode = inode, .offset = to, .size_before = size}, {}, {},
       cut);
  return true;
}

void shim_disk::before_remove(const std::string& path) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return;
  keep(path, facts.st_ino);
  note({.what = journal_entry::kind::remove, .inode = facts.st_ino}, path);
}

void shim_disk::before_rename(const std::string& from, const std::string& to) {
  struct stat facts {};
  if (::lstat(from.c_str(), &facts) != 0) return;
  struct stat there {};
  const bool replaces = ::lstat(to.c_str(), &there) == 0 && S_ISREG(there.st_mode);
  if (replaces) keep(to, there.st_ino);
  note({.what = journal_entry::kind::rename, .inode = facts.st_ino, .replaced = replaces ? there.st_ino : 0},
       from, to);
}

void shim_disk::before_make_directory(const std::string& path) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) note({.what = journal_entry::kind::make_directory}, path);
}

shim_disk::synced shim_disk::sync(int fd) {
  if (!is_on()) return synced::elsewhere;
  std::uint64_t size = 0;
  const auto inode = inode_of(fd, size);
  if (inode == 0) {
    struct stat facts {};
    if (::fstat(fd, &facts) != 0 || !S_ISDIR(facts.st_mode)) return synced::elsewhere;
    const auto path = path_of(fd);
    if (path != root_ && path_on_disk(AT_FDCWD, path.c_str()).empty()) return synced::elsewhere;
    note({.what = journal_entry::kind::sync_directory}, path);
    return synced::done;
  }
  ++control_->syncs;
  if (const auto delay = control_->sync_delay_us.load(); delay > 0) {
    const timespec time{static_cast<time_t>(delay / 1'000'000), static_cast<long>(delay % 1'000'000) * 1000};
    ::nanosleep(&time, nullptr);
  }
  if (counts_down_to_zero(control_->fail_sync)) {
    ++control_->failed;
    note({.what = journal_entry::kind::sync_failed, .inode = inode});
    errno = EIO;
    return synced::failed;
  }
  if (control_->lies.load() == 0) note({.what = journal_entry::kind::sync, .inode = inode});
  return synced::done;
}

}  // namespace bulwark::power_cut
