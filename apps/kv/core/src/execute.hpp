// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <string_view>

#include "bulwark/consensus/core/session_table.hpp"
#include "bulwark/kv/core/batch.hpp"
#include "bulwark/kv/core/keyspace.hpp"
#include "bulwark/kv/core/reply.hpp"

namespace bulwark::kv {

/// Arguments of a command, without its name.
using arguments_view = std::span<const std::string_view>;

/// Executes one read and writes exactly one reply. @pre the arity fits
void execute_read(const keyspace& keys, command_id id, arguments_view arguments, const batch_limits& limits,
                  reply_builder& reply);

/// Executes one write and writes exactly one reply; an error reply means that nothing was changed. @pre the
/// arity fits
void execute_write(keyspace& keys, const command_spec& spec, arguments_view arguments,
                   const batch_limits& limits, reply_builder& reply);

/// Executes one read or write on keys and writes exactly one reply. @pre the arity fits
void execute_on_keys(keyspace& keys, const command_spec& spec, arguments_view arguments,
                     const batch_limits& limits, reply_builder& reply);

/// Executes a transaction and writes exactly one reply: that of each command, or null if a watched key has
/// changed, or an error; with these two, nothing was changed. The words are those of transaction_words.hpp.
void execute_transaction(keyspace& keys, arguments_view arguments, const batch_limits& limits,
                         reply_builder& reply);

/// Executes SESSION, unless it was executed before: `arguments` are client, number, milliseconds since 1970,
/// and the command with its name. Writes exactly one reply.
void execute_session(keyspace& keys, consensus::session_table& sessions, arguments_view arguments,
                     const batch_limits& limits, reply_builder& reply);

}  // namespace bulwark::kv
