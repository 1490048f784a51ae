// SPDX-License-Identifier: BSD-3-Clause
#include "history_checker.hpp"

#include <algorithm>

namespace bulwark::test {

using namespace consensus;

history_checker::operation history_checker::begin(request_kind kind, std::string key, std::string written) {
  operation what{kind, std::move(key), std::move(written), 0};
  what.floor = ended_[what.key];
  if (kind == request_kind::write) writes_[what.key + " " + what.written].floor = what.floor;
  return what;
}

void history_checker::follow_log() {
  for (const auto& payload : agreement_.take_new_commands()) {
    auto& fate = writes_[payload];
    fate.place = ++place_;
    fate.before = model_.apply(payload);
    if (fate.denied) violations_.add("write \"" + payload + "\" was denied, and is chosen");
    if (fate.place <= fate.floor)
      violations_.add("write \"" + payload + "\" is ordered before one that had ended");
  }
}

void history_checker::end(const operation& what, outcome result, const std::string& reply) {
  follow_log();
  if (result == outcome::done)
    return what.kind == request_kind::write ? end_write(what, reply) : end_read(what, reply);
  if (what.kind != request_kind::write || result == outcome::unknown) return;
  const auto payload = what.key + " " + what.written;
  writes_[payload].denied = true;
  if (agreement_.place_of(payload) != slot::none)
    violations_.add("write \"" + payload + "\" is chosen, and was denied");
}

void history_checker::end_write(const operation& what, const std::string& reply) {
  const auto payload = what.key + " " + what.written;
  const auto& fate = writes_[payload];
  if (fate.place == 0)
    return violations_.add("write \"" + payload + "\" was acknowledged, and is not chosen");
  if (fate.before != reply)
    violations_.add("write \"" + payload + "\" got the reply \"" + reply + "\" instead of \"" + fate.before +
                    "\"");
  ended_[what.key] = std::max(ended_[what.key], fate.place);
}

void history_checker::end_read(const operation& what, const std::string& reply) {
  const auto place = reply.empty() ? 0 : writes_[what.key + " " + reply].place;
  if (!reply.empty() && place == 0)
    return violations_.add("a read returned \"" + reply + "\", which is not chosen");
  if (place < what.floor)
    violations_.add("stale read of " + what.key + ": \"" + reply + "\" at " + std::to_string(place) +
                    ", expected at least " + std::to_string(what.floor));
  ended_[what.key] = std::max(ended_[what.key], place);
}

}  // namespace bulwark::test
