// SPDX-License-Identifier: BSD-3-Clause
#include "session_clients.hpp"

#include <algorithm>
#include <utility>

namespace bulwark::test {

using namespace std::chrono_literals;
using consensus::outcome;

session_clients::session_clients(std::uint64_t seed, world around, statistics& seen, violations& found)
    : random_{seed}, around_{std::move(around)}, seen_{seen}, violations_{found} {}

duration session_clients::some(duration most) {
  return duration{static_cast<duration::rep>(random_.next01() * static_cast<double>(most.count()))};
}

void session_clients::start() {
  for (std::size_t i = 0; i < clients_.size(); ++i) around_.at(some(500ms), [this, i] { next(i); });
}

void session_clients::next(std::size_t client) {
  if (stopping_) return;
  ++clients_[client].number;
  clients_[client].open = true;
  attempt(client);
}

void session_clients::attempt(std::size_t client) {
  auto& who = clients_[client];
  who.attempt = ++attempts_;
  // Each attempt is a command of its own for the group, the same one for the session.
  const auto payload = "#" + std::to_string(client) + " " + std::to_string(who.number) + " " +
                       std::to_string(around_.unix_ms()) + " " + std::to_string(attempts_);
  around_.at(20ms + some(1s), [this, client, mine = who.attempt] {
    if (!clients_[client].open || clients_[client].attempt != mine) return;
    seen_.count(happening::session_repeated);
    attempt(client);
  });
  around_.submit(client, who.number, payload);
}

void session_clients::answered(std::size_t client, std::uint64_t number, outcome result,
                               const std::string& reply) {
  auto& who = clients_[client];
  if (result != outcome::done || number < who.number) return;  // the timer repeats it; an old answer is late
  if (reply != std::to_string(number)) {
    // An attempt that is late comes behind the answer of another one only once that was given.
    return violations_.add("command " + std::to_string(number) + " of session " + std::to_string(client) +
                           " got the reply \"" + reply + "\"");
  }
  if (!std::exchange(who.open, false)) return;
  seen_.count(happening::session_done);
  around_.at(some(400ms), [this, client] { next(client); });
}

bool session_clients::idle() const {
  return std::none_of(clients_.begin(), clients_.end(), [](const one_client& who) { return who.open; });
}

std::vector<std::uint64_t> session_clients::counted() const {
  std::vector<std::uint64_t> result;
  for (const auto& who : clients_) result.push_back(who.number - (who.open ? 1 : 0));
  return result;
}

}  // namespace bulwark::test
