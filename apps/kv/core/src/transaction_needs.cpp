// SPDX-License-Identifier: BSD-3-Clause
#include "transaction_needs.hpp"

#include <algorithm>

namespace bulwark::kv {

namespace {

// An integer, a status, or the longest error that a command can meet when it runs.
constexpr std::uint64_t reply_bytes_each = 96;
constexpr std::uint64_t integer_bytes = 9;  // with its tag
constexpr std::uint64_t header_bytes = 5;   // of a value in a reply
constexpr std::uint64_t digits_max = 20;

}  // namespace

void transaction_needs::add(const queued_command& command) {
  add_replies(command);  // first: some return the old value
  if (command.spec->grows) add_memory(command);
}

void transaction_needs::add_replies(const queued_command& command) {
  replies_ += reply_bytes_each;
  const auto& spec = *command.spec;
  const auto& words = command.words;
  constexpr std::size_t words_of_plain_set = 3;
  if (!spec.returns_values || (spec.id == command_id::set && words.size() == words_of_plain_set)) return;
  for_each_key(spec, words, [&](std::size_t at) {
    replies_ += spec.id == command_id::revision ? integer_bytes : header_bytes + value_bytes(words[at]);
  });
}

void transaction_needs::add_memory(const queued_command& command) {
  const auto& spec = *command.spec;
  const auto& words = command.words;
  for (const auto word : words.subspan(1)) memory_ += word.size();
  for_each_key(spec, words, [&](std::size_t at) {
    memory_ += keyspace::overhead_bytes + digits_max;
    auto& value = value_bytes(words[at]);
    switch (spec.id) {
      case command_id::append: value += words[at + 1].size(); break;
      case command_id::incr:
      case command_id::decr:
      case command_id::incrby:
      case command_id::decrby: value = std::max(value, digits_max); break;
      case command_id::cas: value = std::max<std::uint64_t>(value, words[at + 2].size()); break;
      default: value = std::max<std::uint64_t>(value, words[at + 1].size()); break;  // a new value follows
    }
  });
}

std::uint64_t& transaction_needs::value_bytes(std::string_view key) {
  const auto [at, added] = values_.try_emplace(key, 0);
  if (added)
    if (const auto* found = keys_.find(key)) at->second = found->value.size();
  return at->second;
}

}  // namespace bulwark::kv
