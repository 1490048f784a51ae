// SPDX-License-Identifier: BSD-3-Clause
#include "simulated_node.hpp"

#include <algorithm>
#include <utility>

namespace bulwark::test {

namespace {

using namespace std::chrono_literals;

constexpr duration tick_length = 50ms;
constexpr std::uint64_t ticks_of_a_poll = 20;
constexpr std::uint64_t ticks_of_a_leader = 2;
constexpr duration join_retry = 500ms;
/// A process that finds itself fenced ends, and its launcher starts another one.
constexpr duration relaunch = 200ms;

}  // namespace

simulated_node::simulated_node(membership_world& world, std::uint32_t number)
    : world_{world}, number_{number} {}

void simulated_node::boot(std::uint64_t incarnation) {
  const auto& options = world_.options();
  alive_ = true;
  life_ = {number_, incarnation};
  ++boots_;
  held_.clear();
  detectors_.clear();
  suspicion_.emplace(options.observing, life_, world_.random()());
  vantage_.emplace(world_, number_);
  runners_.clear();
  words_.clear();
  stopped_.clear();
  ticks_ = 0;
  seen_ = nullptr;
  join_again_ = world_.now();
  if (incarnation == 1) catch_up();
  auto timer = to(packet_kind::tick, number_);
  timer.boot = boots_;
  const auto phase = static_cast<duration::rep>(world_.random().below(1000)) * (tick_length / 1000);
  world_.later(phase, timer);
}

void simulated_node::crash() {
  alive_ = false;
  runners_.clear();
  held_.clear();
}

void simulated_node::resume() {
  for (const auto& what : std::exchange(held_, {}))
    if (alive_ && (what.boot == 0 || what.boot == boots_)) take(what);
}

void simulated_node::take(const packet& what) {
  switch (what.what) {
    case packet_kind::tick: return tick();
    case packet_kind::beat:
      heard(what.from, evidence::other);
      return world_.send(to(packet_kind::ack, what.from));
    case packet_kind::ack: return heard(what.from, evidence::beat);
    case packet_kind::ask: return observe(observing::asked{what.from, what.subject, what.number});
    case packet_kind::answer:
      if (what.number & leader_vantage::mark) return vantage_->answered(what);
      return observe(observing::answered{what.subject, what.number, what.yes});
    case packet_kind::notice: return catch_up();
    case packet_kind::reply: return take_reply(what);
    case packet_kind::confirmed:
      return run(static_cast<std::uint32_t>(what.number),
                 running::confirmed{what.token, what.yes, what.asked});
    case packet_kind::ended: return run(static_cast<std::uint32_t>(what.number), running::stopped{});
    default: return;
  }
}

// -- the group ------------------------------------------------------------------------------------

void simulated_node::catch_up() {
  const auto latest = world_.group().latest();
  if (!latest || latest == seen_) return;
  world_.saw_view(view(), latest->view);
  seen_ = latest;
  show_view();
}

void simulated_node::show_view() {
  const auto& self = seen_->members[number_];
  if (self.life == life_ && self.state == member_state::down) return come_back();
  const auto now = world_.now();
  observing::viewed shown;
  shown.others = seen_->live;
  if (self.life == life_ && self.state == member_state::suspect) shown.suspect_in_round = self.round;
  auto detectors = std::exchange(detectors_, {});
  for (const auto subject : (*seen_->subjects)[number_]) {
    const auto& one = seen_->members[subject];
    const bool accused = std::find(one.accusers.begin(), one.accusers.end(), number_) != one.accusers.end();
    shown.subjects.push_back({one.life, one.round, accused});
    const auto before = detectors.find(subject);
    if (before != detectors.end() && before->second.first == one.life) {
      detectors_.insert(detectors.extract(before));
      continue;
    }
    // Whom it begins to watch counts as heard just now, so that one that is dead already is found silent.
    failure_detector fresh{world_.options().detector, {subject}, now};
    fresh.heard(subject, evidence::other, now, verdicts_);
    detectors_.emplace(subject, std::pair{one.life, std::move(fresh)});
  }
  verdicts_.clear();
  observe(shown);
  show_children();
}

/// The group holds this life for over: its process ends, and another one begins.
void simulated_node::come_back() {
  crash();
  auto launch = to(packet_kind::control, number_);
  launch.boot = boots_;
  world_.later(relaunch, launch);
}

void simulated_node::tell(const group_command& what) {
  auto made = to(packet_kind::command, world_.leader());
  made.bytes = std::make_shared<const std::string>(encode(what));
  made.asked = world_.now();
  world_.send(made);
}

void simulated_node::tell_of(std::uint32_t child, const names::command& what, std::uint64_t token) {
  auto made = to(packet_kind::command, world_.leader());
  made.bytes = std::make_shared<const std::string>(encode(what));
  made.asked = world_.now();
  made.number = child;
  made.subject = static_cast<std::uint32_t>(what.index());
  made.token = token;
  world_.send(made);
}

void simulated_node::take_reply(const packet& what) {
  const auto result = decode_group_result(*what.bytes).value();
  const auto child = static_cast<std::uint32_t>(what.number);
  if (const auto* name = std::get_if<registry_result>(&result)) {
    if (what.subject == names::command{names::claim{}}.index())
      run(child, running::claimed{*name, what.asked});
    else if (what.subject == names::command{names::release{}}.index())
      run(child, running::released{what.token});
  } else if (const auto* node = std::get_if<membership_result>(&result)) {
    if (node->error == membership_error::fenced) come_back();
  }
}

void simulated_node::drain() {
  if (alive_) tell(members::command{members::drain{life_}});
}

// -- timers ---------------------------------------------------------------------------------------

void simulated_node::tick() {
  auto timer = to(packet_kind::tick, number_);
  timer.boot = boots_;
  world_.later(tick_length, timer);
  ++ticks_;
  if (ticks_ % ticks_of_a_poll == 1) {
    auto poll = to(packet_kind::poll, world_.leader());
    poll.number = seen_ ? seen_->index : 0;
    world_.send(poll);
  }
  const bool is_member = seen_ && seen_->members[number_].life == life_;
  const auto state = is_member ? seen_->members[number_].state : member_state::removed;
  if ((!is_member || state == member_state::joining) && world_.now() >= join_again_) {
    join_again_ = world_.now() + join_retry;
    if (is_member)
      tell(members::command{members::ready{life_}});
    else
      tell(members::command{members::join{life_, "simulated:1", {}}});
  }
  if (ticks_ % static_cast<std::uint64_t>(world_.options().detector.interval / tick_length) == 0) beat();
  judge();
  if (ticks_ % ticks_of_a_leader == 0) vantage_->look(seen_ ? seen_->live.get() : nullptr);
  if (alive_) observe(observing::tick{});
  if (!alive_) return;
  std::vector<std::uint32_t> children;
  for (const auto& [child, runner] : runners_) children.push_back(child);
  for (const auto child : children) run(child, running::tick{});
  speak_of_children();
}

void simulated_node::beat() {
  for (const auto& [subject, detector] : detectors_) world_.send(to(packet_kind::beat, subject));
  for (const auto node : vantage_->watched())
    if (!detectors_.contains(node)) world_.send(to(packet_kind::beat, node));
}

void simulated_node::judge() {
  const auto now = world_.now();
  vantage_->judge();
  std::vector<peer_change> changes;
  for (auto& [subject, one] : detectors_)
    if (now >= one.second.next_judgement()) one.second.judge(now, changes);
  for (const auto& change : changes) {
    if (change.to == peer_state::suspect) observe(observing::silent{change.peer});
  }
}

void simulated_node::heard(std::uint32_t node, evidence what) {
  if (const auto found = detectors_.find(node); found != detectors_.end()) {
    found->second.second.heard(node, what, world_.now(), verdicts_);
    verdicts_.clear();
  }
  vantage_->heard(node, what);
  observe(observing::heard{node});
}

void simulated_node::observe(const observing::event& what) {
  if (!alive_) return;
  std::vector<observing::effect> effects;
  suspicion_->step(what, world_.now(), effects);
  for (const auto& one : effects) perform(one);
}

void simulated_node::perform(const observing::effect& what) {
  if (const auto* ask = std::get_if<observing::ask>(&what)) {
    auto made = to(packet_kind::ask, ask->helper);
    made.subject = ask->subject;
    made.number = ask->number;
    world_.send(made);
  } else if (const auto* probe = std::get_if<observing::probe>(&what)) {
    world_.send(to(packet_kind::beat, probe->node));
  } else if (const auto* answer = std::get_if<observing::answer>(&what)) {
    auto made = to(packet_kind::answer, answer->observer);
    made.subject = answer->subject;
    made.number = answer->number;
    made.yes = answer->reached;
    world_.send(made);
  } else {
    tell(std::get<observing::tell>(what).what);
  }
}

// -- children -------------------------------------------------------------------------------------

void simulated_node::show_children() {
  for (std::uint32_t child = 0; child < world_.options().children; ++child) {
    const bool here = seen_->children.at(child_of(child)).at == life_ && is_kept(child);
    if (here) runners_.try_emplace(child, world_.options().running);
    run(child, running::assigned{here});
  }
}

void simulated_node::keep(std::uint32_t child, bool is_kept) {
  if (!alive_) return;
  if (is_kept)
    stopped_.erase(child);
  else
    stopped_.insert(child);
  if (seen_) show_children();
}

void simulated_node::speak_of_children() {
  if (!seen_) return;
  const auto& self = seen_->members[number_];
  placement_word::seen now_is;
  const bool is_member = self.life == life_ && self.state != member_state::down;
  if (is_member) now_is.life = life_;
  now_is.drains = is_member && self.draining;
  for (std::uint32_t child = 0; child < world_.options().children; ++child) {
    const auto name = child_of(child);
    now_is.child = &seen_->children.at(name);
    auto& word =
        words_.try_emplace(child, placing::place{name}, world_.options().running.say_again).first->second;
    if (const auto what = word.due(now_is, is_kept(child), world_.now())) tell(*what);
  }
}

void simulated_node::run(std::uint32_t child, const running::event& what) {
  const auto found = runners_.find(child);
  if (!alive_ || found == runners_.end()) return;
  std::vector<running::effect> effects;
  found->second.step(what, world_.now(), effects);
  if (found->second.is_idle()) runners_.erase(found);
  const auto name = placement::child_name(child_of(child));
  for (const auto& one : effects) {
    if (const auto* claim = std::get_if<running::claim>(&one)) {
      tell_of(child, names::claim{name, life_, claim->start}, 0);
    } else if (const auto* settle = std::get_if<running::settle>(&one)) {
      tell_of(child, names::settled{name, settle->token}, settle->token);
    } else if (const auto* release = std::get_if<running::release>(&one)) {
      tell_of(child, names::release{name, release->token}, release->token);
    } else if (const auto* confirm = std::get_if<running::confirm>(&one)) {
      auto made = to(packet_kind::confirm, world_.leader());
      made.number = child;
      made.token = confirm->token;
      made.asked = world_.now();
      world_.send(made);
    } else if (std::holds_alternative<running::stop>(one)) {
      auto made = to(packet_kind::ended, number_);
      made.boot = boots_;
      made.number = child;
      world_.later(std::chrono::milliseconds{20 + world_.random().below(200)}, made);
    }
  }
}

std::vector<std::uint32_t> simulated_node::acting(instant now) const {
  std::vector<std::uint32_t> children;
  for (const auto& [child, runner] : runners_)
    if (runner.may_act(now)) children.push_back(child);
  return children;
}

}  // namespace bulwark::test
