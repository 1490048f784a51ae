// SPDX-License-Identifier: BSD-3-Clause
#include "checked_state.hpp"

#include <charconv>
#include <chrono>
#include <thread>
#include <type_traits>
#include <utility>

namespace bulwark::load {

namespace {

/// Keys hold a number, and registers some padding after a colon. An absent key is 0; anything else is no
/// number of ours.
constexpr std::uint64_t not_ours = ~std::uint64_t{0};

constexpr std::size_t notes_max = 20;

/// Between two attempts, so that a cluster without a leader is not flooded.
constexpr auto rest_between = std::chrono::milliseconds(10);

std::uint64_t number_in(const reply& value) {
  if (value.is_nil()) return 0;
  std::uint64_t number = 0;
  const auto* begin = value.text.data();
  const auto* end = begin + value.text.size();
  const auto [stop, error] = std::from_chars(begin, end, number);
  if (error != std::errc{} || (stop != end && *stop != ':')) return not_ours;
  return number;
}

}  // namespace

checked_state::checked_state(load_options given)
    : options(std::move(given)), watch(std::chrono::steady_clock::now()) {
  const auto& prefix = options.prefix;
  for (std::size_t i = 0; i < options.clients * options.registers_per_client; ++i) {
    registers.emplace_back(prefix + "register:" + std::to_string(i));
  }
  for (std::size_t i = 0; i < options.counters; ++i)
    counters.emplace_back(prefix + "counter:" + std::to_string(i));
  for (std::size_t i = 0; i < options.chains; ++i) chains.emplace_back(prefix + "chain:" + std::to_string(i));
}

client_options checked_state::connection(std::size_t first) const {
  return {.endpoints = options.endpoints,
          .first = first,
          .connect_timeout = options.connect_timeout,
          .request_timeout = options.request_timeout};
}

call_result checked_state::call(client& through, std::initializer_list<std::string_view> arguments,
                                bool write) {
  using std::chrono::steady_clock;
  const auto begun = steady_clock::now();
  for (std::size_t attempt = 1;; ++attempt) {
    const auto* const asked = &through.current();
    const auto sent = steady_clock::now();
    auto result = through.call(arguments);
    const auto finished = steady_clock::now();
    // Some failures have it move on by itself.
    if (!result.done() && &through.current() == asked) through.move_on();
    const bool elsewhere = result.what == outcome::refused && result.expected;
    if (!elsewhere || attempt >= options.attempts || finished - begun >= options.retry_for) {
      count(result, sent, finished, write);
      return result;
    }
    {
      const std::lock_guard lock(guard);
      ++totals.retried;
    }
    std::this_thread::sleep_for(rest_between);
  }
}

void checked_state::count(const call_result& result, instant sent, instant finished, bool write) {
  if (write && result.done()) watch.add(sent, finished);
  const std::lock_guard lock(guard);
  switch (result.what) {
    case outcome::done:
      ++totals.done;
      (write ? writes : reads).add(finished - sent);
      break;
    case outcome::refused: ++totals.refused; break;
    case outcome::unknown: ++totals.unknown; break;
  }
  if (!result.done() && failures.size() < notes_max)
    failures.push_back(std::string(to_string(result.what)) + ": " + result.error);
  if (!result.expected) {
    ++totals.unexpected;
    if (findings.size() < notes_max) findings.push_back("unexpected: " + result.error);
  }
}

void checked_state::report(const std::string& key, const violation& found) {
  const std::lock_guard lock(guard);
  switch (found.kind) {
    case fault_kind::lost: totals.lost += found.count; break;
    case fault_kind::stale: totals.stale += found.count; break;
    case fault_kind::phantom: totals.phantom += found.count; break;
    case fault_kind::torn: totals.torn += found.count; break;
  }
  if (findings.size() < notes_max)
    findings.push_back(std::string(to_string(found.kind)) + ": " + key + ": " + found.detail);
}

std::optional<reply> checked_state::get(client& through, const std::string& key) {
  auto result = call(through, {"GET", key}, false);
  if (!result.done()) return std::nullopt;
  return std::move(result.answer);
}

template <class Model>
bool checked_state::check(client& through, checked_key<Model>& key) {
  std::optional<violation> missed;
  for (int attempt = 0; attempt < 2; ++attempt) {
    read_token token;
    {
      const std::lock_guard lock(key.guard);
      token = key.model.begin_read();
    }
    const auto value = get(through, key.name);
    if (!value) {
      // Seen once and not confirmed: not a loss for sure, but a read that went back in any case.
      if (missed) missed->kind = fault_kind::stale;
      if (missed) report(key.name, *missed);
      return false;
    }
    const std::lock_guard lock(key.guard);
    const auto number = number_in(*value);
    const auto found = key.model.end_read(token, number);
    if (!found) {
      if (!missed) return true;
      missed->kind = fault_kind::stale;
      report(key.name, *missed);
      return true;
    }
    if (found->kind != fault_kind::lost || attempt == 1) {
      report(key.name, *found);
      if (found->kind == fault_kind::lost) key.model.accept_loss(number);
      return true;
    }
    missed = found;
  }
  return true;
}

template bool checked_state::check(client&, checked_key<register_model>&);
template bool checked_state::check(client&, checked_key<counter_model>&);
template bool checked_state::check(client&, checked_key<chain_model>&);

}  // namespace bulwark::load
