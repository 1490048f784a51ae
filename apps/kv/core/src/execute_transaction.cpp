// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <string>

#include "execute.hpp"
#include "transaction_needs.hpp"
#include "transaction_words.hpp"

namespace bulwark::kv {

namespace {

bool is_as_watched(const keyspace& keys, const watched_key& watched) {
  const auto* found = keys.find(watched.key);
  return (found != nullptr ? found->revision : 0) == watched.revision;
}

/// Why none of the commands may run; empty if they may.
std::string refusal_of(const keyspace& keys, const transaction_words& words, const batch_limits& limits) {
  transaction_needs needs{keys};
  for (const auto& command : words.commands) needs.add(command);
  if (limits.memory_bytes_max != 0 && needs.memory_bytes() > 0 &&
      keys.bytes() + needs.memory_bytes() > limits.memory_bytes_max)
    return "OOM command not allowed when used memory > 'maxmemory'.";
  if (needs.reply_bytes() > limits.reply_bytes_max)
    return "ERR the replies of the transaction may take " + std::to_string(needs.reply_bytes()) +
           " bytes, at most " + std::to_string(limits.reply_bytes_max) + " are allowed; nothing was done";
  return {};
}

}  // namespace

void execute_transaction(keyspace& keys, arguments_view arguments, const batch_limits& limits,
                         reply_builder& reply) {
  transaction_words words;
  if (const auto fault = read_transaction(arguments, words); !fault.empty()) return reply.error(fault);
  const auto unchanged = [&](const watched_key& one) { return is_as_watched(keys, one); };
  if (!std::all_of(words.watched.begin(), words.watched.end(), unchanged)) return reply.null_array();
  if (const auto refusal = refusal_of(keys, words, limits); !refusal.empty()) return reply.error(refusal);
  reply.array(words.commands.size());
  for (const auto& command : words.commands)
    execute_on_keys(keys, *command.spec, command.words.subspan(1), limits, reply);
}

}  // namespace bulwark::kv
