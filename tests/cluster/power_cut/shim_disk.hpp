// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "disk_control.hpp"
#include "journal.hpp"

namespace bulwark::power_cut {

/// Descriptors from here on are not looked at.
inline constexpr int descriptors_max = 1 << 16;

/// The simulated disk inside the process that works on it: notes in the journal what may have to be undone,
/// and brings about the faults that the test asks for. Without the two variables in the environment it does
/// nothing.
///
/// Works by system calls alone, since the functions of the C library lead back here. Threads: any.
class shim_disk {
 public:
  static shim_disk& of_this_process();

  [[nodiscard]] bool is_on() const { return control_ != nullptr; }
  /// The absolute path, if it lies on the disk; else empty.
  [[nodiscard]] std::string path_on_disk(int directory, const char* path) const;

  /// Before a file is opened: it may be made, or emptied.
  void before_open(const std::string& path, int flags);
  void after_open(int fd);
  void forget(int fd);

  /// Notes the write. Returns how many bytes may be written; -1 with errno if it fails. `offset` -1: where
  /// the descriptor stands.
  ssize_t before_write(int fd, std::size_t bytes, off_t offset);
  /// False with errno if it fails.
  bool before_truncate(int fd, off_t length);
  void before_remove(const std::string& path);
  void before_rename(const std::string& from, const std::string& to);
  void before_make_directory(const std::string& path);

  enum class synced : std::uint8_t { elsewhere, done, failed };
  /// A sync of what lies on the disk is done by noting it.
  synced sync(int fd);

 private:
  shim_disk();
  void note(journal_entry entry, std::string_view path = {}, std::string_view path_to = {},
            std::string_view data = {}) const;
  /// The inode of a file on the disk; 0 for all else.
  [[nodiscard]] std::uint64_t inode_of(int fd, std::uint64_t& size) const;
  void keep(const std::string& path, std::uint64_t inode) const;

  std::string root_;
  std::string side_;
  int journal_ = -1;
  disk_control* control_ = nullptr;
  std::array<std::atomic<std::uint64_t>, descriptors_max> inodes_{};
};

}  // namespace bulwark::power_cut
