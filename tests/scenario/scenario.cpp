// SPDX-License-Identifier: BSD-3-Clause
#include "scenario.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "describe.hpp"

namespace bulwark::test {

using namespace consensus;
using namespace std::chrono_literals;

namespace {

/// Far more than any story needs; a loop of messages would never end.
constexpr int steps_max = 100000;

std::size_t index_of(node_id id) { return number(id) - 1; }

std::size_t member_named(const std::string& name) {
  if (name.size() < 2 || name[0] != 'n')
    throw std::runtime_error{"expected a member like n1, got \"" + name + "\""};
  return std::stoul(name.substr(1)) - 1;
}

std::size_t number_in(const std::string& word) { return word.empty() ? 0 : std::stoul(word); }

}  // namespace

scenario::scenario() : ballots_{violations_}, now_{1h} {}
scenario::~scenario() = default;

std::string scenario::run(const std::string& command) {
  output_.clear();
  std::istringstream words{command};
  std::string verb, first, second, third;
  words >> verb >> first >> second >> third;
  if (verb == "group")
    form_group(std::stoul(first), number_in(second), std::chrono::milliseconds{number_in(third)});
  else if (verb == "pass")
    pass(std::chrono::milliseconds{std::stoul(first)});
  else if (verb == "write")
    submit(member_named(first), request_kind::write, "key " + second);
  else if (verb == "read")
    submit(member_named(first), request_kind::read, "key");
  else if (verb == "stale")
    submit_stale(member_named(first), std::chrono::milliseconds{std::stoul(second)});
  else if (verb == "crash")
    members_.at(member_named(first))->crash(0);
  else if (verb == "start")
    start(member_named(first));
  else if (verb == "disk")
    disk_on_.at(member_named(first)) = second == "on";
  else if (verb == "way")
    set_way({member_named(first), member_named(second)}, third);
  else if (verb == "link" && third == "lost")
    lose_link(member_named(first), member_named(second));
  else if (verb == "link")
    set_link(member_named(first), member_named(second), third == "up");
  else if (verb == "isolate" || verb == "join")
    isolate(member_named(first), verb == "isolate");
  else if (verb == "transfer")
    members_.at(member_named(first))->step(transfer{++requests_, node_id(member_named(second) + 1)}, now_);
  else if (verb == "spare")
    start_spare();
  else if (verb == "add" || verb == "promote" || verb == "remove" || verb == "replace")
    change(verb, member_named(first), member_named(second), third);
  else if (verb == "show")
    show();
  else if (verb == "prove_liveness")
    prove_liveness();
  else
    throw std::runtime_error{"no such command: " + command};
  settle();
  return output_;
}

void scenario::form_group(std::size_t members, std::size_t snapshot_entries,
                          std::chrono::milliseconds lease) {
  snapshot_entries_ = snapshot_entries;
  lease_ = lease;
  voters_ = members;
  disk_on_.assign(members, true);
  std::vector<node_id> ids;
  for (std::uint32_t i = 1; i <= members; ++i) {
    ids.push_back(node_id{i});
    members_.push_back(std::make_unique<member>(node_id{i}, *this));
  }
  agreement_ = std::make_unique<agreement_checker>(ids, 0, violations_);
  for (std::size_t i = 0; i < members; ++i) start(i);
}

void scenario::start(std::size_t which) {
  auto& one = *members_.at(which);
  ballots_.on_start(one.id(), one.disk().recover().promised);
  replica_options options;
  options.self = one.id();
  options.seed = which + 1;
  options.snapshot_entries = snapshot_entries_;
  options.lease = lease_;
  for (std::size_t i = 0; i < voters_; ++i) options.members.push_back(members_[i]->id());
  options.joins = which >= voters_;
  one.start(options, now_);
}

void scenario::start_spare() {
  members_.push_back(std::make_unique<member>(node_id(members_.size() + 1), *this));
  disk_on_.push_back(true);
  start(members_.size() - 1);
}

void scenario::change(const std::string& verb, std::size_t asked, std::size_t node, const std::string& by) {
  change_members what{++requests_, change_kind::add, members_.at(node)->id(), node_id::none, {}};
  if (verb == "promote") what.kind = change_kind::promote;
  if (verb == "remove") what.kind = change_kind::remove;
  if (verb == "replace") {
    what.kind = change_kind::replace;
    what.by = members_.at(member_named(by))->id();
  }
  members_.at(asked)->step(what, now_);
}

// -- what happens when nothing is in the way ---------------------------------------------------------

void scenario::settle() {
  for (int steps = 0; deliver_one() || sync_all(); ++steps)
    if (steps == steps_max) throw std::runtime_error{"the messages never end"};
}

bool scenario::deliver_one() {
  if (!disk_work_.empty()) {
    const auto work = std::move(disk_work_.front());
    disk_work_.pop_front();
    work();
    return true;
  }
  if (!fetches_.empty()) {
    const auto [which, what] = fetches_.front();
    fetches_.pop_front();
    if (members_[which]->is_up()) members_[which]->read(what, now_);
    return true;
  }
  if (network_.empty()) return false;
  const auto what = std::move(network_.front());
  network_.pop_front();
  auto& to = *members_[index_of(what.to)];
  if (!to.is_up()) return true;
  to.step(received{what}, now_);
  ballots_.on_step(to.id(), to.core().promised());
  return true;
}

bool scenario::sync_all() {
  bool any = false;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    auto& one = *members_[i];
    if (!one.is_up() || !disk_on_[i] || one.disk().unsynced() == 0) continue;
    one.sync(one.disk().unsynced(), now_);
    any = true;
  }
  return any;
}

