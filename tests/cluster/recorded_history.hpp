// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/actors/core/time.hpp"
#include "bulwark/load/endpoint.hpp"
#include "linearizability_checker.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace bulwark::cluster_test {

struct history_options {
  std::vector<load::endpoint> endpoints;
  std::size_t clients = 6;
  std::size_t keys = 8;
  std::size_t value_bytes = 24;
  duration request_timeout = std::chrono::seconds(2);
  duration pause = std::chrono::milliseconds(1);  ///< of a client between two operations
  std::uint64_t seed = 1;
};

/// Clients that replace (GETSET) and read the values of some keys, and a record of all that they were told,
/// for the linearizability checker. Values are unique; an operation of unknown outcome stays open for ever.
class recorded_history {
 public:
  explicit recorded_history(history_options options);
  recorded_history(const recorded_history&) = delete;
  recorded_history& operator=(const recorded_history&) = delete;
  ~recorded_history();

  /// Ends the clients after their operation in flight.
  void stop();
  /// Operations that were answered so far.
  [[nodiscard]] std::uint64_t done() const { return done_; }
  /// Waits for some more of them.
  [[nodiscard]] bool await_more(std::uint64_t operations, duration patience) const;
  /// Once stopped: reads each key once more. False if one cannot be read in time.
  [[nodiscard]] bool read_all(duration patience);
  /// Once stopped: empty if the history is linearizable, which also says that no acknowledged write is lost;
  /// else a key whose history is not.
  [[nodiscard]] std::string check() const { return checker_.check(); }

 private:
  void work(std::size_t client);
  [[nodiscard]] std::string key(std::size_t index) const { return "history:" + std::to_string(index); }

  const history_options options_;
  std::mutex mutex_;  ///< of the checker, whose order is that of the calls
  test::linearizability_checker checker_;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> written_{0};
  std::atomic<bool> stops_{false};
  std::vector<std::thread> threads_;
};

}  // namespace bulwark::cluster_test
