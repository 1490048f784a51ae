// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "bulwark/kv/core/commands.hpp"
#include "bulwark/kv/core/reply.hpp"
#include "bulwark/kv/core/server_view.hpp"

namespace bulwark::kv {

enum class after_reply { go_on, close };

/// Whether the command can be answered only once the replica was asked how it is.
bool needs_status(command_id id);

/// Answers a command of kind local with exactly one reply. `status` is nullopt if the replica did not answer.
/// @pre the arity fits
after_reply answer_local(command_id id, std::span<const std::string_view> arguments, client_record& client,
                         server_view& server, const std::optional<replica_view>& status,
                         reply_builder& reply);

// -- parts, one file each -------------------------------------------------------------------------

void answer_client(std::span<const std::string_view> arguments, client_record& client, server_view& server,
                   reply_builder& reply);
void answer_hello(std::span<const std::string_view> arguments, client_record& client, server_view& server,
                  const std::optional<replica_view>& status, reply_builder& reply);
void answer_auth(std::span<const std::string_view> arguments, reply_builder& reply);
void answer_command(std::span<const std::string_view> arguments, reply_builder& reply);
void answer_config(std::span<const std::string_view> arguments, const server_view& server,
                   reply_builder& reply);
void answer_info(std::span<const std::string_view> arguments, const server_view& server,
                 const std::optional<replica_view>& status, reply_builder& reply);
void answer_role(const server_view& server, const std::optional<replica_view>& status, reply_builder& reply);

/// "ERR unknown subcommand 'x'. Try CLIENT HELP."
std::string unknown_subcommand(std::string_view command, std::string_view subcommand);

}  // namespace bulwark::kv
