// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bulwark/consensus/core/messages.hpp"
#include "bulwark/kv/front.hpp"

namespace bulwark::kv {

/// What the replica of a rig does. Thread-safe.
struct replica_script {
  std::atomic<consensus::outcome> outcome{consensus::outcome::done};
  std::atomic<bool> answers{true};  ///< false: keeps requests for ever
  std::atomic<bool> leads{true};
  std::atomic<int> submits{0};                                         ///< seen so far
  std::atomic<int> writes{0};                                          ///< of them
  std::function<std::unique_ptr<consensus::state_machine>()> machine;  ///< set before the first submit
};

/// A whole client side over real loopback sockets, with a replica that applies to a key-value machine
/// directly.
class front_rig {
 public:
  explicit front_rig(std::function<void(front_options&)> change = {});
  ~front_rig();

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::size_t connections() const;
  replica_script& replica() { return *script_; }

  /// Ends actors as a crash would, and waits until they are gone.
  void kill_session(std::size_t number);
  void kill_front();
  void kill_replica();

  /// What a supervisor does after a crash.
  void start_session(std::size_t number);
  void start_front();

 private:
  struct parts;
  std::shared_ptr<replica_script> script_;
  std::unique_ptr<parts> parts_;
};

}  // namespace bulwark::kv
