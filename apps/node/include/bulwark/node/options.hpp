// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>

#include "bulwark/actors/certificates.hpp"
#include "bulwark/supervision/core/failure_detector.hpp"

namespace bulwark::node {

/// Where something listens. The host of an IPv6 address stands in brackets when written: "[::1]:7001".
struct endpoint {
  std::string host;
  std::uint16_t port = 0;  ///< 0 picks a free one

  friend bool operator==(const endpoint&, const endpoint&) = default;
};

std::string to_string(const endpoint& where);

/// Reads "host:port". Throws std::invalid_argument that says what was expected.
endpoint parse_endpoint(const std::string& text);

enum class log_format { text, json };

/// Everything that one node is told.
struct node_options {
  std::uint32_t id = 0;
  std::string cluster = "default";
  endpoint resp{"127.0.0.1", 0};
  endpoint listen{"127.0.0.1", 0};
  std::map<std::uint32_t, endpoint> peers;  ///< the other nodes, as they are to be dialled
  std::vector<std::uint32_t> voters;        ///< who votes until the log says otherwise; empty: all
  std::uint32_t accept_quorum = 0;  ///< so many voters make a write, see replica_options; 0: a majority
  std::uint8_t priority = 0;        ///< the highest of those who could lead goes first
  std::filesystem::path data;
  std::chrono::milliseconds interval{100};  ///< T_interval of heartbeats
  std::chrono::milliseconds timeout{400};   ///< T_timeout: silent for T_interval + T_timeout is gone
  std::chrono::milliseconds election_timeout{
      250};  ///< the same between replicas, for which a mistake costs milliseconds; see leader_silence()
  std::chrono::milliseconds lease{0};  ///< of the leader, to read without asking the others; 0: none
  detector_kind detector = detector_kind::phi;
  std::chrono::seconds replace_after{30};  ///< a voter down for so long is replaced by a node without a vote,
                                           ///< if there is one; 0: never
  std::chrono::milliseconds drain{5000};   ///< how long requests in flight may take after SIGTERM
  std::size_t sessions = 4;
  tls_files tls;  ///< how this node and its peers know each other; none: anybody may connect
  bool insecure = false;
  std::string log_level = "info";
  log_format format = log_format::text;

  /// After how much silence behind T_interval another leader is elected.
  [[nodiscard]] std::chrono::milliseconds leader_silence() const {
    return std::min(std::max(election_timeout, lease - interval), timeout);  // an election waits for leases
  }

  /// Empty if the options can work, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;
};

/// Thrown by parse_options: what to print and how to end.
struct options_exit : std::runtime_error {
  options_exit(int exit_code, const std::string& text) : std::runtime_error{text}, code{exit_code} {}
  int code;  ///< 0 for help, 2 for options that cannot work
};

/// Reads the command line (argv[0] is skipped) and the TOML file that it names; the command line wins.
/// The file has the names of the command line: `resp = "127.0.0.1:7101"`, `peers = ["2=127.0.0.1:7002"]`.
node_options parse_options(int argc, char** argv);

}  // namespace bulwark::node
