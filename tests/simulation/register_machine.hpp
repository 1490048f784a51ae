// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "bulwark/consensus/core/state_machine.hpp"

namespace bulwark::test {

/// A few registers, each of which holds the last value written to it. A command is "key value", a question is
/// "key". A write replies with the value before it, so that replies tell the order of writes.
class register_machine final : public consensus::state_machine {
 public:
  consensus::bytes apply(const consensus::bytes& command) override {
    const auto space = command.find(' ');
    auto& held = registers_[command.substr(0, space)];
    auto before = held;
    held = command.substr(space + 1);
    for (const char c : command) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    hash_ = (hash_ ^ 0xff) * 0x100000001b3;
    return before;
  }

  [[nodiscard]] consensus::bytes query(const consensus::bytes& question) const override {
    const auto found = registers_.find(question);
    return found == registers_.end() ? consensus::bytes{} : found->second;
  }

  /// "hash padding key=value key=value ", long enough for a few pieces
  [[nodiscard]] std::optional<consensus::bytes> save() const override {
    auto saved = std::to_string(hash_) + " " + std::string(700, '.') + " ";
    for (const auto& [key, held] : registers_) saved += key + "=" + held + " ";
    return saved;
  }

  [[nodiscard]] bool restore(std::string_view saved) override {
    registers_.clear();
    std::istringstream words{std::string{saved}};
    std::string padding;
    if (!(words >> hash_ >> padding)) return false;
    for (std::string word; words >> word;)
      registers_[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
    return true;
  }

  /// Equal histories give equal hashes.
  [[nodiscard]] std::uint64_t hash() const { return hash_; }

 private:
  std::map<std::string, std::string> registers_;
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace bulwark::test
