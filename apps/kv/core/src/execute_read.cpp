// SPDX-License-Identifier: BSD-3-Clause
#include "execute.hpp"

namespace bulwark::kv {

namespace {

void mget(const keyspace& keys, arguments_view names, const batch_limits& limits, reply_builder& reply) {
  std::size_t bytes = 0;
  for (const auto name : names)
    if (const auto* found = keys.find(name)) bytes += found->value.size();
  if (bytes > limits.reply_bytes_max)
    return reply.error("ERR reply of " + std::to_string(bytes) + " bytes exceeds " +
                       std::to_string(limits.reply_bytes_max) + " bytes: ask for fewer keys at once");
  reply.array(names.size());
  for (const auto name : names) {
    const auto* found = keys.find(name);
    found != nullptr ? reply.bulk(found->value) : reply.null();
  }
}

std::int64_t count_existing(const keyspace& keys, arguments_view names) {
  std::int64_t count = 0;
  for (const auto name : names) count += keys.find(name) != nullptr;
  return count;
}

void revisions(const keyspace& keys, arguments_view names, reply_builder& reply) {
  reply.array(names.size());
  for (const auto name : names) {
    const auto* found = keys.find(name);
    reply.integer(found != nullptr ? static_cast<std::int64_t>(found->revision) : 0);
  }
}

}  // namespace

void execute_read(const keyspace& keys, command_id id, arguments_view arguments, const batch_limits& limits,
                  reply_builder& reply) {
  switch (id) {
    case command_id::get: {
      const auto* found = keys.find(arguments[0]);
      return found != nullptr ? reply.bulk(found->value) : reply.null();
    }
    case command_id::strlen: {
      const auto* found = keys.find(arguments[0]);
      return reply.integer(found != nullptr ? static_cast<std::int64_t>(found->value.size()) : 0);
    }
    case command_id::mget: return mget(keys, arguments, limits, reply);
    case command_id::exists: return reply.integer(count_existing(keys, arguments));
    case command_id::revision: return revisions(keys, arguments, reply);
    case command_id::dbsize: return reply.integer(static_cast<std::int64_t>(keys.size()));
    default: return reply.error("ERR not a read");
  }
}

}  // namespace bulwark::kv
