// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulwark {

/// A point that could not be made safe.
struct lost_point {
  std::uint64_t number = 0;
  std::exception_ptr why{};  ///< null: there is none
};

/// Where recovery points are kept, as bytes by number. Implementations are thread-safe and report trouble by
/// exceptions; they need not check what they read, that is done above.
class recovery_store {
 public:
  virtual ~recovery_store() = default;

  /// The points that are there or on their way, in any order. One that could not be written is not, and those
  /// that it was to replace are there again.
  [[nodiscard]] virtual std::vector<std::uint64_t> numbers() const = 0;

  /// Nothing if there is no such point. Throws std::exception if it cannot be read.
  [[nodiscard]] virtual std::optional<std::string> read(std::uint64_t number) const = 0;

  /// Keeps a point. Those of `drop` go as soon as it is as safe as they were. May return before it is safe;
  /// what went wrong then is told by lost() or flush().
  virtual void write(std::uint64_t number, std::string bytes, const std::vector<std::uint64_t>& drop) = 0;

  /// Takes a point out of numbers(), but keeps it for people to look at as long as no other one is set aside.
  virtual void set_aside(std::uint64_t number) = 0;

  /// The last point that could not be written since the last call of this or of flush(). Does not wait.
  virtual lost_point lost() { return {}; }

  /// Waits until everything that was written is safe. Throws the error of the last write that failed since
  /// the last call.
  virtual void flush() {}
};

/// Points that last as long as the process.
[[nodiscard]] std::shared_ptr<recovery_store> make_memory_recovery_store();

/// Points in files NAME.N.point in a directory, which is made if need be: written beside, synced, renamed,
/// and the directory synced, so that a power cut leaves the old points or the new one. A thread of its own
/// writes; a service that saves faster than the disk takes it waits for the one before the last. Name and
/// directory must be used by one process at a time. Throws std::system_error if the directory cannot be made
/// or read, and std::invalid_argument if the name is empty or has a slash.
[[nodiscard]] std::shared_ptr<recovery_store> make_file_recovery_store(std::filesystem::path directory,
                                                                       std::string name);

}  // namespace bulwark
