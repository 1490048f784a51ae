// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <new>
#include <system_error>
#include <utility>

namespace bulwark::power_cut {

/// A T in a file, in memory that a test shares with the processes that map the file. `T` is made of atomics.
template <class T>
class control_page {
 public:
  /// The file is made if it is not there, and begins anew. Throws std::system_error.
  explicit control_page(const std::filesystem::path& file) {
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    void* page = MAP_FAILED;
    if (fd >= 0 && ::ftruncate(fd, sizeof(T)) == 0)
      page = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    const int error = errno;
    if (fd >= 0) ::close(fd);
    if (page == MAP_FAILED) throw std::system_error(error, std::generic_category(), "map " + file.string());
    shared_ = new (page) T{};
  }
  control_page(control_page&& other) noexcept : shared_{std::exchange(other.shared_, nullptr)} {}
  control_page& operator=(control_page&&) = delete;
  ~control_page() {
    if (shared_ != nullptr) ::munmap(shared_, sizeof(T));
  }

  T& operator*() const { return *shared_; }
  T* operator->() const { return shared_; }

 private:
  T* shared_ = nullptr;
};

}  // namespace bulwark::power_cut