void scenario::pass(duration time) {
  const auto end = now_ + time;
  for (settle(); now_ < end; settle()) {
    auto due = end;
    for (const auto& one : members_)
      if (one->is_up()) due = std::min(due, one->core().next_wakeup());
    now_ = std::max(now_, due);
    for (const auto& one : members_)
      if (one->is_up() && one->core().next_wakeup() <= now_) one->step(tick{}, now_);
  }
}

// -- what the script does ----------------------------------------------------------------------------

void scenario::submit(std::size_t which, request_kind kind, const std::string& payload) {
  members_.at(which)->step(client_request{++requests_, kind, payload}, now_);
}

void scenario::submit_stale(std::size_t which, std::chrono::milliseconds at_most) {
  members_.at(which)->step(client_request{++requests_, request_kind::stale_read, "key", at_most}, now_);
}

void scenario::set_way(way which, const std::string& how) {
  dropping_.erase(which);
  holding_.erase(which);
  if (how == "drop") dropping_.insert(which);
  if (how == "hold") holding_.insert(which);
  if (how != "open") return;
  for (auto& one : std::exchange(held_, {}))
    (way{index_of(one.from), index_of(one.to)} == which ? network_ : held_).push_back(std::move(one));
}

void scenario::set_link(std::size_t a, std::size_t b, bool up) {
  for (const auto& [from, to] : {way{a, b}, way{b, a}}) {
    if (up)
      linked_down_.erase({from, to});
    else
      linked_down_.insert({from, to});
    if (members_.at(from)->is_up()) members_[from]->step(link_state{members_[to]->id(), up}, now_);
  }
}

void scenario::lose_link(std::size_t at, std::size_t peer) {
  members_.at(at)->step(link_state{members_.at(peer)->id(), false}, now_);
}

void scenario::isolate(std::size_t which, bool alone) {
  for (std::size_t i = 0; i < members_.size(); ++i)
    if (i != which) set_link(which, i, !alone);
}

void scenario::show() {
  for (const auto& one : members_) {
    if (!one->is_up()) {
      say(to_string(one->id()) + " is down");
      continue;
    }
    const auto s = one->core().status();
    const char* roles[] = {"follower", "candidate", "leader", "learner"};
    say(to_string(one->id()) + " " + roles[static_cast<std::size_t>(s.role)] + " of " + to_string(s.leader) +
        ", promised " + to_string(s.promised) + ", chosen " + to_string(s.chosen) + ", applied " +
        to_string(s.applied) + ", key = \"" + one->machine().query("key") + "\"");
  }
}

