// SPDX-License-Identifier: BSD-3-Clause
#include <string>
#include <utility>
#include <vector>

#include "execute.hpp"
#include "session_words.hpp"
#include "transaction_words.hpp"

namespace bulwark::kv {

namespace {

using verdict = consensus::session_table::verdict;

/// What was not executed, or only once before; empty for what is to be executed now or was kept.
std::string refusal(verdict what, std::string_view client, std::uint64_t number, std::uint64_t latest) {
  const auto named = "session '" + std::string{client} + "'";
  switch (what) {
    case verdict::stale:
      return "STALESESSION number " + std::to_string(number) + " of " + named + " comes after number " +
             std::to_string(latest) + "; not executed now, but perhaps before";
    case verdict::unknown:
      return "NOSESSION " + named +
             " is not known: begin it with number 1; if it has begun, it was idle for " +
             "too long, and nothing tells any more whether this command was executed";
    case verdict::too_large:
      return "ERR number " + std::to_string(number) + " of " + named +
             " was executed before, and its reply was too large to be kept";
    case verdict::fresh:
    case verdict::repeated: break;
  }
  return {};
}

void execute_inner(keyspace& keys, arguments_view words, const batch_limits& limits, reply_builder& reply) {
  if (words[0] == transaction_name) return execute_transaction(keys, words.subspan(1), limits, reply);
  const auto* spec = find_command(words[0]);
  const auto fault = fault_of_inner(spec, words);
  if (!fault.empty()) return reply.error(fault);
  execute_on_keys(keys, *spec, words.subspan(1), limits, reply);
}

}  // namespace

void execute_session(keyspace& keys, consensus::session_table& sessions, arguments_view arguments,
                     const batch_limits& limits, reply_builder& reply) {
  const auto client = arguments[0];
  const auto number = to_session_number(arguments[1]);
  const auto now_ms = to_session_number(arguments[2]);
  if (!number || !now_ms || arguments.size() < 4) return reply.error("ERR a malformed SESSION came");
  const auto what = sessions.begin(client, *number, *now_ms);
  if (what == verdict::repeated) return reply.copy(sessions.reply_of(client));
  if (what != verdict::fresh) return reply.error(refusal(what, client, *number, sessions.latest_of(client)));
  std::string inner;
  reply_builder into{inner};
  execute_inner(keys, arguments.subspan(3), limits, into);
  reply.copy(inner);
  sessions.finish(client, *number, std::move(inner));
}

}  // namespace bulwark::kv
