// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bulwark/supervision/messages.hpp"
#include "bulwark/supervision/supervisor.hpp"
#include "bulwark/testkit/deterministic_system.hpp"
#include "bulwark/testkit/event_recorder.hpp"

namespace bulwark::testkit {

class observed_tree;

/// A child of an observed tree, or a child of a child: `tree / "clients" / "session1"`.
struct child_path {
  observed_tree* tree = nullptr;
  std::string path;

  friend child_path operator/(child_path above, std::string_view id) {
    above.path += '/';
    above.path += id;
    return above;
  }
};

/// A tree of supervisors under test, with everything it did since it was started. A test compares it with the
/// matchers of testkit/matchers.hpp; when one fails, the timeline of events and the tree are printed.
///
/// Its end stops the tree; what is then left running is a failure of the test.
class observed_tree {
 public:
  /// Spawns the supervisor and runs it until it has nothing to do. Takes over the sink of the options.
  observed_tree(deterministic_system& world, supervisor_options options);
  ~observed_tree();
  observed_tree(const observed_tree&) = delete;
  observed_tree& operator=(const observed_tree&) = delete;

  [[nodiscard]] const caf::actor& root() const noexcept { return root_; }
  [[nodiscard]] std::vector<supervision_event> events() const { return recorder_.events(); }

  /// Forgets what happened so far.
  void forget() { recorder_.clear(); }

  /// Lets time pass, in virtual time.
  void advance(duration length) { world_.advance(length); }
  void drain() { world_.drain(); }

  /// The incarnation behind a path below the root, "sub/w1"; null if there is none.
  [[nodiscard]] caf::actor find(std::string_view path);

  /// The tree as lines "path state", depth first: "sub up", "sub/w1 waiting".
  [[nodiscard]] std::vector<std::string> lines() const;

  /// Events with their times since the start, and the tree: what a failed assertion prints.
  [[nodiscard]] std::string report() const;

  [[nodiscard]] deterministic_system& world() noexcept { return world_; }

 private:
  deterministic_system& world_;
  event_recorder recorder_;
  instant since_;
  caf::actor root_;
};

[[nodiscard]] inline child_path operator/(observed_tree& tree, std::string_view id) {
  return {&tree, std::string{id}};
}

/// Starts a tree and watches it.
[[nodiscard]] inline observed_tree observe(deterministic_system& world, supervisor_options options) {
  return {world, std::move(options)};
}

/// Ends the current incarnation with a failure, ahead of its backlog, as if one of its handlers had thrown.
/// Its exit reason reads "injected: " + `what`. A path without incarnation is a failure of the test.
void crash(const child_path& victim, std::string_view what = "crash");

/// Ends the current incarnation by force.
void kill(const child_path& victim);

/// Sends a message to the current incarnation, in nobody's name, and runs until nothing is left to do.
void send(const child_path& whom, caf::message what);

/// Runs the body under `count` different schedules, by seed; the system is the same, and nothing may be left
/// in it between two of them. A failure names the seed; the first one ends the loop.
void for_all_schedules(std::uint64_t count,
                       const std::function<void(deterministic_system& world, std::uint64_t seed)>& body);

void PrintTo(const observed_tree& tree, std::ostream* out);

}  // namespace bulwark::testkit
