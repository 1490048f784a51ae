// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "bulwark/kv/core/conversation.hpp"
#include "bulwark/kv/core/machine.hpp"

namespace bulwark::kv {

/// A server that knows nothing, and lends a bounded number of bytes.
class quiet_server final : public server_view {
 public:
  [[nodiscard]] server_facts facts() const override { return {.node = "n1"}; }
  [[nodiscard]] server_counts counts() const override { return {}; }
  [[nodiscard]] std::vector<client_record> clients() const override { return {}; }
  [[nodiscard]] std::optional<resp_address> address_of(std::uint32_t) const override { return std::nullopt; }
  [[nodiscard]] std::uint64_t unix_ms() const override { return 1'000'000; }
  void update(const client_record&) override {}
  void count_commands(std::uint64_t) override {}
  [[nodiscard]] bool take_bytes(std::size_t bytes) override {
    if (taken + bytes > bytes_max) return false;
    taken += bytes;
    return true;
  }
  void give_back_bytes(std::size_t bytes) override { taken -= bytes; }

  std::size_t bytes_max = 64u << 20;
  std::size_t taken = 0;
};

/// A conversation whose requests the machine answers.
struct talk_rig {
  /// Advances to the end, as a session would; the machine answers every submission.
  std::string talk_on() {
    std::string out;
    for (auto what = it.advance(); what != conversation::need::input; what = it.advance()) {
      if (what == conversation::need::submit) {
        const auto submission = it.take_submit();
        kinds.push_back(submission.kind);
        ages.push_back(submission.at_most);
        const bool write = submission.kind == consensus::request_kind::write;
        it.answered(consensus::outcome::done,
                    write ? keys.apply(submission.payload) : keys.query(submission.payload), age);
      }
      if (what == conversation::need::status) it.status_known(std::nullopt);
      out += it.take_output();
    }
    return out + it.take_output();
  }

  quiet_server server;
  conversation_limits limits;
  conversation it{limits, {}, server};
  machine keys;
  std::vector<consensus::request_kind> kinds;
  std::vector<std::chrono::milliseconds> ages;  ///< that were allowed
  std::chrono::milliseconds age{};              ///< of what is answered
};

struct conversation_rig : testing::Test, talk_rig {};

}  // namespace bulwark::kv
