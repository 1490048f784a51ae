// SPDX-License-Identifier: BSD-3-Clause
#include "session_words.hpp"

#include <charconv>
#include <limits>

namespace bulwark::kv {

std::optional<std::uint64_t> to_session_number(std::string_view text) {
  std::int64_t number = 0;
  const auto* const end = text.data() + text.size();
  const auto [stopped, code] = std::from_chars(text.data(), end, number);
  if (code != std::errc{} || stopped != end || number < 1) return std::nullopt;
  return static_cast<std::uint64_t>(number);
}

std::string fault_of_inner(const command_spec* spec, std::span<const std::string_view> words) {
  if (spec == nullptr) return unknown_command(words);
  if (spec->kind == command_kind::local || spec->id == command_id::session || spec->id == command_id::stale)
    return "ERR SESSION runs commands on keys, not '" + std::string{spec->name} + "'";
  if (!arity_fits(*spec, words.size())) return wrong_arity(*spec);
  return {};
}

std::string fault_of_numbering(std::span<const std::string_view> words) {
  if (words[1].empty() || words[1].size() > session_name_bytes_max)
    return "ERR the name of a session must have 1 to " + std::to_string(session_name_bytes_max) + " bytes";
  if (!to_session_number(words[2]))
    return "ERR the number of a command in a session must be an integer from 1 to " +
           std::to_string(std::numeric_limits<std::int64_t>::max());
  return {};
}

std::string fault_of_session(std::span<const std::string_view> words) {
  if (auto fault = fault_of_numbering(words); !fault.empty()) return fault;
  const auto inner = words.subspan(3);
  const auto* spec = find_command(inner[0]);
  if (spec != nullptr && spec->id == command_id::exec) return "ERR EXEC without MULTI";
  return fault_of_inner(spec, inner);
}

}  // namespace bulwark::kv
