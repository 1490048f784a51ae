// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/load/suspicions.hpp"

#include <charconv>
#include <optional>

namespace bulwark::load {

namespace {

/// The number in these characters of a line; nothing if they are not all digits.
std::optional<unsigned> digits(std::string_view line, std::size_t at, std::size_t count) {
  if (line.size() < at + count) return std::nullopt;
  unsigned value = 0;
  const auto* const end = line.data() + at + count;
  const auto [stop, error] = std::from_chars(line.data() + at, end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

/// "2026-11-28T07:39:07.393Z" at the beginning of a line.
std::optional<std::chrono::sys_time<std::chrono::milliseconds>> time_of(std::string_view line) {
  const auto year = digits(line, 0, 4);
  const auto month = digits(line, 5, 2);
  const auto day = digits(line, 8, 2);
  const auto hour = digits(line, 11, 2);
  const auto minute = digits(line, 14, 2);
  const auto second = digits(line, 17, 2);
  const auto milli = digits(line, 20, 3);
  if (!year || !month || !day || !hour || !minute || !second || !milli) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(*month), std::chrono::day(*day)};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second) + std::chrono::milliseconds(*milli);
}

std::optional<suspicion> suspicion_in(std::string_view line) {
  constexpr std::string_view who = " heartbeats: ";
  constexpr std::string_view is = " is ";
  constexpr std::string_view was_up = ", was up;";
  const auto begin = line.find(who);
  const auto middle = line.find(is, begin == std::string_view::npos ? line.size() : begin);
  const auto end = line.find(was_up, middle == std::string_view::npos ? line.size() : middle);
  const auto at = time_of(line);
  if (end == std::string_view::npos || !at) return std::nullopt;
  const auto peer = begin + who.size();
  const auto state = middle + is.size();
  return suspicion{.at = *at,
                   .peer = std::string(line.substr(peer, middle - peer)),
                   .state = std::string(line.substr(state, end - state))};
}

}  // namespace

std::vector<suspicion> suspicions_in(std::string_view log) {
  std::vector<suspicion> all;
  for (auto end = log.find('\n'); end != std::string_view::npos; end = log.find('\n')) {
    if (auto found = suspicion_in(log.substr(0, end))) all.push_back(*std::move(found));
    log.remove_prefix(end + 1);
  }
  return all;
}

}  // namespace bulwark::load
