// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/cluster/directory_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "bulwark/cluster/failure.hpp"

namespace bulwark::cluster {

namespace {

std::string read_holder(int fd) {
  char text[32];
  const auto size = ::pread(fd, text, sizeof text, 0);
  std::string pid;
  for (ssize_t i = 0; i < size && text[i] >= '0' && text[i] <= '9'; ++i) pid += text[i];
  return pid;
}

}  // namespace

directory_lock::directory_lock(const cluster_directory& directory) {
  const auto path = directory.lock_file();
  fd_.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd_) throw std::system_error(errno, std::generic_category(), "cannot open " + path.string());
  if (::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      throw std::system_error(errno, std::generic_category(), "cannot lock " + path.string());
    const auto pid = read_holder(fd_.get());
    throw failure(exit_code::unhealthy,
                  "the cluster in " + directory.root().string() + " is already run by another `bulwark up`" +
                      (pid.empty() ? "" : " (pid " + pid + ")"),
                  "stop it with `bulwark down`, or use another --dir");
  }
  note_holder();
}

void directory_lock::note_holder() const {
  // Only error texts read this, so a failure to write it is of no consequence.
  const auto text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd_.get(), 0) == 0) static_cast<void>(!::pwrite(fd_.get(), text.data(), text.size(), 0));
}

}  // namespace bulwark::cluster
