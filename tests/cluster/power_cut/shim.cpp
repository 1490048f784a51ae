// SPDX-License-Identifier: BSD-3-Clause
//
// To be preloaded (LD_PRELOAD): stands between a process and the C library's functions that work on files,
// and lets the disk of shim_disk.hpp hear of all that happens below one directory. All else passes.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>

#include "shim_disk.hpp"

namespace {

using bulwark::power_cut::shim_disk;

/// The function of the same name in the C library.
template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

shim_disk& disk() { return shim_disk::of_this_process(); }

std::size_t bytes_in(const iovec* parts, int count) {
  std::size_t bytes = 0;
  for (int i = 0; i < count; ++i) bytes += parts[i].iov_len;
  return bytes;
}

int open_on_disk(int directory, const char* path, int flags, mode_t mode) {
  static auto* const real = next<int(int, const char*, int, ...)>("openat");
  const auto where = disk().path_on_disk(directory, path);
  if (!where.empty()) disk().before_open(where, flags);
  const int fd = real(directory, path, flags, mode);
  if (!where.empty()) disk().after_open(fd);
  return fd;
}

mode_t mode_in(int flags, va_list& arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? static_cast<mode_t>(va_arg(arguments, int)) : 0;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const auto mode = mode_in(flags, arguments);
  va_end(arguments);
  return open_on_disk(AT_FDCWD, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const auto mode = mode_in(flags, arguments);
  va_end(arguments);
  return open_on_disk(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const auto mode = mode_in(flags, arguments);
  va_end(arguments);
  return open_on_disk(directory, path, flags, mode);
}

int creat(const char* path, mode_t mode) {
  return open_on_disk(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int close(int fd) {
  static auto* const real = next<int(int)>("close");
  disk().forget(fd);
  return real(fd);
}

ssize_t write(int fd, const void* data, std::size_t bytes) {
  static auto* const real = next<ssize_t(int, const void*, std::size_t)>("write");
  const auto allowed = disk().before_write(fd, bytes, -1);
  return allowed < 0 ? -1 : real(fd, data, static_cast<std::size_t>(allowed));
}

ssize_t pwrite(int fd, const void* data, std::size_t bytes, off_t offset) {
  static auto* const real = next<ssize_t(int, const void*, std::size_t, off_t)>("pwrite");
  const auto allowed = disk().before_write(fd, bytes, offset);
  return allowed < 0 ? -1 : real(fd, data, static_cast<std::size_t>(allowed), offset);
}

ssize_t pwrite64(int fd, const void* data, std::size_t bytes, off64_t offset) {
  return pwrite(fd, data, bytes, offset);
}

/// A full disk lets a gathering write pass or fail as a whole.
ssize_t writev(int fd, const iovec* parts, int count) {
  static auto* const real = next<ssize_t(int, const iovec*, int)>("writev");
  return disk().before_write(fd, bytes_in(parts, count), -1) < 0 ? -1 : real(fd, parts, count);
}

ssize_t pwritev(int fd, const iovec* parts, int count, off_t offset) {
  static auto* const real = next<ssize_t(int, const iovec*, int, off_t)>("pwritev");
  return disk().before_write(fd, bytes_in(parts, count), offset) < 0 ? -1 : real(fd, parts, count, offset);
}

int ftruncate(int fd, off_t length) noexcept {
  static auto* const real = next<int(int, off_t)>("ftruncate");
  return disk().before_truncate(fd, length) ? real(fd, length) : -1;
}

int fsync(int fd) {
  static auto* const real = next<int(int)>("fsync");
  const auto done = disk().sync(fd);
  return done == shim_disk::synced::elsewhere ? real(fd) : done == shim_disk::synced::done ? 0 : -1;
}

int fdatasync(int fd) {
  static auto* const real = next<int(int)>("fdatasync");
  const auto done = disk().sync(fd);
  return done == shim_disk::synced::elsewhere ? real(fd) : done == shim_disk::synced::done ? 0 : -1;
}

int renameat(int from_directory, const char* from, int to_directory, const char* to) noexcept {
  static auto* const real = next<int(int, const char*, int, const char*)>("renameat");
  const auto source = disk().path_on_disk(from_directory, from);
  const auto target = disk().path_on_disk(to_directory, to);
  if (!source.empty() && !target.empty()) disk().before_rename(source, target);
  return real(from_directory, from, to_directory, to);
}

int rename(const char* from, const char* to) noexcept { return renameat(AT_FDCWD, from, AT_FDCWD, to); }

int unlinkat(int directory, const char* path, int flags) noexcept {
  static auto* const real = next<int(int, const char*, int)>("unlinkat");
  const auto where = disk().path_on_disk(directory, path);
  if (!where.empty()) disk().before_remove(where);
  return real(directory, path, flags);
}

int unlink(const char* path) noexcept { return unlinkat(AT_FDCWD, path, 0); }

int remove(const char* path) noexcept {
  static auto* const real = next<int(const char*)>("remove");
  const auto where = disk().path_on_disk(AT_FDCWD, path);
  if (!where.empty()) disk().before_remove(where);
  return real(path);
}

int mkdir(const char* path, mode_t mode) noexcept {
  static auto* const real = next<int(const char*, mode_t)>("mkdir");
  const auto where = disk().path_on_disk(AT_FDCWD, path);
  if (!where.empty()) disk().before_make_directory(where);
  return real(path, mode);
}

}  // extern "C"
