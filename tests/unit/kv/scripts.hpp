// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bulwark/kv/core/batch.hpp"
#include "bulwark/kv/core/reply.hpp"

/// Commands as text, for tests.
namespace bulwark::kv {

/// Adds a command written as an inline line; its arity is not checked.
void add_words(batch_writer& batch, std::string_view line);

using watched_keys = std::vector<std::pair<std::string_view, std::uint64_t>>;

/// The arguments of a transaction in the log; its commands are inline lines.
std::vector<std::string> transaction_of(const watched_keys& watched,
                                        const std::vector<std::string>& commands);

/// Adds a transaction as EXEC does, or in a session of this name if there is one.
void add_transaction(batch_writer& batch, const std::vector<std::string>& arguments,
                     std::string_view session = {}, std::uint64_t number = 0);

/// The replies of a machine's answer, as RESP.
std::string rendered(std::string_view answer, protocol spoken = protocol::resp2);

/// A command of the replicated ones that Redis knows too, as an inline line; few keys, so that commands meet.
/// Sometimes wrong.
std::string random_command(std::mt19937& random);

/// A request as clients send it.
std::string multibulk(std::string_view line);

}  // namespace bulwark::kv
