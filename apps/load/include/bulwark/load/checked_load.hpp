// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/actors/core/time.hpp"
#include "bulwark/load/endpoint.hpp"
#include "bulwark/load/latency_histogram.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bulwark::load {

struct load_options {
  std::vector<endpoint> endpoints;  ///< client i begins at endpoint i modulo their number
  std::size_t clients = 16;         ///< threads, each with a connection of its own
  std::size_t registers_per_client = 4;
  std::size_t counters = 4;  ///< shared by all clients
  std::size_t chains = 2;    ///< shared by all clients; 0 for a server without the command CAS
  std::size_t value_bytes = 64;
  duration connect_timeout = std::chrono::milliseconds(500);
  duration request_timeout = std::chrono::seconds(2);
  duration pause = {};  ///< of a client between two operations
  /// A command that was certainly not carried out is given to one node after another, so often in all ...
  std::size_t attempts = 1;
  /// ... and not once it is this old, with a short rest between two of them.
  duration retry_for = std::chrono::seconds(10);
  std::uint64_t seed = 1;
  std::string prefix{};  ///< of all keys; must be new to the store, or earlier values count as phantoms
};

/// What a load has done and found so far.
struct load_totals {
  std::uint64_t done = 0;
  std::uint64_t refused = 0;  ///< in the end: by as many nodes as the options allow
  std::uint64_t unknown = 0;
  std::uint64_t retried = 0;  ///< refusals after which another node was asked: they count nowhere else

  std::uint64_t lost = 0;        ///< acknowledged writes that are gone
  std::uint64_t stale = 0;       ///< reads that went back
  std::uint64_t phantom = 0;     ///< values that nobody wrote, or that were refused
  std::uint64_t torn = 0;        ///< operations that took effect twice
  std::uint64_t unexpected = 0;  ///< errors that faults do not explain

  /// Commands that did not succeed, for a client that knows all nodes.
  std::uint64_t failed() const { return refused + unknown; }

  /// True if the store kept every promise.
  bool clean() const { return lost + stale + phantom + torn + unexpected == 0; }
};

load_totals operator-(const load_totals& later, const load_totals& earlier);

/// What reading everything back showed; its findings are in the totals.
struct audit_result {
  std::size_t verified = 0;    ///< keys read and judged
  std::size_t unverified = 0;  ///< keys that could not be read in time: nothing is known of them
};

struct checked_state;

/// Clients that write to a cluster through faults, and check that it keeps its promises.
///
/// Each client writes unique rising values to keys of its own (SET), reads its own keys and those of others
/// (GET), increments shared counters (INCR) and links shared chains by compare-and-set (CAS). Every answer is
/// judged by the models of models.hpp at once. Each client has one command in flight. All functions may be
/// called from any thread.
class checked_load {
 public:
  explicit checked_load(load_options options);
  checked_load(const checked_load&) = delete;
  checked_load& operator=(const checked_load&) = delete;
  ~checked_load();

  /// Starts the clients. They work until stop().
  void start();

  /// Ends the clients after their operation in flight: at most retry_for and twice connect_timeout
  /// + request_timeout.
  void stop();

  /// Reads everything that was acknowledged back, also while the clients work.
  audit_result audit(duration patience);

  load_totals totals() const;

  /// Descriptions of the first violations, at most 20.
  std::vector<std::string> findings() const;

  /// Why the first commands failed, at most 20.
  std::vector<std::string> failures() const;

  /// Tells when a fault happens: what write_after_fault() and longest_gap() answer begins there.
  void mark_fault(instant when);
  std::optional<duration> write_after_fault() const;
  duration longest_gap() const;

  /// Latencies of the operations done so far.
  latency_histogram write_latencies() const;
  latency_histogram read_latencies() const;

 private:
  std::unique_ptr<checked_state> state_;
};

}  // namespace bulwark::load
