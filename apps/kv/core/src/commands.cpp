// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/kv/core/commands.hpp"

#include <algorithm>
#include <array>

namespace bulwark::kv {

namespace {

using enum command_kind;
using id = command_id;

// clang-format off
constexpr std::array table{
    //            name      id             kind   arity keys        grows  returns_values
    command_spec{"append",  id::append,    write, 3,    1, 1, 1,    true,  false, "Appends to the value of a key"},
    command_spec{"auth",    id::auth,      local, -2,   0, 0, 0,    false, false, "Authenticates the connection"},
    command_spec{"cas",     id::cas,       write, 4,    1, 1, 1,    true,  false, "Sets a key if it has the expected value"},
    command_spec{"client",  id::client,    local, -2,   0, 0, 0,    false, false, "Looks at client connections, and names this one"},
    command_spec{"command", id::command,   local, -1,   0, 0, 0,    false, false, "Describes the commands"},
    command_spec{"config",  id::config,    local, -2,   0, 0, 0,    false, false, "Looks at the configuration"},
    command_spec{"dbsize",  id::dbsize,    read,  1,    0, 0, 0,    false, false, "Counts the keys"},
    command_spec{"decr",    id::decr,      write, 2,    1, 1, 1,    true,  false, "Subtracts one from the integer value of a key"},
    command_spec{"decrby",  id::decrby,    write, 3,    1, 1, 1,    true,  false, "Subtracts from the integer value of a key"},
    command_spec{"del",     id::del,       write, -2,   1, -1, 1,   false, false, "Deletes keys"},
    command_spec{"discard", id::discard,   local, 1,    0, 0, 0,    false, false, "Forgets the transaction, and what is watched"},
    command_spec{"echo",    id::echo,      local, 2,    0, 0, 0,    false, false, "Returns its argument"},
    command_spec{"exec",    id::exec,      local, 1,    0, 0, 0,    false, true,  "Runs the transaction, unless a watched key has changed"},
    command_spec{"exists",  id::exists,    read,  -2,   1, -1, 1,   false, false, "Counts which of the keys exist"},
    command_spec{"get",     id::get,       read,  2,    1, 1, 1,    false, true,  "Returns the value of a key"},
    command_spec{"getdel",  id::getdel,    write, 2,    1, 1, 1,    false, true,  "Returns the value of a key and deletes it"},
    command_spec{"getset",  id::getset,    write, 3,    1, 1, 1,    true,  true,  "Sets a key and returns its old value"},
    command_spec{"hello",   id::hello,     local, -1,   0, 0, 0,    false, false, "Agrees on the protocol"},
    command_spec{"incr",    id::incr,      write, 2,    1, 1, 1,    true,  false, "Adds one to the integer value of a key"},
    command_spec{"incrby",  id::incrby,    write, 3,    1, 1, 1,    true,  false, "Adds to the integer value of a key"},
    command_spec{"info",    id::info,      local, -1,   0, 0, 0,    false, false, "Describes the node"},
    command_spec{"mget",    id::mget,      read,  -2,   1, -1, 1,   false, true,  "Returns the values of keys"},
    command_spec{"mset",    id::mset,      write, -3,   1, -1, 2,   true,  false, "Sets keys, all or none"},
    command_spec{"multi",   id::multi,     local, 1,    0, 0, 0,    false, false, "Begins a transaction"},
    command_spec{"ping",    id::ping,      local, -1,   0, 0, 0,    false, false, "Checks the connection"},
    command_spec{"quit",    id::quit,      local, -1,   0, 0, 0,    false, false, "Closes the connection"},
    command_spec{"reset",   id::reset,     local, 1,    0, 0, 0,    false, false, "Makes the connection as new"},
    command_spec{"revision", id::revision, read,  -2,   1, -1, 1,   false, true,  "Returns the revisions at which keys were last changed"},
    command_spec{"role",    id::role,      local, 1,    0, 0, 0,    false, false, "Tells whether the node leads"},
    command_spec{"select",  id::select,    local, 2,    0, 0, 0,    false, false, "Chooses database 0, the only one"},
    command_spec{"session", id::session,   write, -4,   0, 0, 0,    false, true,  "Runs a numbered command once, however often it comes"},
    command_spec{"set",     id::set,       write, -3,   1, 1, 1,    true,  true,  "Sets a key"},
    command_spec{"setnx",   id::setnx,     write, 3,    1, 1, 1,    true,  false, "Sets a key that does not exist"},
    command_spec{"stale",   id::stale,     read,  -3,   0, 0, 0,    false, true,  "Runs a read that may be old, and says how old"},
    command_spec{"strlen",  id::strlen,    read,  2,    1, 1, 1,    false, false, "Returns the length of the value of a key"},
    command_spec{"unwatch", id::unwatch,   local, 1,    0, 0, 0,    false, false, "Forgets what is watched"},
    command_spec{"watch",   id::watch,     local, -2,   1, -1, 1,   false, false, "Lets EXEC run only if the keys stay as they are"},
    command_spec{"watchat", id::watchat,   local, -3,   1, -1, 2,   false, false, "Lets EXEC run only if the keys have these revisions"},
};
// clang-format on

static_assert(std::is_sorted(table.begin(), table.end(),
                             [](const auto& a, const auto& b) { return a.name < b.name; }));

/// Not among the others: clients cannot call it by name.
constexpr command_spec transaction_row{
    "transaction", id::transaction, write, -2, 0, 0, 0, false, true, "Runs commands, all or none"};

constexpr std::size_t name_bytes_max = 16;
constexpr std::size_t quoted_bytes_max = 128;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Rows of reads and writes by number, so that the state machine finds them at once.
constexpr auto rows_by_id = [] {
  std::array<const command_spec*, 64> rows{};
  for (const auto& spec : table)
    if (spec.kind != local) rows[static_cast<std::size_t>(spec.id)] = &spec;
  rows[static_cast<std::size_t>(id::transaction)] = &transaction_row;
  return rows;
}();

}  // namespace

std::span<const command_spec> all_commands() { return table; }

const command_spec* find_command(std::string_view name) {
  if (name.size() > name_bytes_max) return nullptr;
  char buffer[name_bytes_max];
  std::transform(name.begin(), name.end(), buffer, lower);
  const std::string_view wanted{buffer, name.size()};
  const auto found =
      std::lower_bound(table.begin(), table.end(), wanted,
                       [](const command_spec& row, std::string_view n) { return row.name < n; });
  return found != table.end() && found->name == wanted ? &*found : nullptr;
}

const command_spec* find_command(command_id wanted) {
  const auto index = static_cast<std::size_t>(wanted);
  return index < rows_by_id.size() ? rows_by_id[index] : nullptr;
}

bool arity_fits(const command_spec& spec, std::size_t arguments) {
  const auto given = static_cast<long>(arguments);
  if (spec.arity < 0 ? given < -spec.arity : given != spec.arity) return false;
  switch (spec.id) {
    case id::mset:
    case id::watchat: return given % 2 == 1;
    case id::ping: return given <= 2;
    case id::auth: return given <= 3;
    default: return true;
  }
}

std::string wrong_arity(const command_spec& spec) {
  return "ERR wrong number of arguments for '" + std::string{spec.name} + "' command";
}

std::string unknown_command(std::span<const std::string_view> arguments) {
  std::string quoted;
  for (const auto argument : arguments.subspan(1)) {
    if (quoted.size() >= quoted_bytes_max) break;
    quoted.append("'").append(argument.substr(0, quoted_bytes_max - quoted.size())).append("' ");
  }
  return "ERR unknown command '" + std::string{arguments[0].substr(0, quoted_bytes_max)} +
         "', with args beginning with: " + quoted;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace bulwark::kv
