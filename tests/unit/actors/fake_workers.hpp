// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

#include "bulwark/actors/core/worker_chooser.hpp"

namespace bulwark {

/// Workers that are as loaded as a test says.
struct fake_workers final : worker_view {
  fake_workers() = default;
  fake_workers(std::initializer_list<std::int64_t> l) : loads{l} {}

  std::size_t count() const noexcept override { return loads.size(); }
  std::int64_t load(std::size_t i) const noexcept override {
    ++asked;
    return loads[i];
  }
  double weight(std::size_t i) const noexcept override { return i < weights.size() ? weights[i] : 1; }
  double latency(std::size_t i) const noexcept override { return i < latencies.size() ? latencies[i] : 0; }
  std::uint64_t identity(std::size_t i) const noexcept override {
    return i < identities.size() ? identities[i] : i + 1;
  }
  std::uint64_t version() const noexcept override { return changes; }

  std::vector<std::int64_t> loads;
  std::vector<double> weights, latencies;
  std::vector<std::uint64_t> identities;
  std::uint64_t changes = 1;
  mutable int asked = 0;
};

}  // namespace bulwark