void scenario::prove_liveness() {
  dropping_.clear();
  holding_.clear();
  disk_on_.assign(members_.size(), true);
  for (std::size_t i = 0; i < members_.size(); ++i)
    if (!members_[i]->is_up()) start(i);
  for (std::size_t i = 0; i < members_.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) set_link(i, j, true);
  pass(8s);
  const auto before = done_;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    submit(i, request_kind::write, "key end" + std::to_string(i + 1));
    settle();
    submit(i, request_kind::read, "key");
  }
  pass(1s);
  output_.clear();
  const auto first = members_.front()->core().status();
  for (const auto& one : members_)
    if (one->core().status().applied != first.chosen ||
        one->machine().hash() != members_.front()->machine().hash())
      return say(to_string(one->id()) + " is not of one mind with n1");
  const auto wanted = 2 * members_.size();
  say(done_ - before == wanted
          ? "every member writes and reads, and all are of one mind"
          : std::to_string(done_ - before) + " of " + std::to_string(wanted) + " requests done");
}

// -- what the members do -----------------------------------------------------------------------------

bool scenario::tells_nothing_new(const envelope& what) {
  if (std::holds_alternative<beat>(what.what) || std::holds_alternative<beat_ack>(what.what)) return true;
  const auto* told = std::get_if<chosen_up_to>(&what.what);
  return told && std::exchange(told_[{index_of(what.from), index_of(what.to)}], told->chosen) == told->chosen;
}

void scenario::on_send(member& by, envelope what) {
  ballots_.on_send(by.id(), by.life(), what.what);
  const way path{index_of(what.from), index_of(what.to)};
  const bool lost = dropping_.count(path) > 0 || linked_down_.count(path) > 0;
  const bool held = holding_.count(path) > 0;
  if (!tells_nothing_new(what)) say(describe(what) + (lost ? " (lost)" : held ? " (held)" : ""));
  if (lost) return;
  (held ? held_ : network_).push_back(std::move(what));
}

void scenario::on_write(member& by, const persist& what) {
  if (disk_on_[index_of(by.id())]) return;
  for (const auto& one : what.records) say(to_string(by.id()) + " writes " + describe(one) + " (waits)");
}

void scenario::on_durable(member& by, const std::vector<record>& records) {
  for (const auto& one : records)
    if (const auto* entry = std::get_if<accepted_entry>(&one)) agreement_->on_accepted(by.id(), *entry);
}

void scenario::on_apply(member& by, const apply& what) {
  agreement_->on_apply(by.id(), by.life(), what.at, what.what, by.machine().hash());
}

void scenario::on_answer(member& by, const answer& what, instant now) {
  if (what.result == outcome::done) ++done_;
  const auto age = std::chrono::ceil<std::chrono::milliseconds>(age_of(what.as_of.value_or(now), now));
  say(to_string(by.id()) + " answers " + std::to_string(what.request) + ": " + describe(what.result) + " \"" +
      what.reply + "\"" + (what.as_of ? ", " + std::to_string(age.count()) + " ms old" : ""));
}

void scenario::on_fetch(member& by, const fetch& what) { fetches_.emplace_back(index_of(by.id()), what); }

void scenario::on_disk_work(member& by, std::function<void(member&, instant)> then) {
  disk_work_.push_back([this, &by, life = by.life(), then = std::move(then)] {
    if (by.is_up() && by.life() == life) then(by, now_);
  });
}

void scenario::on_restored(member& by, slot at, bool own) {
  say(to_string(by.id()) + " restores " + (own ? "its snapshot of " : "a snapshot of ") + to_string(at));
  agreement_->on_restored(by.id(), by.life(), at, by.machine().hash());
}

void scenario::on_transferred(member& by, const transferred& what) {
  say(to_string(by.id()) + " ends the transfer: " + to_string(what.result) + ", " +
      (what.leader == node_id::none ? "nobody" : to_string(what.leader)) + " leads");
}

void scenario::on_members_changed(member& by, const members_changed& what) {
  say(to_string(by.id()) + " ends the change: " + to_string(what.result));
}

void scenario::on_configured(member& by, const configuration& group) {
  say(to_string(by.id()) + " goes by " + to_string(group));
  agreement_->on_configured(by.id(), group);
}

void scenario::on_leader(member& by, ballot leader) {
  say(to_string(by.id()) + " follows " + (leader == ballot{} ? "nobody" : to_string(leader)));
}

}  // namespace bulwark::test
