// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/actors/core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bulwark::load {

/// Counts latencies in buckets that grow with the value, so that a quantile is off by less than 2 %, from 1
/// us to an hour.
///
/// Fixed memory (about 16 KiB); not thread-safe: one per thread, merged in the end.
class latency_histogram {
 public:
  latency_histogram();

  void add(duration latency);
  void merge(const latency_histogram& other);

  std::uint64_t count() const { return count_; }
  duration max() const { return max_; }

  /// The latency that this share (0..1) of all latencies does not exceed; zero if there are none.
  duration quantile(double share) const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  duration max_{};
};

}  // namespace bulwark::load
