// SPDX-License-Identifier: BSD-3-Clause
//
// Does to files what its arguments say, one after the other, and kills itself in the end:
//   write FILE OFFSET TEXT | empty FILE | sync FILE | sync_directory DIR | rename FROM TO | remove FILE |
//   mkdir DIR
// Exits with the errno of a call that fails.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

void expect(bool fine) {
  if (!fine) ::_exit(errno);
}

int open_file(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  expect(fd >= 0);
  return fd;
}

}  // namespace

int main(int argc, char** argv) {
  int at = 1;
  const auto next = [&] { return std::string{at < argc ? argv[at++] : ""}; };
  while (at < argc) {
    const auto what = next();
    const auto path = next();
    int fd = -1;
    if (what == "write") {
      const auto offset = std::atoll(next().c_str());
      const auto text = next();
      fd = open_file(path, O_RDWR | O_CREAT);
      expect(::pwrite(fd, text.data(), text.size(), offset) == static_cast<ssize_t>(text.size()));
    } else if (what == "empty") {
      fd = open_file(path, O_RDWR | O_TRUNC);
    } else if (what == "sync") {
      fd = open_file(path, O_RDWR);
      expect(::fdatasync(fd) == 0);
    } else if (what == "sync_directory") {
      fd = open_file(path, O_RDONLY | O_DIRECTORY);
      expect(::fsync(fd) == 0);
    } else if (what == "rename") {
      expect(std::rename(path.c_str(), next().c_str()) == 0);
    } else if (what == "remove") {
      expect(std::remove(path.c_str()) == 0);
    } else if (what == "mkdir") {
      expect(::mkdir(path.c_str(), 0700) == 0);
    } else {
      return 255;
    }
    if (fd >= 0) ::close(fd);
  }
  ::kill(::getpid(), SIGKILL);
}
