// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/load/checked_load.hpp"
#include "bulwark/load/client.hpp"
#include "bulwark/load/local_cluster.hpp"
#include "bulwark/load/port_block.hpp"
#include "bulwark/load/process.hpp"
#include "faulty_network.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

/// What the tests of real clusters share.
namespace bulwark::cluster_test {

using namespace std::chrono_literals;

/// The program under test.
std::filesystem::path program();

/// A cluster that gives up a silent leader late, so that a busy machine is not mistaken for a dead one: for
/// tests in which no node falls silent.
load::cluster_options patient_cluster(unsigned nodes = 5);

/// Options of a checked load on these nodes, that does not take a whole machine.
load::load_options modest_load(std::vector<load::endpoint> endpoints);

/// Reads everything back, and expects that nothing at all was broken.
void expect_nothing_lost(load::checked_load& load);

/// Waits until some more requests were done, so that what came before had them in its way. Fails the test if
/// they are not.
void await_more(const load::checked_load& load, std::uint64_t requests);

/// A client that begins at one node and stays there, and answers of which have this long.
load::client client_of(const load::endpoint& node, duration request_timeout = 5s);

/// Repeats one command at one node until it is done; the last result if it never is.
load::call_result call_until_done(load::client& caller, std::initializer_list<std::string_view> arguments,
                                  duration patience = 15s);

/// The path of a program, or nothing if this machine has none.
std::optional<std::filesystem::path> find_program(const std::string& name);

/// Resident memory of a process in bytes; 0 if it is gone.
std::uint64_t resident_bytes(pid_t pid);

/// Nodes without a launcher: what is killed stays dead until it is started again.
class bare_nodes {
 public:
  enum class cables { direct, faulty };
  /// What goes before the command line of a node, by its number and data directory.
  using launch_prefix =
      std::function<std::vector<std::string>(unsigned number, const std::filesystem::path& data)>;

  /// Starts all nodes and waits until each answers PING. Throws std::runtime_error if one does not. `extra`
  /// goes to the command line of each; "{node}" in it stands for the node's name, as in "n1".
  explicit bare_nodes(unsigned count, cables between = cables::direct, std::vector<std::string> extra = {},
                      launch_prefix prefix = {});

  void start(unsigned number);
  /// kill -9, and waits for the end.
  void kill(unsigned number);
  /// Waits for a PING to be answered.
  bool await_listening(unsigned number, duration patience);
  /// The exit code after SIGTERM.
  std::optional<int> terminate(unsigned number, duration patience);

  /// What lies between nodes with faulty cables.
  faulty_network& network() { return *network_; }

  /// The node that leads by its own word, if there is one, other than `except`.
  std::optional<unsigned> leader(unsigned except = 0) const;
  /// Waits for one. Throws std::runtime_error if there is none in time.
  unsigned await_leader(duration patience, unsigned except = 0) const;

  load::endpoint listen(unsigned number) const;  ///< where peers reach it
  load::endpoint resp(unsigned number) const;
  std::vector<load::endpoint> endpoints() const;
  unsigned count() const { return count_; }
  std::filesystem::path data(unsigned number) const {
    return directory_.path() / ("n" + std::to_string(number));
  }
  std::vector<std::string> arguments(unsigned number) const;
  std::string log_of(unsigned number) const;

 private:
  unsigned count_;
  std::vector<std::string> extra_;
  launch_prefix prefix_;
  load::port_block ports_;
  load::temporary_directory directory_;
  std::optional<faulty_network> network_;
  std::vector<std::optional<load::process>> nodes_;  ///< by number - 1
};

}  // namespace bulwark::cluster_test
