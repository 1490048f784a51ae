// SPDX-License-Identifier: BSD-3-Clause
#include "failing_disk.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <system_error>
#include <utility>

namespace bulwark::power_cut {

failing_disk::failing_disk(std::filesystem::path directory)
    : directory_{std::filesystem::absolute(directory)}, side_{directory_.string() + ".side"} {
  std::filesystem::create_directories(side_ / kept_name);
  const auto file = side_ / control_name;
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  void* page = MAP_FAILED;
  if (fd >= 0 && ::ftruncate(fd, sizeof(disk_control)) == 0)
    page = ::mmap(nullptr, sizeof(disk_control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (page == MAP_FAILED) throw std::system_error(error, std::generic_category(), "map " + file.string());
  control_ = new (page) disk_control;
}

failing_disk::failing_disk(failing_disk&& other) noexcept
    : directory_{std::move(other.directory_)},
      side_{std::move(other.side_)},
      control_{std::exchange(other.control_, nullptr)} {}

failing_disk::~failing_disk() {
  if (control_ != nullptr) ::munmap(control_, sizeof(disk_control));
}

std::vector<std::string> failing_disk::launch_prefix() const {
  return {"/usr/bin/env", std::string{"LD_PRELOAD="} + POWER_CUT_SHIM,
          std::string{directory_variable} + "=" + directory_.string(),
          std::string{side_variable} + "=" + side_.string()};
}

cut_report failing_disk::cut(unsynced fate, std::uint64_t seed) {
  return cut_power(directory_, side_, fate, seed);
}

}  // namespace bulwark::power_cut
