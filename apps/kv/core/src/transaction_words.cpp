// SPDX-License-Identifier: BSD-3-Clause
#include "transaction_words.hpp"

#include <charconv>

namespace bulwark::kv {

namespace {

/// Takes the next number and twice as many words, or as many; false if there are fewer.
bool take_count(std::span<const std::string_view>& from, std::size_t words_each, std::size_t& count) {
  std::uint64_t number = 0;
  if (from.empty() || !to_revision(from[0], number)) return false;
  from = from.subspan(1);
  if (number > from.size() / words_each) return false;
  count = static_cast<std::size_t>(number);
  return true;
}

bool read_watched(std::span<const std::string_view>& from, std::vector<watched_key>& watched) {
  std::size_t count = 0;
  if (!take_count(from, 2, count)) return false;
  for (; count > 0; --count, from = from.subspan(2)) {
    watched_key one{from[0], 0};
    if (!to_revision(from[1], one.revision)) return false;
    watched.push_back(one);
  }
  return true;
}

}  // namespace

bool to_revision(std::string_view text, std::uint64_t& revision) {
  std::int64_t number = 0;
  const auto* const end = text.data() + text.size();
  const auto [stopped, code] = std::from_chars(text.data(), end, number);
  if (code != std::errc{} || stopped != end || number < 0) return false;
  revision = static_cast<std::uint64_t>(number);
  return true;
}

std::string fault_of_queued(const command_spec* spec, std::span<const std::string_view> words) {
  if (spec == nullptr) return unknown_command(words);
  if (spec->kind == command_kind::local || spec->id == command_id::session || spec->id == command_id::stale)
    return "ERR MULTI runs commands on keys, not '" + std::string{spec->name} + "'";
  if (!arity_fits(*spec, words.size())) return wrong_arity(*spec);
  return {};
}

std::string read_transaction(std::span<const std::string_view> arguments, transaction_words& into) {
  constexpr std::string_view malformed = "ERR a malformed transaction came";
  if (!read_watched(arguments, into.watched)) return std::string{malformed};
  while (!arguments.empty()) {
    std::size_t count = 0;
    if (!take_count(arguments, 1, count) || count == 0) return std::string{malformed};
    const auto words = arguments.first(count);
    arguments = arguments.subspan(count);
    const auto* spec = find_command(words[0]);
    if (auto fault = fault_of_queued(spec, words); !fault.empty()) return fault;
    into.commands.push_back({spec, words});
  }
  return {};
}

}  // namespace bulwark::kv
