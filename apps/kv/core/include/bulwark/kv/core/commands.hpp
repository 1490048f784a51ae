// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bulwark::kv {

/// Every command. The numbers of reads and writes are part of the log format: never change or reuse one.
enum class command_id : std::uint8_t {
  get = 1,
  set = 2,
  setnx = 3,
  getset = 4,
  getdel = 5,
  mget = 6,
  mset = 7,
  del = 8,
  exists = 9,
  strlen = 10,
  append = 11,
  incr = 12,
  decr = 13,
  incrby = 14,
  decrby = 15,
  cas = 16,
  dbsize = 17,
  session = 18,
  stale = 19,  // never logged, nor asked of the machine: the read behind it is
  revision = 20,
  transaction = 21,  // what EXEC becomes; has no name for clients

  // answered by the session, so never logged
  ping = 200,
  echo,
  quit,
  hello,
  auth,
  select,
  client,
  command,
  config,
  info,
  role,
  reset,
  multi,
  exec,
  discard,
  watch,
  watchat,
  unwatch,
};

enum class command_kind : std::uint8_t {
  read,   ///< looks at the keys: linearizable, without a log entry
  write,  ///< may change keys: goes through the log
  local,  ///< concerns the connection or the node only
};

/// One row of the table of commands.
struct command_spec {
  std::string_view name;  ///< lower case
  command_id id;
  command_kind kind;
  int arity;                    ///< number of arguments with the name; -n means at least n
  int first_key = 0;            ///< position of the first key; 0 if there are no keys
  int last_key = 0;             ///< of the last key; -1 means the last argument
  int key_step = 0;             ///< distance between keys
  bool grows = false;           ///< may use more memory: refused when memory is used up
  bool returns_values = false;  ///< its reply may be large
  std::string_view summary;
};

/// All commands that clients know, ascending by name.
std::span<const command_spec> all_commands();

/// The command with this name in any case, or nullptr.
const command_spec* find_command(std::string_view name);

/// The read or write with this number, or nullptr if there is none.
const command_spec* find_command(command_id id);

/// Whether a command with so many arguments (its name included) is well-formed.
bool arity_fits(const command_spec& spec, std::size_t arguments);

/// "ERR wrong number of arguments for 'get' command".
std::string wrong_arity(const command_spec& spec);

/// "ERR unknown command 'x', with args beginning with: ...", cut as Redis does. @pre !arguments.empty()
std::string unknown_command(std::span<const std::string_view> arguments);

/// Calls `what(position)` for each key among the words of a command. @pre the arity fits
template <class What>
void for_each_key(const command_spec& spec, std::span<const std::string_view> words, What what) {
  if (spec.first_key == 0) return;
  const auto last = spec.last_key < 0 ? words.size() - 1 : static_cast<std::size_t>(spec.last_key);
  for (auto i = static_cast<std::size_t>(spec.first_key); i <= last;
       i += static_cast<std::size_t>(spec.key_step))
    what(i);
}

/// Whether two texts are equal but for the case of ASCII letters.
bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace bulwark::kv
