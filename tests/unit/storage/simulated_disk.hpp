// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "bulwark/consensus/file_layer.hpp"

namespace bulwark::test {

/// Thrown by the call during which the power fails, and by all later ones until restore_power().
struct power_failed : std::exception {
  [[nodiscard]] const char* what() const noexcept override { return "the power failed"; }
};

/// A disk in memory that forgets what was not synced, and fails when told to.
///
/// Contents become durable by a sync of the file, names by a sync of the directory. A power cut keeps, of the
/// rest, any sectors (512 B) of the contents and any leading part of the renames and removals, by the seed. A
/// failed sync loses the dirty sectors for the medium, yet readers go on to see them: this is what Linux
/// does. Thread-safe.
class simulated_disk final : public consensus::file_layer {
 public:
  /// Number of the next call that can fail: all but opening for reading, reading and listing.
  [[nodiscard]] std::uint64_t calls() const;
  /// Call `number` fails with this errno; a failing sync loses data.
  void fail_call(std::uint64_t number, int error);
  /// The power fails during call `number`.
  void cut_power_at(std::uint64_t number);
  /// Every write is done a piece at a time.
  void write_short(bool on);
  /// More bytes than this on the whole disk are refused with ENOSPC.
  void set_capacity(std::uint64_t bytes);
  /// The machine starts again, with what survived.
  void restore_power(std::uint64_t seed);

  /// A file's contents as a reader sees them, for tests that look at or damage them; made durable by put().
  [[nodiscard]] std::string contents(const std::filesystem::path& path) const;
  void put(const std::filesystem::path& path, std::string contents);

  std::unique_ptr<consensus::file> open(const std::filesystem::path& path,
                                        consensus::open_mode mode) override;
  void create_directories(const std::filesystem::path& path) override;
  void rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  void remove(const std::filesystem::path& path) override;
  void sync_directory(const std::filesystem::path& path) override;
  std::vector<std::string> list(const std::filesystem::path& path) override;

 private:
  struct inode {
    std::string seen;
    std::string durable;
    std::set<std::uint64_t> dirty;  ///< sectors whose loss a sync would still prevent
  };
  using names = std::map<std::string, std::shared_ptr<inode>>;
  class open_file;

  /// Counts the call and fails it if it is its turn. With the lock held.
  void begin_call(const std::function<void()>& when_failing = {});
  [[nodiscard]] std::uint64_t used() const;
  void change_names(const std::function<void(names&)>& change);

  mutable std::mutex mutex_;
  names seen_;
  names durable_;
  std::vector<std::function<void(names&)>> unsynced_;  ///< changes of names, in order
  std::uint64_t calls_ = 0;
  std::map<std::uint64_t, int> failures_;
  std::optional<std::uint64_t> power_cut_at_;
  bool powered_ = true;
  bool short_writes_ = false;
  std::uint64_t capacity_ = UINT64_MAX;
};

}  // namespace bulwark::test
