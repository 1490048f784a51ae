// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <caf/actor.hpp>
#include <mutex>
#include <unordered_map>

#include "bulwark/kv/front.hpp"
#include "channel.hpp"
#include "tcp_server.hpp"

namespace bulwark::kv {

/// What sessions and front have in common, and what outlives them. Thread-safe.
struct service::shared final : server_view {
  explicit shared(front_options with);

  /// Decides on a new connection. Called in the I/O thread of the front.
  static admission admit(const std::shared_ptr<shared>& self, const std::string& peer,
                         const std::string& local);

  void forget(std::uint64_t client);
  [[nodiscard]] std::size_t connections() const;

  [[nodiscard]] server_facts facts() const override;
  [[nodiscard]] server_counts counts() const override;
  [[nodiscard]] std::vector<client_record> clients() const override;
  [[nodiscard]] std::optional<resp_address> address_of(std::uint32_t node) const override;
  [[nodiscard]] std::uint64_t unix_ms() const override;
  void update(const client_record& client) override;
  void count_commands(std::uint64_t commands) override;
  [[nodiscard]] bool take_bytes(std::size_t bytes) override;
  void give_back_bytes(std::size_t bytes) override { budget->give_back(bytes); }

  const front_options options;
  const instant started;
  const std::shared_ptr<byte_budget> budget;
  const caf::actor sessions;  ///< router over the session workers that are there
  std::atomic<std::uint16_t> port;

  std::atomic<bool> draining{false};  // open connections end once they are answered, new ones are refused
  std::atomic<std::uint64_t> keys{0}, keys_bytes{0}, revision{0};  // of the machine

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, client_record> clients_;
  std::uint64_t last_client_ = 0;
  std::atomic<std::uint64_t> accepted_{0}, refused_{0}, commands_{0};
};

}  // namespace bulwark::kv
