// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/recovery_store.hpp"

#include <map>
#include <mutex>
#include <utility>

namespace bulwark {

namespace {

class memory_recovery_store final : public recovery_store {
 public:
  std::vector<std::uint64_t> numbers() const override {
    const std::lock_guard guard{mutex_};
    std::vector<std::uint64_t> all;
    for (const auto& [number, bytes] : points_) all.push_back(number);
    return all;
  }

  std::optional<std::string> read(std::uint64_t number) const override {
    const std::lock_guard guard{mutex_};
    const auto found = points_.find(number);
    return found == points_.end() ? std::nullopt : std::optional{found->second};
  }

  void write(std::uint64_t number, std::string bytes, const std::vector<std::uint64_t>& drop) override {
    const std::lock_guard guard{mutex_};
    points_[number] = std::move(bytes);
    for (const auto old : drop) points_.erase(old);
  }

  /// Nobody could look at it there.
  void set_aside(std::uint64_t number) override {
    const std::lock_guard guard{mutex_};
    points_.erase(number);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::uint64_t, std::string> points_;
};

}  // namespace

std::shared_ptr<recovery_store> make_memory_recovery_store() {
  return std::make_shared<memory_recovery_store>();
}

}  // namespace bulwark
