// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bulwark/load/process.hpp"
#include "fault_report.hpp"
#include "island_history.hpp"
#include "island_network.hpp"

namespace bulwark::cluster_test {

using namespace std::chrono_literals;

/// Five nodes on islands, all of them voters, which share six distributed children. A case makes a fault,
/// waits for what should come of it, and mends it; then all must be well again within a bound, and nothing
/// that any node told may break the rules of island_history.
///
/// Skips on machines that cannot have islands, and says why.
class islands : public ::testing::Test {
 protected:
  static constexpr unsigned nodes = 5;
  /// Within which all is well after a fault is mended, on a machine that is busy with other things as well.
  static constexpr auto whole_within = 15s;

  void SetUp() override;
  void TearDown() override;

  void start(unsigned node);
  void signal(unsigned node, int number) { processes_.at(node).signal(number); }
  /// Kills it, and waits for its end.
  void kill(unsigned node);

  /// Takes what the nodes tell until it is so, or time is up.
  bool await(duration patience, const std::function<bool()>& is_so);
  /// Lets time pass, and takes what the nodes tell.
  void pass(duration span);
  bool await_whole(duration patience);
  /// Why not all is well by now; empty if it is.
  [[nodiscard]] std::string why_not_whole() const;

  /// Notes that the fault begins now.
  void begin(std::string what, std::set<std::uint32_t> victims);
  /// Notes that it is mended, awaits that all is well again, and prints what happened.
  void end();

  /// Whether all other nodes know that these are down.
  [[nodiscard]] bool others_know_down(const std::set<std::uint32_t>& victims) const;
  /// Whether each name is acted upon outside of these nodes, under one token, lately.
  [[nodiscard]] bool names_act_outside(const std::set<std::uint32_t>& victims) const;
  /// Expects that no life of these nodes was ended by the group since the fault began. If the whole machine
  /// stood still meanwhile, for which nodes may well be ended, that cannot be judged: the case then ends as
  /// skipped, with that as the reason, unless something else fails.
  void expect_not_ended(const std::set<std::uint32_t>& whom);

  [[nodiscard]] std::uint32_t leader() const;
  /// Some node that does not lead, and owns a name; none of `except`.
  [[nodiscard]] std::uint32_t follower(const std::set<std::uint32_t>& except = {}) const;

  [[nodiscard]] static const std::vector<std::string>& names();
  island_network& network() { return *network_; }
  const island_history& history() const { return history_; }

 private:
  /// The file of a node, as far as it was read.
  struct tail {
    std::streamoff read = 0;
    std::string rest{};  ///< of a line whose end was not there yet
  };

  [[nodiscard]] std::filesystem::path file_of(unsigned node, const std::string& kind) const;
  void take_all();
  void take(unsigned node, tail& of);

  std::optional<load::temporary_directory> directory_;
  std::optional<island_network> network_;
  std::map<unsigned, load::process> processes_;  ///< end before the network does
  std::map<unsigned, tail> tails_;
  island_history history_;
  fault fault_;
  /// Whether a life of these nodes was ended by the group since the fault began.
  [[nodiscard]] bool was_ended(const std::set<std::uint32_t>& whom) const;

  std::string unjudged_{};  ///< why something was not judged; empty if all was
  duration stall_{};  ///< the longest time since the fault began for which this process itself stood still
};

}  // namespace bulwark::cluster_test
