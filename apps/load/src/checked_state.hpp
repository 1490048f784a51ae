// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/load/checked_load.hpp"
#include "bulwark/load/client.hpp"
#include "bulwark/load/models.hpp"
#include "bulwark/load/write_watch.hpp"

#include <condition_variable>
#include <deque>
#include <initializer_list>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace bulwark::load {

/// A key and what is known of it.
template <class Model>
struct checked_key {
  explicit checked_key(std::string key_name) : name(std::move(key_name)) {}

  std::string name;
  std::mutex guard;
  Model model;  ///< under guard
};

/// What the clients of one load share.
struct checked_state {
  explicit checked_state(load_options given);

  /// Sends one command, to one node after another while it is refused and the options allow, and counts
  /// what came of it. A failed one leaves the client at the next node.
  call_result call(client& through, std::initializer_list<std::string_view> arguments, bool write);

  void report(const std::string& key, const violation& found);

  /// One GET, or nothing if it did not succeed.
  std::optional<reply> get(client& through, const std::string& key);

  /// Reads a key once, and again if it misses something: a repeated read tells a loss from a stale read.
  /// False if it could not be read.
  template <class Model>
  bool check(client& through, checked_key<Model>& key);

  /// The client options of client number `first`.
  client_options connection(std::size_t first) const;

  const load_options options;
  // Deques: keys have mutexes and must not move.
  std::deque<checked_key<register_model>>
      registers;  ///< client i owns those from i * registers_per_client on
  std::deque<checked_key<counter_model>> counters;
  std::deque<checked_key<chain_model>> chains;

  write_watch watch;
  mutable std::mutex guard;
  load_totals totals;                 ///< under guard
  std::vector<std::string> findings;  ///< under guard
  std::vector<std::string> failures;  ///< under guard
  latency_histogram writes;           ///< under guard
  latency_histogram reads;            ///< under guard

  std::vector<std::jthread> clients;

 private:
  /// Counts an outcome, and how long it took if it is done.
  void count(const call_result& result, instant sent, instant finished, bool write);
};

/// One client's work until it is told to stop.
void run_client(checked_state& shared, std::size_t number, const std::stop_token& stop);

}  // namespace bulwark::load
