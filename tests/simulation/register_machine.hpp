// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "bulwark/consensus/core/session_table.hpp"
#include "bulwark/consensus/core/state_machine.hpp"

namespace bulwark::test {

/// A few registers, each of which holds the last value written to it. A command is "key value", a question is
/// "key". A write replies with the value before it, so that replies tell the order of writes.
///
/// And a counter for each session: "#client number time attempt" adds one to that of the client, once for
/// each number, and replies with the count.
class register_machine final : public consensus::state_machine {
 public:
  consensus::bytes apply(const consensus::bytes& command) override {
    for (const char c : command) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    hash_ = (hash_ ^ 0xff) * 0x100000001b3;
    if (command.starts_with('#')) return count(command);
    const auto space = command.find(' ');
    auto& held = registers_[command.substr(0, space)];
    auto before = held;
    held = command.substr(space + 1);
    return before;
  }

  [[nodiscard]] consensus::bytes query(const consensus::bytes& question) const override {
    const auto found = registers_.find(question);
    return found == registers_.end() ? consensus::bytes{} : found->second;
  }

  /// "hash size-of-sessions sessions padding key=value key=value ", long enough for a few pieces
  [[nodiscard]] std::optional<consensus::bytes> save() const override {
    std::string sessions;
    sessions_.save(sessions);
    auto saved = std::to_string(hash_) + " " + std::to_string(sessions.size()) + " " + sessions + " " +
                 std::string(700, '.') + " ";
    for (const auto& [key, held] : registers_) saved += key + "=" + held + " ";
    return saved;
  }

  [[nodiscard]] bool restore(std::string_view saved) override {
    registers_.clear();
    std::istringstream words{std::string{saved}};
    std::size_t sessions_size = 0;
    if (!(words >> hash_ >> sessions_size) || sessions_size > saved.size()) return false;
    words.get();
    std::string sessions(sessions_size, '\0');
    std::string padding;
    if (!words.read(sessions.data(), static_cast<std::streamsize>(sessions_size)) || !(words >> padding) ||
        !sessions_.restore(sessions))
      return false;
    for (std::string word; words >> word;)
      registers_[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
    return true;
  }

  /// Equal histories give equal hashes.
  [[nodiscard]] std::uint64_t hash() const { return hash_; }

  /// What the session has counted to.
  [[nodiscard]] std::uint64_t counted(std::size_t client) const {
    const auto found = registers_.find("#" + std::to_string(client));
    return found == registers_.end() ? 0 : std::stoull(found->second);
  }

 private:
  consensus::bytes count(const consensus::bytes& command) {
    using verdict = consensus::session_table::verdict;
    std::istringstream words{command};
    std::string client;
    std::uint64_t number = 0, now_ms = 0;
    words >> client >> number >> now_ms;
    switch (sessions_.begin(client, number, now_ms)) {
      case verdict::fresh: break;
      case verdict::repeated: return sessions_.reply_of(client);
      case verdict::stale: return "stale";
      case verdict::unknown: return "unknown";
      case verdict::too_large: return "too large";
    }
    auto& held = registers_[client];
    held = std::to_string(held.empty() ? 1 : std::stoull(held) + 1);
    sessions_.finish(client, number, held);
    return held;
  }

  std::map<std::string, std::string> registers_;
  consensus::session_table sessions_;
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace bulwark::test
