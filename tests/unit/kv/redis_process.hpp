// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>

namespace bulwark::kv {

/// A real redis-server on a loopback port, without persistence; it ends with this object.
class redis_process {
 public:
  /// nullptr if no redis-server is installed.
  static std::unique_ptr<redis_process> start();

  redis_process(const redis_process&) = delete;
  redis_process& operator=(const redis_process&) = delete;
  ~redis_process();

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  redis_process(pid_t process, std::uint16_t port) : process_{process}, port_{port} {}

  pid_t process_;
  std::uint16_t port_;
};

}  // namespace bulwark::kv
