// SPDX-License-Identifier: BSD-3-Clause
#include "stale_words.hpp"

#include <charconv>
#include <cstdint>

#include "bulwark/consensus/core/messages.hpp"
#include "bulwark/kv/core/commands.hpp"

namespace bulwark::kv {

std::optional<std::chrono::milliseconds> to_age(std::string_view text) {
  std::int64_t number = 0;
  const auto* const end = text.data() + text.size();
  const auto [stopped, code] = std::from_chars(text.data(), end, number);
  if (code != std::errc{} || stopped != end || number < 0 || number > consensus::age_limit_max.count())
    return std::nullopt;
  return std::chrono::milliseconds{number};
}

std::string fault_of_stale(std::span<const std::string_view> words) {
  if (!to_age(words[1]))
    return "ERR the age that a stale read may have must be an integer of milliseconds from 0 to " +
           std::to_string(consensus::age_limit_max.count());
  const auto inner = words.subspan(2);
  const auto* spec = find_command(inner[0]);
  if (spec == nullptr) return unknown_command(inner);
  if (spec->kind != command_kind::read || spec->id == command_id::stale)
    return "ERR STALE runs commands that only read keys, not '" + std::string{spec->name} + "'";
  if (!arity_fits(*spec, inner.size())) return wrong_arity(*spec);
  return {};
}

}  // namespace bulwark::kv
