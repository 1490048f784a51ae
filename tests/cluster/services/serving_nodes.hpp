// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bulwark/load/endpoint.hpp"
#include "bulwark/load/port_block.hpp"
#include "bulwark/load/process.hpp"
#include "bulwark/supervision/core/membership_group.hpp"
#include "handled_questions.hpp"
#include "serving_place.hpp"
#include "three_nodes.hpp"

namespace bulwark::cluster_test {

/// Nodes that serve, each a process, and this process as a node that only asks. Owner: one thread.
class serving_nodes {
 public:
  /// Starts them all. `timeout`: T_timeout of each; a node that is silent for that is given up.
  serving_nodes(std::uint32_t count, std::chrono::milliseconds timeout);

  void start(std::uint32_t number);
  void signal(std::uint32_t number, int which) const { processes_.at(number).signal(which); }
  /// The exit code; nothing if it does not end within two minutes.
  std::optional<int> await_end(std::uint32_t number);

  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
  test::node_station& asker() noexcept { return asker_; }
  /// What the asking node knows of that node; null if nothing.
  [[nodiscard]] std::optional<member> member_of(std::uint32_t number) const;
  /// Who has the name, as the asking node sees it; token 0 if nobody has.
  [[nodiscard]] name_entry owner(const std::string& name) const;
  /// Node that leads the group, as the asking node sees it; 0 if it does not know.
  std::uint32_t leader();
  [[nodiscard]] std::vector<load::endpoint> client_endpoints() const;
  [[nodiscard]] std::vector<handled_question> handled() const {
    return handled_questions::read(handled_file(root_.path()));
  }
  /// What that node wrote to its standard output and error.
  [[nodiscard]] std::string log_of(std::uint32_t number) const;

  /// Looks until it holds; false if it does not within a minute and a half.
  bool await(const std::function<bool()>& holds);

 private:
  [[nodiscard]] consensus::cluster_node_options asker_options(std::chrono::milliseconds timeout) const;

  const std::uint32_t count_;
  const std::chrono::milliseconds timeout_;
  const load::temporary_directory root_{"bulwark-serving"};
  const load::port_block ports_;
  std::map<std::uint32_t, load::process> processes_;
  test::node_station asker_;
};

}  // namespace bulwark::cluster_test
