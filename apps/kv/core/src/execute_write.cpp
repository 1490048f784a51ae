// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "execute.hpp"

namespace bulwark::kv {

namespace {

constexpr std::string_view not_an_integer = "ERR value is not an integer or out of range";

/// A decimal 64-bit integer written the one canonical way, as Redis demands: no sign but '-', no leading
/// zeros, no blanks.
std::optional<std::int64_t> to_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  const bool negative = text.starts_with('-');
  const auto digits = text.substr(negative);
  if (digits[0] == '0' && (digits.size() > 1 || negative)) return std::nullopt;
  return number;
}

struct set_options {
  bool if_absent = false;
  bool if_present = false;
  bool return_old = false;
};

/// Reads what stands behind `SET key value`; on failure `error` says why.
std::optional<set_options> read_set_options(arguments_view words, std::string& error) {
  set_options options;
  for (const auto word : words) {
    const auto is = [word](std::string_view name) { return equal_ignoring_case(word, name); };
    constexpr std::array expiries{"ex", "px", "exat", "pxat"};
    if (is("nx")) {
      options.if_absent = true;
    } else if (is("xx")) {
      options.if_present = true;
    } else if (is("get")) {
      options.return_old = true;
    } else if (std::any_of(expiries.begin(), expiries.end(), is)) {
      error = "ERR SET with an expiry (EX, PX, EXAT, PXAT) is not supported yet";
      return std::nullopt;
    } else if (!is("keepttl")) {  // nothing expires yet: there is no time to live to keep
      error = "ERR syntax error";
      return std::nullopt;
    }
  }
  if (options.if_absent && options.if_present) {
    error = "ERR syntax error";
    return std::nullopt;
  }
  return options;
}

void set(keyspace& keys, arguments_view arguments, reply_builder& reply) {
  std::string error;
  const auto options = read_set_options(arguments.subspan(2), error);
  if (!options) return reply.error(error);
  const bool depends = options->if_absent || options->if_present || options->return_old;
  const auto* old = depends ? keys.find(arguments[0]) : nullptr;
  const bool wanted = old != nullptr ? !options->if_absent : !options->if_present;
  if (options->return_old)
    old != nullptr ? reply.bulk(old->value) : reply.null();
  else
    wanted ? reply.status("OK") : reply.null();
  if (wanted) keys.put(arguments[0], arguments[1]);
}

void setnx(keyspace& keys, arguments_view arguments, reply_builder& reply) {
  const bool absent = keys.find(arguments[0]) == nullptr;
  if (absent) keys.put(arguments[0], arguments[1]);
  reply.integer(absent);
}

void getset(keyspace& keys, arguments_view arguments, reply_builder& reply) {
  const auto* old = keys.find(arguments[0]);
  old != nullptr ? reply.bulk(old->value) : reply.null();
  keys.put(arguments[0], arguments[1]);
}

void getdel(keyspace& keys, arguments_view arguments, reply_builder& reply) {
  const auto* old = keys.find(arguments[0]);
  old != nullptr ? reply.bulk(old->value) : reply.null();
  keys.erase(arguments[0]);
}

void mset(keyspace& keys, arguments_view arguments, reply_builder& reply) {
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) keys.put(arguments[i], arguments[i + 1]);
  reply.status("OK");
}

void del(keyspace& keys, arguments_view names, reply_builder& reply) {
  std::int64_t count = 0;
  for (const auto name : names) count += keys.erase(name);
  reply.integer(count);
}

void append(keyspace& keys, arguments_view arguments, const batch_limits& limits, reply_builder& reply) {
  const auto* old = keys.find(arguments[0]);
  if (old != nullptr && old->value.size() + arguments[1].size() > limits.value_bytes_max)
    return reply.error("ERR string exceeds maximum allowed size (" + std::to_string(limits.value_bytes_max) +
                       " bytes)");
  reply.integer(static_cast<std::int64_t>(keys.append(arguments[0], arguments[1])));
}

void add(keyspace& keys, std::string_view key, std::int64_t difference, reply_builder& reply) {
  std::int64_t number = 0;
  if (const auto* old = keys.find(key)) {
    const auto current = to_integer(old->value);
    if (!current) return reply.error(not_an_integer);
    number = *current;
  }
  if (__builtin_add_overflow(number, difference, &number))
    return reply.error("ERR increment or decrement would overflow");
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  keys.put(key, {digits, static_cast<std::size_t>(end - digits)});
  reply.integer(number);
}

void add_argument(keyspace& keys, arguments_view arguments, bool negate, reply_builder& reply) {
  const auto difference = to_integer(arguments[1]);
  if (!difference) return reply.error(not_an_integer);
  if (negate && *difference == std::numeric_limits<std::int64_t>::min())
    return reply.error("ERR decrement would overflow");
  add(keys, arguments[0], negate ? -*difference : *difference, reply);
}

void cas(keyspace& keys, arguments_view arguments, reply_builder& reply) {
  const auto* old = keys.find(arguments[0]);
  const bool equal = old != nullptr && old->value == arguments[1];
  if (equal) keys.put(arguments[0], arguments[2]);
  reply.integer(equal);
}

/// Whether the bytes of the arguments still fit, however many of them the command will keep.
bool memory_suffices(const keyspace& keys, arguments_view arguments, const batch_limits& limits) {
  std::uint64_t needed = keys.bytes();
  for (const auto argument : arguments) needed += argument.size();
  return limits.memory_bytes_max == 0 || needed <= limits.memory_bytes_max;
}

}  // namespace

void execute_on_keys(keyspace& keys, const command_spec& spec, arguments_view arguments,
                     const batch_limits& limits, reply_builder& reply) {
  if (spec.kind == command_kind::read)
    execute_read(keys, spec.id, arguments, limits, reply);
  else
    execute_write(keys, spec, arguments, limits, reply);
}

void execute_write(keyspace& keys, const command_spec& spec, arguments_view arguments,
                   const batch_limits& limits, reply_builder& reply) {
  if (spec.grows && !memory_suffices(keys, arguments, limits))
    return reply.error("OOM command not allowed when used memory > 'maxmemory'.");
  switch (spec.id) {
    case command_id::set: return set(keys, arguments, reply);
    case command_id::setnx: return setnx(keys, arguments, reply);
    case command_id::getset: return getset(keys, arguments, reply);
    case command_id::getdel: return getdel(keys, arguments, reply);
    case command_id::mset: return mset(keys, arguments, reply);
    case command_id::del: return del(keys, arguments, reply);
    case command_id::append: return append(keys, arguments, limits, reply);
    case command_id::incr: return add(keys, arguments[0], 1, reply);
    case command_id::decr: return add(keys, arguments[0], -1, reply);
    case command_id::incrby: return add_argument(keys, arguments, false, reply);
    case command_id::decrby: return add_argument(keys, arguments, true, reply);
    case command_id::cas: return cas(keys, arguments, reply);
    default: return reply.error("ERR not a write");
  }
}

}  // namespace bulwark::kv
