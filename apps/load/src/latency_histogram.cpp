// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/load/latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>

namespace bulwark::load {

namespace {

// Values below 2 * steps have a bucket of their own; above, each power of two is cut into `steps` buckets.
constexpr unsigned steps_log2 = 6;
constexpr std::uint64_t steps = std::uint64_t{1} << steps_log2;
constexpr std::size_t bucket_count = steps * 28;

std::size_t bucket_of(std::uint64_t microseconds) {
  if (microseconds < 2 * steps) return microseconds;
  const auto shift = static_cast<unsigned>(std::bit_width(microseconds)) - 1 - steps_log2;
  const auto index = shift * steps + (microseconds >> shift);
  return std::min<std::size_t>(index, bucket_count - 1);
}

/// The largest value that falls into a bucket.
std::uint64_t top_of(std::size_t bucket) {
  if (bucket < 2 * steps) return bucket;
  const auto shift = bucket / steps - 1;
  return ((bucket - shift * steps + 1) << shift) - 1;
}

}  // namespace

latency_histogram::latency_histogram() : buckets_(bucket_count) {}

void latency_histogram::add(duration latency) {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(latency).count();
  ++buckets_[bucket_of(static_cast<std::uint64_t>(std::max<std::int64_t>(microseconds, 0)))];
  ++count_;
  max_ = std::max(max_, latency);
}

void latency_histogram::merge(const latency_histogram& other) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

duration latency_histogram::quantile(double share) const {
  if (count_ == 0) return {};
  const auto rank =
      static_cast<std::uint64_t>(std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= std::max<std::uint64_t>(rank, 1)) {
      return std::min<duration>(max_, std::chrono::microseconds(top_of(i)));
    }
  }
  return max_;
}

}  // namespace bulwark::load
