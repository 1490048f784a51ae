// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bulwark/cluster/control_client.hpp"

namespace bulwark::cluster {

/// Asks the nodes now and then who leads, and tells when that changes. What is told is for people, so it may
/// be late by a round; nothing else depends on it.
///
/// Owner: one event loop; not thread-safe. It must outlive the loop's run.
class leader_watch {
 public:
  /// Empty if nobody leads.
  using handler = std::function<void(const std::string& leader, const std::string& ballot)>;

  leader_watch(boost::asio::io_context& io, std::vector<std::filesystem::path> nodes, handler changed);

  void start() { next_round(); }
  void stop();

  const std::string& leader() const noexcept { return leader_; }

 private:
  struct round;
  void next_round();
  void judge(const round& asked);

  static constexpr std::chrono::milliseconds answer_time{400};
  static constexpr std::chrono::milliseconds pause_known{500};  ///< between rounds
  static constexpr std::chrono::milliseconds pause_unknown{50};

  boost::asio::io_context& io_;
  std::vector<std::filesystem::path> nodes_;
  handler changed_;
  boost::asio::steady_timer timer_;
  std::string leader_;
  bool stopped_ = false;
};

}  // namespace bulwark::cluster
