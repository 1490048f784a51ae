// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <random>
#include <string>
#include <string_view>

#include "bulwark/kv/core/batch.hpp"
#include "bulwark/kv/core/reply.hpp"

/// Commands as text, for tests.
namespace bulwark::kv {

/// Adds a command written as an inline line; its arity is not checked.
void add_words(batch_writer& batch, std::string_view line);

/// The replies of a machine's answer, as RESP.
std::string rendered(std::string_view answer, protocol spoken = protocol::resp2);

/// A command of the replicated ones that Redis knows too, as an inline line; few keys, so that commands meet.
/// Sometimes wrong.
std::string random_command(std::mt19937& random);

/// A request as clients send it.
std::string multibulk(std::string_view line);

}  // namespace bulwark::kv
