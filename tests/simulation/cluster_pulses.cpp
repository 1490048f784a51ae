// SPDX-License-Identifier: BSD-3-Clause
// The heartbeats of processes, which the replicas of quiet groups go by.
#include "simulated_cluster.hpp"

namespace bulwark::test {

using namespace consensus;
using namespace std::chrono_literals;

void simulated_cluster::start_pulses() {
  for (std::size_t i = 0; i < size(); ++i) at(draw(options_.replica.interval), [this, i] { pulse(i); });
}

void simulated_cluster::pulse(std::size_t which) {
  at(options_.replica.interval, [this, which] { pulse(which); });
  const bool runs = is_up(which) && around_[which].paused_until <= now_ && !around_[which].frozen;
  if (!runs) return;
  for (std::size_t peer = 0; peer < size(); ++peer) {
    if (peer == which || cuts_.count({which, peer}) > 0 || random_.next01() < options_.loss) continue;
    at(draw(options_.delay_max), [this, peer, which] { hear(peer, which); });
  }
  in_life(which, 0s, [this](member& m) { look_for_silence(m); });
}

void simulated_cluster::hear(std::size_t which, std::size_t peer) {
  in_life(which, 0s, [this, peer](member& m) {
    auto& heard = pulses_[{index_of(m.id()), peer}];
    const bool was_silent = heard.silent && heard.life == m.life();
    heard = {m.life(), now_, false};
    if (was_silent) m.step(peer_silence{members_[peer]->id(), false}, clock_of(m));
  });
}

void simulated_cluster::look_for_silence(member& m) {
  const auto which = index_of(m.id());
  for (std::size_t peer = 0; peer < size() && m.is_up(); ++peer) {
    if (peer == which) continue;
    auto& heard = pulses_[{which, peer}];
    if (heard.life != m.life()) heard = {m.life(), now_, false};
    if (heard.silent || now_ - heard.at <= options_.replica.interval + options_.replica.timeout) continue;
    heard.silent = true;
    if (m.core().status().quiet) statistics_.count(happening::woken_by_silence);
    m.step(peer_silence{members_[peer]->id(), true}, clock_of(m));
  }
}

std::string simulated_cluster::restlessness() const {
  for (const auto& one : members_)
    if (one->is_up() && !one->core().status().quiet) return to_string(one->id()) + " is awake";
  return {};
}

bool simulated_cluster::is_led() const {
  std::set<ballot> followed;
  for (const auto& one : members_)
    if (one->is_up()) followed.insert(one->core().status().leader);
  return followed.size() == 1 && *followed.begin() != ballot{} && is_up(index_of(followed.begin()->node));
}

}  // namespace bulwark::test
