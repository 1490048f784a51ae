// SPDX-License-Identifier: BSD-3-Clause
#include "local_commands.hpp"

#include <charconv>

namespace bulwark::kv {

namespace {

using arguments_view = std::span<const std::string_view>;

template <class Integer>
std::optional<Integer> to_number(std::string_view text) {
  Integer number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

void answer_ping(arguments_view arguments, reply_builder& reply) {
  arguments.size() == 1 ? reply.status("PONG") : reply.bulk(arguments[1]);
}

void answer_select(std::string_view index, reply_builder& reply) {
  const auto number = to_number<std::int64_t>(index);
  if (!number) return reply.error("ERR value is not an integer or out of range");
  if (*number != static_cast<std::int32_t>(*number))
    return reply.error("ERR value is out of range, value must between -2147483648 and 2147483647");
  *number == 0 ? reply.status("OK") : reply.error("ERR DB index is out of range");
}

bool name_is_printable(std::string_view name) {
  for (const char c : name)
    if (c < '!' || c > '~') return false;
  return true;
}

/// Sets the name, or answers with an error and returns false.
bool rename(client_record& client, std::string_view name, reply_builder& reply) {
  if (!name_is_printable(name)) {
    reply.error("ERR Client names cannot contain spaces, newlines or special characters.");
    return false;
  }
  client.name = name;
  return true;
}

std::string describe(const client_record& client) {
  return "id=" + std::to_string(client.id) + " addr=" + client.address + " laddr=" + client.local_address +
         " name=" + client.name + " db=0 resp=" + std::to_string(static_cast<int>(client.spoken)) +
         " lib-name=" + client.library_name + " lib-ver=" + client.library_version + "\n";
}

void set_info(arguments_view arguments, client_record& client, reply_builder& reply) {
  const auto attribute = arguments[2];
  const auto value = arguments[3];
  if (!name_is_printable(value))
    return reply.error("ERR " + std::string{attribute} +
                       " cannot contain spaces, newlines or special characters.");
  if (equal_ignoring_case(attribute, "lib-name")) {
    client.library_name = value;
  } else if (equal_ignoring_case(attribute, "lib-ver")) {
    client.library_version = value;
  } else {
    return reply.error("ERR Unrecognized option '" + std::string{attribute.substr(0, 128)} + "'");
  }
  reply.status("OK");
}

}  // namespace

std::string unknown_subcommand(std::string_view command, std::string_view subcommand) {
  return "ERR unknown subcommand '" + std::string{subcommand.substr(0, 128)} + "'. Try " +
         std::string{command} + " HELP.";
}

bool needs_status(command_id id) {
  return id == command_id::info || id == command_id::role || id == command_id::hello;
}

void answer_client(arguments_view arguments, client_record& client, server_view& server,
                   reply_builder& reply) {
  const auto is = [&](std::string_view name, std::size_t count) {
    return equal_ignoring_case(arguments[1], name) && arguments.size() == count;
  };
  if (is("id", 2)) return reply.integer(static_cast<std::int64_t>(client.id));
  if (is("getname", 2)) return client.name.empty() ? reply.null() : reply.bulk(client.name);
  if (is("info", 2)) return reply.bulk(describe(client));
  if (is("list", 2)) {
    std::string lines;
    for (const auto& each : server.clients()) lines += describe(each);
    return reply.bulk(lines);
  }
  if (is("setname", 3)) {
    if (rename(client, arguments[2], reply)) reply.status("OK");
    return server.update(client);
  }
  if (is("setinfo", 4)) {
    set_info(arguments, client, reply);
    return server.update(client);
  }
  for (const std::string_view known : {"id", "getname", "info", "list", "setname", "setinfo"})
    if (equal_ignoring_case(arguments[1], known))
      return reply.error("ERR wrong number of arguments for 'client|" + std::string{known} + "' command");
  reply.error(unknown_subcommand("CLIENT", arguments[1]));
}

void answer_auth(arguments_view arguments, reply_builder& reply) {
  if (arguments.size() == 2)
    return reply.error(
        "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
        "configuration is correct?");
  if (arguments[1] == "default") return reply.status("OK");  // as in Redis: without a password, any will do
  reply.error("WRONGPASS invalid username-password pair or user is disabled.");
}

void answer_hello(arguments_view arguments, client_record& client, server_view& server,
                  const std::optional<replica_view>& status, reply_builder& reply) {
  auto spoken = client.spoken;
  if (arguments.size() > 1) {
    const auto number = to_number<int>(arguments[1]);
    if (!number) return reply.error("ERR Protocol version is not an integer or out of range");
    if (*number != 2 && *number != 3) return reply.error("NOPROTO unsupported protocol version");
    spoken = *number == 3 ? protocol::resp3 : protocol::resp2;
  }
  for (std::size_t i = 2; i < arguments.size();) {
    const auto left = arguments.size() - i;
    if (equal_ignoring_case(arguments[i], "auth") && left >= 3) {
      if (arguments[i + 1] != "default")
        return reply.error("WRONGPASS invalid username-password pair or user is disabled.");
      i += 3;
    } else if (equal_ignoring_case(arguments[i], "setname") && left >= 2) {
      if (!rename(client, arguments[i + 1], reply)) return;
      i += 2;
    } else {
      return reply.error("ERR Syntax error in HELLO option '" + std::string{arguments[i].substr(0, 128)} +
                         "'");
    }
  }
  client.spoken = spoken;
  server.update(client);
  reply.map(7);
  reply.bulk("server"), reply.bulk("redis");  // clients choose their features by this name and version
  reply.bulk("version"), reply.bulk("7.0.0");
  reply.bulk("proto"), reply.integer(static_cast<int>(spoken));
  reply.bulk("id"), reply.integer(static_cast<std::int64_t>(client.id));
  reply.bulk("mode"), reply.bulk("standalone");
  reply.bulk("role"), reply.bulk(status && status->leads() ? "master" : "replica");
  reply.bulk("modules"), reply.array(0);
}

after_reply answer_local(command_id id, arguments_view arguments, client_record& client, server_view& server,
                         const std::optional<replica_view>& status, reply_builder& reply) {
  switch (id) {
    case command_id::ping: answer_ping(arguments, reply); break;
    case command_id::echo: reply.bulk(arguments[1]); break;
    case command_id::quit: reply.status("OK"); return after_reply::close;
    case command_id::select: answer_select(arguments[1], reply); break;
    case command_id::hello: answer_hello(arguments, client, server, status, reply); break;
    case command_id::auth: answer_auth(arguments, reply); break;
    case command_id::client: answer_client(arguments, client, server, reply); break;
    case command_id::command: answer_command(arguments, reply); break;
    case command_id::config: answer_config(arguments, server, reply); break;
    case command_id::info: answer_info(arguments, server, status, reply); break;
    case command_id::role: answer_role(server, status, reply); break;
    case command_id::reset:
      client.spoken = protocol::resp2;
      client.name.clear();
      server.update(client);
      reply.status("RESET");
      break;
    default: reply.error("ERR not a local command");
  }
  return after_reply::go_on;
}

}  // namespace bulwark::kv
