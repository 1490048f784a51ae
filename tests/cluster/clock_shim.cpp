// SPDX-License-Identifier: BSD-3-Clause
// Preloaded into a process: its wall clock is moved by as many nanoseconds as the file named by MOVED_CLOCK
// holds now, in binary. As on a real machine, the steady clocks do not notice.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

/// A process that cannot be told would make its test say nothing.
const std::atomic<std::int64_t>* find_offset() {
  const char* name = std::getenv("MOVED_CLOCK");
  const int fd = name != nullptr ? ::open(name, O_RDONLY | O_CLOEXEC) : -1;
  void* page = fd >= 0 ? ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
  if (fd >= 0) ::close(fd);
  if (page == MAP_FAILED) {
    std::fputs("MOVED_CLOCK does not name a file that can be read\n", stderr);
    std::abort();
  }
  return static_cast<const std::atomic<std::int64_t>*>(page);
}

timespec moved(const timespec& real) {
  static const auto* const offset = find_offset();
  const auto ns = real.tv_sec * second_ns + real.tv_nsec + offset->load(std::memory_order_relaxed);
  return {ns / second_ns, ns % second_ns};
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t which, timespec* into) noexcept {
  static const auto real =
      reinterpret_cast<int (*)(clockid_t, timespec*)>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = real(which, into);
  if (result == 0 && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) *into = moved(*into);
  return result;
}

int gettimeofday(timeval* into, void*) noexcept {
  timespec now{};
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  *into = {now.tv_sec, now.tv_nsec / 1000};
  return 0;
}

time_t time(time_t* into) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (into != nullptr) *into = now.tv_sec;
  return now.tv_sec;
}

}  // extern "C"
