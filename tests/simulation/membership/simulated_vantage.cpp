// SPDX-License-Identifier: BSD-3-Clause
#include "simulated_vantage.hpp"

#include <algorithm>
#include <utility>

namespace bulwark::test {

simulated_vantage::simulated_vantage(membership_world& world, std::uint32_t number)
    : world_{world}, number_{number}, detector_{world.options().detector, {}, world.now()} {}

void simulated_vantage::look(const std::vector<std::uint32_t>* live) {
  vantage::seen seen{.leads = world_.leads(number_)};
  std::vector<std::uint32_t> wanted;
  if (seen.leads && live)
    std::copy_if(live->begin(), live->end(), std::back_inserter(wanted),
                 [this](std::uint32_t node) { return node != number_; });
  if (wanted != watched_) {
    watched_ = std::move(wanted);
    detector_.watch(watched_, world_.now());
  }
  for (const auto node : watched_) {
    const auto verdict = detector_.state(node);
    if (verdict == peer_state::suspect) seen.missed.push_back(node);
    if (verdict == peer_state::up) seen.heard.push_back(node);
    if (verdict == peer_state::up && node <= world_.options().voters) seen.electors.push_back(node);
  }
  step(seen);
}

void simulated_vantage::judge() {
  if (world_.now() >= detector_.next_judgement()) detector_.judge(world_.now(), verdicts_);
  verdicts_.clear();
}

void simulated_vantage::heard(std::uint32_t node, evidence what) {
  detector_.heard(node, what, world_.now(), verdicts_);
  verdicts_.clear();
}

void simulated_vantage::answered(const packet& what) {
  step(vantage::answered{what.from, what.subject, what.number, what.yes});
}

void simulated_vantage::step(const vantage::event& what) {
  std::vector<vantage::effect> effects;
  vantage_.step(what, world_.now(), effects);
  for (const auto& one : effects) {
    if (const auto* ask = std::get_if<vantage::ask>(&one)) {
      auto made = to(packet_kind::ask, ask->helper);
      made.subject = ask->subject;
      made.number = ask->number;
      world_.send(made);
    } else {
      world_.send(to(packet_kind::take_over, std::get<vantage::hand_over>(one).to));
    }
  }
}

}  // namespace bulwark::test
