// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "bulwark/actors/unhandled_request.hpp"
#include "bulwark/supervision/core/fenced_requests.hpp"

namespace bulwark {

/// Requests that were refused by fences of other nodes, until somebody else serves their names. Those that
/// are not asked again are answered `service_error::fenced`. They outlive the actor that looks after them.
/// Thread-safe.
class refused_requests {
 public:
  explicit refused_requests(std::size_t requests_max) : waiting_{requests_max} {}

  /// False if it was answered at once: there is no room, or it comes after close().
  bool keep(const std::string& name, std::uint64_t refused_by, unhandled_request one);
  /// The reference to the name is bound, by the binding of that number: those that may be asked again there.
  [[nodiscard]] std::vector<unhandled_request> take_for(const std::string& name, std::uint64_t bound_by);
  /// Nobody came to serve the name.
  void give_up(const std::string& name);
  /// Time has passed.
  void look(instant now);
  void close();

 private:
  static void answer(std::vector<unhandled_request> some);

  std::mutex mutex_;
  bool closed_ = false;
  fenced_requests<unhandled_request> waiting_;
};

}  // namespace bulwark
