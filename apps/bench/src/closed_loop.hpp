// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/actors/core/time.hpp"
#include "bulwark/load/endpoint.hpp"
#include "bulwark/load/latency_histogram.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace bulwark::bench {

enum class work {
  put,
  get,
  stale,  ///< a get that may be old
};

const char* to_string(work kind);

/// A load of clients that each send the next command when the last one was answered.
struct loop_options {
  std::vector<load::endpoint> targets;  ///< client i is connected to target i modulo their number
  work kind = work::put;
  std::size_t clients = 1;
  std::size_t value_bytes = 256;
  std::size_t keys = 10'000;
  std::chrono::milliseconds at_most{100};  ///< age of a stale get
  duration length = std::chrono::seconds(5);
  std::function<bool()> apart{};  ///< asked every few milliseconds: the answers of now count apart
};

struct loop_result {
  std::uint64_t operations = 0;  ///< answered without an error
  std::uint64_t errors = 0;
  std::string first_error;
  double seconds = 0;
  load::latency_histogram latencies;        ///< of those that do not count apart
  load::latency_histogram latencies_apart;  ///< of those that do
  double seconds_apart = 0;

  double rate() const { return seconds > 0 ? static_cast<double>(operations) / seconds : 0; }
};

/// Runs the load in the calling thread, over epoll. Throws std::runtime_error if a target cannot be reached
/// or the server answers nothing but errors.
loop_result run_closed_loop(const loop_options& options);

/// Writes every key once, pipelined, so that gets find something. Throws std::runtime_error on failure.
void fill(const load::endpoint& target, std::size_t keys, std::size_t value_bytes,
          duration patience = std::chrono::seconds(60));

}  // namespace bulwark::bench
