// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace bulwark {

/// Things that wait for their answer, by numbers of 56 bits that are not used again soon. Adding and taking
/// out cost no allocation once the table has grown. Not thread-safe.
template <class T>
class pending_table {
 public:
  static constexpr unsigned number_bits = 56;

  /// No more can be put.
  [[nodiscard]] bool full() const noexcept { return free_.empty() && slots_.size() > place_mask; }

  /// Never 0. The table is not full.
  std::uint64_t put(T value) {
    if (free_.empty()) {
      free_.push_back(slots_.size());
      slots_.emplace_back();
    }
    const auto at = free_.back();
    free_.pop_back();
    slots_[at].value.emplace(std::move(value));
    slots_[at].round = (slots_[at].round + 1) & round_mask;
    if (slots_[at].round == 0) slots_[at].round = 1;
    ++size_;
    return (slots_[at].round << place_bits) | at;
  }

  /// Null if it was taken already, or never put.
  [[nodiscard]] T* find(std::uint64_t number) noexcept {
    const auto at = number & place_mask;
    if (at >= slots_.size() || !slots_[at].value || slots_[at].round != number >> place_bits) return nullptr;
    return &*slots_[at].value;
  }

  [[nodiscard]] std::optional<T> take(std::uint64_t number) {
    auto* found = find(number);
    if (!found) return std::nullopt;
    std::optional<T> value{std::move(*found)};
    slots_[number & place_mask].value.reset();
    free_.push_back(number & place_mask);
    --size_;
    return value;
  }

  /// The numbers of those for which `condition(value)` holds.
  template <class Condition>
  [[nodiscard]] std::vector<std::uint64_t> numbers_if(Condition condition) const {
    std::vector<std::uint64_t> found;
    for (std::size_t at = 0; at < slots_.size(); ++at)
      if (slots_[at].value && condition(*slots_[at].value))
        found.push_back((slots_[at].round << place_bits) | at);
    return found;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  static constexpr unsigned place_bits = 24;
  static constexpr std::uint64_t place_mask = (std::uint64_t{1} << place_bits) - 1;
  static constexpr std::uint64_t round_mask = (std::uint64_t{1} << (number_bits - place_bits)) - 1;

  struct slot {
    std::optional<T> value;
    std::uint64_t round = 0;
  };

  std::vector<slot> slots_;
  std::vector<std::size_t> free_;
  std::size_t size_ = 0;
};

}  // namespace bulwark
