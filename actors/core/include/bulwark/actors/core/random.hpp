// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace bulwark {

/// A small reproducible generator (SplitMix64): enough for jitter and for choosing workers, not for secrets.
class random_stream {
 public:
  using result_type = std::uint64_t;

  explicit constexpr random_stream(std::uint64_t seed) noexcept : state_{seed} {}

  static constexpr std::uint64_t min() noexcept { return 0; }
  static constexpr std::uint64_t max() noexcept { return ~std::uint64_t{0}; }

  constexpr std::uint64_t operator()() noexcept { return mix(state_ += golden_gamma); }

  /// Uniform in [0, 1).
  constexpr double next01() noexcept { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

  /// Uniform in [0, bound); `bound` is above 0 and below 2^32.
  constexpr std::uint64_t below(std::uint64_t bound) noexcept { return (((*this)() >> 32) * bound) >> 32; }

  /// The number that the stream with this seed begins with: randomness without shared state.
  static constexpr std::uint64_t at(std::uint64_t seed) noexcept { return mix(seed + golden_gamma); }

 private:
  static constexpr std::uint64_t golden_gamma = 0x9e3779b97f4a7c15;

  static constexpr std::uint64_t mix(std::uint64_t z) noexcept {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

}  // namespace bulwark
