// SPDX-License-Identifier: BSD-3-Clause
#include "scripts.hpp"

#include "bulwark/kv/core/commands.hpp"
#include "bulwark/kv/core/request_parser.hpp"

namespace bulwark::kv {

void add_words(batch_writer& batch, std::string_view line) {
  std::vector<std::string> words;
  split_inline(line, words);
  const std::vector<std::string_view> arguments{words.begin() + 1, words.end()};
  batch.add(find_command(words[0])->id, arguments);
}

std::vector<std::string> transaction_of(const watched_keys& watched,
                                        const std::vector<std::string>& commands) {
  std::vector<std::string> all{std::to_string(watched.size())};
  for (const auto& [key, revision] : watched) {
    all.emplace_back(key);
    all.push_back(std::to_string(revision));
  }
  for (const auto& command : commands) {
    std::vector<std::string> words;
    split_inline(command, words);
    all.push_back(std::to_string(words.size()));
    all.insert(all.end(), words.begin(), words.end());
  }
  return all;
}

void add_transaction(batch_writer& batch, const std::vector<std::string>& arguments, std::string_view session,
                     std::uint64_t number) {
  const auto numbered = std::to_string(number);
  std::vector<std::string_view> words;
  if (!session.empty()) words.assign({session, numbered, "1000", "transaction"});
  words.insert(words.end(), arguments.begin(), arguments.end());
  batch.add(session.empty() ? command_id::transaction : command_id::session, words);
}

std::string rendered(std::string_view answer, protocol spoken) {
  std::size_t executed = 0;
  if (!read_executed(answer, executed)) return "malformed";
  std::string out;
  for (std::size_t i = 0; i < executed; ++i)
    if (!render(answer, spoken, out)) return "malformed";
  return answer.empty() ? out : "more than was executed";
}

std::string random_command(std::mt19937& random) {
  static constexpr std::string_view keys[] = {"a", "b", "c", "\"key with \\x00 and \\r\\n\"", "''"};
  static constexpr std::string_view values[] = {"1",
                                                "-1",
                                                "text",
                                                "''",
                                                "9223372036854775807",
                                                "-9223372036854775808",
                                                "007",
                                                "\" 1\"",
                                                "1.5",
                                                "\"\\xff\\x00\"",
                                                "12345678901234567890123"};
  static constexpr std::string_view options[] = {"",       "",       "nx",    "XX",      "get",
                                                 "nx get", "XX GET", "nx xx", "keepttl", "wrong"};
  const auto pick = [&](const auto& from) { return std::string{from[random() % std::size(from)]}; };
  const auto k = [&] { return " " + pick(keys); };
  const auto v = [&] { return " " + pick(values); };
  switch (random() % 18) {
    case 0: return "get" + k();
    case 1: return "SET" + k() + v() + " " + pick(options);
    case 2: return "setnx" + k() + v();
    case 3: return "GetSet" + k() + v();
    case 4: return "getdel" + k();
    case 5: return "mget" + k() + k() + k();
    case 6: return "mset" + k() + v() + k() + v();
    case 7: return "del" + k() + k();
    case 8: return "exists" + k() + k() + k();
    case 9: return "strlen" + k();
    case 10: return "append" + k() + v();
    case 11: return "incr" + k();
    case 12: return "decr" + k();
    case 13: return "incrby" + k() + v();
    case 14: return "decrby" + k() + v();
    case 15: return "dbsize";
    case 16: return "set" + k() + v();
    default: return "mset" + k() + v() + k();  // an argument is missing
  }
}

std::string multibulk(std::string_view line) {
  std::vector<std::string> words;
  split_inline(line, words);
  std::string out = "*" + std::to_string(words.size()) + "\r\n";
  for (const auto& word : words) out += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return out;
}

}  // namespace bulwark::kv
