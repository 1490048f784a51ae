// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bulwark/actors/core/random.hpp"
#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/core/messages.hpp"
#include "statistics.hpp"
#include "violations.hpp"

namespace bulwark::test {

/// Clients that count, each in a session of its own: the n-th command must be answered by n, however often it
/// was sent. Each sends a command until it is answered; after an error, or if nothing comes for a while,
/// again and to any node, while the earlier attempts may still be under way.
class session_clients {
 public:
  /// What surrounds them.
  struct world {
    std::function<void(duration, std::function<void()>)> at;
    /// Sends a payload to any node, or to none. The answer comes by answered().
    std::function<void(std::size_t client, std::uint64_t number, const std::string& payload)> submit;
    std::function<std::uint64_t()> unix_ms;
  };

  session_clients(std::uint64_t seed, world around, statistics& seen, violations& found);

  /// Each counts on until stop().
  void start();
  /// No further commands; those that are open are still repeated until they are answered.
  void stop() { stopping_ = true; }
  [[nodiscard]] bool idle() const;

  void answered(std::size_t client, std::uint64_t number, consensus::outcome result,
                const std::string& reply);

  /// How far each has counted.
  [[nodiscard]] std::vector<std::uint64_t> counted() const;

 private:
  struct one_client {
    std::uint64_t number = 0;   ///< of the command that is open, or of the last one
    std::uint64_t attempt = 0;  ///< the latest; a timer of an earlier one means nothing
    bool open = false;
  };

  void next(std::size_t client);
  void attempt(std::size_t client);
  duration some(duration most);

  random_stream random_;
  world around_;
  statistics& seen_;
  violations& violations_;
  std::vector<one_client> clients_{3};
  std::uint64_t attempts_ = 0;
  bool stopping_ = false;
};

}  // namespace bulwark::test
