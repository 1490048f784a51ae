// SPDX-License-Identifier: BSD-3-Clause
#include "local_commands.hpp"

namespace bulwark::kv {

namespace {

using arguments_view = std::span<const std::string_view>;

/// One row of COMMAND, with the ten fields of Redis 7.
void describe(const command_spec& spec, reply_builder& reply) {
  const auto kind = spec.kind == command_kind::write ? "write" : "readonly";
  reply.array(10);
  reply.bulk(spec.name);
  reply.integer(spec.arity);
  if (spec.kind == command_kind::local) {
    reply.array(1), reply.status("fast");
  } else {
    reply.array(spec.grows ? 2 : 1), reply.status(kind);
    if (spec.grows) reply.status("denyoom");
  }
  reply.integer(spec.first_key);
  reply.integer(spec.last_key);
  reply.integer(spec.key_step);
  for (int unused = 0; unused < 4; ++unused)
    reply.array(0);  // categories, tips, key specifications, subcommands
}

std::string_view group_of(const command_spec& spec) {
  switch (spec.id) {
    case command_id::multi:
    case command_id::exec:
    case command_id::discard:
    case command_id::watch:
    case command_id::watchat:
    case command_id::unwatch: return "transactions";
    default: break;
  }
  if (spec.kind == command_kind::local) return "connection";
  return spec.first_key > 0 ? "string" : "server";
}

void document(const command_spec& spec, reply_builder& reply) {
  reply.bulk(spec.name);
  reply.map(3);
  reply.bulk("summary"), reply.bulk(spec.summary);
  reply.bulk("since"), reply.bulk("0.1.0");
  reply.bulk("group"), reply.bulk(group_of(spec));
}

void answer_info_of(arguments_view names, reply_builder& reply) {
  reply.array(names.size());
  for (const auto name : names) {
    const auto* spec = find_command(name);
    spec != nullptr ? describe(*spec, reply) : reply.null();
  }
}

void answer_all(reply_builder& reply) {
  reply.array(all_commands().size());
  for (const auto& spec : all_commands()) describe(spec, reply);
}

void answer_docs(arguments_view names, reply_builder& reply) {
  if (names.empty()) {
    reply.map(all_commands().size());
    for (const auto& spec : all_commands()) document(spec, reply);
    return;
  }
  std::size_t known = 0;
  for (const auto name : names) known += find_command(name) != nullptr;
  reply.map(known);
  for (const auto name : names)
    if (const auto* spec = find_command(name)) document(*spec, reply);
}

}  // namespace

void answer_command(arguments_view arguments, reply_builder& reply) {
  if (arguments.size() == 1) return answer_all(reply);
  const auto names = arguments.subspan(2);
  const auto is = [&](std::string_view name) { return equal_ignoring_case(arguments[1], name); };
  if (is("count")) return reply.integer(static_cast<std::int64_t>(all_commands().size()));
  if (is("docs")) return answer_docs(names, reply);
  if (is("info")) return names.empty() ? answer_all(reply) : answer_info_of(names, reply);
  if (is("list")) {
    reply.array(all_commands().size());
    for (const auto& spec : all_commands()) reply.bulk(spec.name);
    return;
  }
  reply.error(unknown_subcommand("COMMAND", arguments[1]));
}

}  // namespace bulwark::kv
