// SPDX-License-Identifier: BSD-3-Clause
#include "simulated_cluster.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "bulwark/consensus/core/codec.hpp"
#include "describe.hpp"

namespace bulwark::test {

using namespace consensus;
using namespace std::chrono_literals;

namespace {

template <class Choice>
Choice pick(random_stream& random, std::initializer_list<Choice> from) {
  return from.begin()[random.below(from.size())];
}

}  // namespace

world_options world_options::draw(random_stream& random) {
  world_options w;
  w.members = pick<std::size_t>(random, {1, 3, 3, 3, 5, 5});
  w.spares = pick<std::size_t>(random, {0, 0, 0, 1, 2, 3});
  w.loss = pick(random, {0.0, 0.01, 0.1});
  w.doubling = pick(random, {0.0, 0.05, 0.3});
  w.delay_max = pick<duration>(random, {1ms, 5ms, 50ms});
  w.sync_max = pick<duration>(random, {1ms, 10ms, 60ms});
  auto& r = w.replica;
  for (std::uint32_t i = 1; i <= w.members; ++i) r.members.push_back(node_id{i});
  r.request_timeout = 3s;
  r.window = pick<std::size_t>(random, {1, 2, 8, 64});
  r.batch_commands = pick<std::size_t>(random, {1, 3, 64});
  r.batch_bytes = pick<std::size_t>(random, {300, 1u << 20});
  r.cached_bytes = pick<std::size_t>(random, {0, 2000, 1u << 20});
  r.learn_bytes = pick<std::size_t>(random, {300, 1000, 1u << 20});
  r.snapshot_entries = pick<std::size_t>(random, {0, 3, 20, 100});
  r.snapshot_bytes = pick<std::size_t>(random, {0, 0, 200});
  r.waiting_commands = pick<std::size_t>(random, {9, 1000, 1000});
  r.lease = pick(random, {0ms, 0ms, 80ms, 300ms});
  const auto drift = pick(random, {0.0, 0.0, 0.03});
  for (std::size_t i = 0; i < w.members + w.spares; ++i)
    w.clock_rates.push_back(1 + drift * (2 * random.next01() - 1));
  w.freezes = pick(random, {0.0, 0.02});
  if (random.below(3) == 0) r.accept_quorum = static_cast<std::uint32_t>(1 + random.below(w.members));
  return w;
}

simulated_cluster::simulated_cluster(std::uint64_t seed, bool trace)
    : trace_{trace},
      random_{seed},
      options_{world_options::draw(random_)},
      agreement_{options_.replica.members, options_.replica.accept_quorum, violations_},
      ballots_{violations_},
      history_{agreement_, violations_},
      ages_{agreement_, violations_},
      around_(options_.members + options_.spares),
      sessions_{
          ~seed,
          {.at = [this](duration delay, std::function<void()> what) { at(delay, std::move(what)); },
           .submit = [this](std::size_t client, std::uint64_t number,
                            const std::string& payload) { submit_counting(client, number, payload); },
           .unix_ms =
               [this] {
                 return static_cast<std::uint64_t>(
                     std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch()).count());
               }},
          statistics_,
          violations_} {
  now_ += 1h;
  for (std::uint32_t id = 1; id <= options_.members + options_.spares; ++id)
    members_.push_back(std::make_unique<member>(node_id{id}, *this));
  // Drawn apart, so that the other worlds stay what they are.
  random_stream apart{random_stream::at(seed ^ 0x71)};
  options_.replica.quiet_after = pick<duration>(apart, {0ms, 0ms, 30ms, 200ms});
  for (std::size_t i = 0; i < size(); ++i) restart(i);
  if (options_.replica.quiet_after > 0ms) start_pulses();
}

simulated_cluster::~simulated_cluster() = default;

void simulated_cluster::say(const std::string& text) {
  if (trace_)
    std::printf("%10.3f ms  %s\n",
                std::chrono::duration<double, std::milli>(now_.time_since_epoch() - 1h).count(),
                text.c_str());
}

duration simulated_cluster::draw(duration below) {
  return duration{static_cast<duration::rep>(random_.next01() * static_cast<double>(below.count()))};
}

// -- time --------------------------------------------------------------------------------------------

void simulated_cluster::at(duration delay, std::function<void()> what) {
  queue_.push({now_ + delay, ++scheduled_, std::move(what)});
}

void simulated_cluster::run(duration how_long) {
  const auto end = now_ + how_long;
  while (!queue_.empty() && queue_.top().at <= end && !violations_.any()) {
    const auto what = queue_.top().what;
    now_ = queue_.top().at;
    queue_.pop();
    ++events_;
    what();
  }
  now_ = end;
}

void simulated_cluster::run_until(const std::function<bool()>& done, duration at_most) {
  for (const auto end = now_ + at_most; now_ < end && !violations_.any() && !done();) run(50ms);
}

void simulated_cluster::in_life(std::size_t which, duration delay, std::function<void(member&)> what) {
  at(delay, [this, which, life = members_[which]->life(), what = std::move(what)] {
    run_or_defer(which, life, what);
  });
}

void simulated_cluster::run_or_defer(std::size_t which, std::uint64_t life,
                                     const std::function<void(member&)>& what) {
  auto& one = *members_[which];
  if (!one.is_up() || one.life() != life) return;
  if (around_[which].paused_until > now_)
    return at(around_[which].paused_until - now_,
              [this, which, life, what] { run_or_defer(which, life, what); });
  if (around_[which].frozen) return at(1us, [this, which, life, what] { run_or_defer(which, life, what); });
  what(one);
  if (one.is_up()) after_step(which);
}

void simulated_cluster::after_step(std::size_t which) {
  auto& one = *members_[which];
  ballots_.on_step(one.id(), one.core().promised());
  const auto s = one.core().status();
  violations_.expect(s.applied <= s.chosen && s.chosen <= s.last, "applied <= chosen <= last does not hold");
  start_sync(which);
  auto& around = around_[which];
  statistics_.count(happening::leased_read,
                    s.leased_reads - std::exchange(around.leased_reads, s.leased_reads));
  statistics_.count(happening::lapsed_read,
                    s.lapsed_reads - std::exchange(around.lapsed_reads, s.lapsed_reads));
  statistics_.count(happening::stale_read_here,
                    s.stale_reads - std::exchange(around.stale_reads, s.stale_reads));
  statistics_.count(happening::stale_read_passed,
                    s.passed_reads - std::exchange(around.passed_reads, s.passed_reads));
  if (!std::exchange(around.quiet, s.quiet) && s.quiet) {
    say(to_string(one.id()) + " is quiet");
    statistics_.count(happening::fell_quiet);
  }
  const auto due = std::max(when_clock_says(one, one.core().next_wakeup()), now_);
  if (due >= around.wake_at) return;
  around.wake_at = due;
  in_life(which, due - now_, [this, which, due](member& m) {
    if (around_[which].wake_at == due) around_[which].wake_at = instant::max();
    m.step(tick{}, clock_of(m));
  });
}

instant simulated_cluster::clock_of(const member& one) const {
  const auto which = index_of(one.id());
  const auto passed = static_cast<double>(now_.time_since_epoch().count());
  return instant{duration{static_cast<duration::rep>(passed * options_.clock_rates[which])}} +
         around_[which].clock_ahead;
}

instant simulated_cluster::when_clock_says(const member& one, instant there) const {
  if (there == instant::max()) return there;
  const auto which = index_of(one.id());
  const auto shown = static_cast<double>((there - around_[which].clock_ahead).time_since_epoch().count());
  // Rounded up: a tick that comes too early would be asked for again.
  return instant{duration{static_cast<duration::rep>(shown / options_.clock_rates[which]) + 2}};
}

// -- disks -------------------------------------------------------------------------------------------

void simulated_cluster::on_write(member& by, const persist& what) {
  if (!trace_) return;
  for (const auto& one : what.records) say(to_string(by.id()) + " writes " + describe(one));
}

/// As in a replica actor, one append is under way at a time, with all that gathered meanwhile.
void simulated_cluster::start_sync(std::size_t which) {
  auto& around = around_[which];
  const auto count = members_[which]->disk().unsynced();
  if (around.syncing || count == 0 || around.stalled_until > now_) return;
  if (around.full_until > now_) return refuse_write(which);
  around.syncing = true;
  in_life(which, draw(options_.sync_max), [this, which, count](member& m) {
    around_[which].syncing = false;
    if (around_[which].breaking) return lose_disk(which);
    m.sync(count, clock_of(m));
  });
}

/// As a log store actor does: tells its replica once, and tries again until there is room.
void simulated_cluster::refuse_write(std::size_t which) {
  auto& around = around_[which];
  if (std::exchange(around.refusing, true)) return;
  statistics_.count(happening::disk_full);
  in_life(which, 0s, [this](member& m) { m.step(storage_state{false}, clock_of(m)); });
  in_life(which, around.full_until - now_, [this, which](member& m) {
    around_[which].refusing = false;
    m.step(storage_state{around_[which].is_writable(now_)}, clock_of(m));
  });
}

/// Nobody knows what of the write reached the disk; the node ends, and finds out in its next life.
void simulated_cluster::lose_disk(std::size_t which) {
  statistics_.count(happening::disk_error);
  crash(which, true);
  at(draw(1s), [this, which] { restart(which); });
}

void simulated_cluster::on_durable(member& by, const std::vector<record>& records) {
  for (const auto& one : records)
    if (const auto* entry = std::get_if<accepted_entry>(&one)) agreement_.on_accepted(by.id(), *entry);
  history_.follow_log();
  count_records(records);
}

void simulated_cluster::on_fetch(member& by, const fetch& what) {
  statistics_.count(what.peer == by.id() ? happening::replayed : happening::fetched_for_peer);
  in_life(index_of(by.id()), draw(options_.sync_max), [this, what](member& m) { m.read(what, clock_of(m)); });
}

void simulated_cluster::on_disk_work(member& by, std::function<void(member&, instant)> then) {
  in_life(index_of(by.id()), draw(3 * options_.sync_max),
          [this, then = std::move(then)](member& m) { then(m, clock_of(m)); });
}

bool simulated_cluster::disk_has_room(member&) {
  const bool room = random_.next01() >= 0.02;
  if (!room) statistics_.count(happening::snapshot_without_room);
  return room;
}

// -- the network -------------------------------------------------------------------------------------

void simulated_cluster::on_send(member& by, envelope what) {
  if (trace_) say(describe(what));
  ballots_.on_send(by.id(), by.life(), what.what);
  count_message(what);
  if (what.from == what.to) return violations_.add("a message to itself was sent over the network");
  const bool cut_off = cuts_.count({index_of(what.from), index_of(what.to)}) > 0;
  if (cut_off || random_.next01() < options_.loss) return statistics_.count(happening::message_lost);
  if (random_.next01() < options_.doubling) {
    statistics_.count(happening::message_doubled);
    at(draw(10 * options_.delay_max), [this, what] { deliver(what); });
  }
  at(draw(options_.delay_max), [this, what = std::move(what)] { deliver(what); });
}

void simulated_cluster::deliver(const envelope& what) {
  std::string packet;
  encode(group_id{7}, what, packet);
  std::vector<std::pair<group_id, envelope>> decoded;
  const auto error = decode_packet(packet, decoded);
  if (!error.empty() || decoded.size() != 1 || decoded.front().second != what)
    return violations_.add("the codec lost something of: " + describe(what) + " " + error);
  const auto to = index_of(what.to);
  run_or_defer(to, members_[to]->life(), [this, message = std::move(decoded.front().second)](member& m) {
    m.step(received{message}, clock_of(m));
  });
}

void simulated_cluster::tell_link(std::size_t which, std::size_t peer, bool up) {
  in_life(which, draw(2ms), [this, peer, up](member& m) {
    m.step(link_state{members_[peer]->id(), up}, clock_of(m));
  });
}

// -- nodes -------------------------------------------------------------------------------------------

bool simulated_cluster::is_catching_up() const {
  for (std::size_t i = 0; i < size(); ++i)
    if (is_up(i) && members_[i]->core().status().in_flight > 0) return true;
  return false;
}

std::optional<std::size_t> simulated_cluster::leader() const {
  for (std::size_t i = 0; i < size(); ++i)
    if (is_up(i) && members_[i]->core().status().role == replica_role::leader) return i;
  return std::nullopt;
}

std::string simulated_cluster::divergence() const {
  for (const auto& one : members_) {
    if (!one->is_up()) return to_string(one->id()) + " is down";
    const auto s = one->core().status();
    const auto first = members_.front()->core().status();
    if (s.leader == ballot{}) return to_string(one->id()) + " follows nobody";
    if (s.leader != first.leader) return "two leaders are followed";
    if (s.chosen != first.chosen || s.applied != first.chosen)
      return to_string(one->id()) + " has applied " + to_string(s.applied) + " of " + to_string(s.chosen) +
             ", n1 knows " + to_string(first.chosen);
    if (one->core().group() != members_.front()->core().group())
      return to_string(one->id()) + " goes by another configuration";
    if (one->machine().hash() != members_.front()->machine().hash())
      return to_string(one->id()) + " is in another state";
  }
  return {};
}

void simulated_cluster::on_leader(member& by, ballot leader) {
  say(to_string(by.id()) + " follows " + to_string(leader));
  if (leader != ballot{}) statistics_.count(happening::leader_change);
}

void simulated_cluster::on_restored(member& by, slot at, bool own) {
  say(to_string(by.id()) + " restores " + to_string(at));
  statistics_.count(own ? happening::snapshot_restored : happening::snapshot_installed);
  if (!own && by.core().group().at < agreement_.governing(next(at)).at)
    statistics_.count(happening::configuration_installed);
  agreement_.on_restored(by.id(), by.life(), at, by.machine().hash());
}

void simulated_cluster::on_apply(member& by, const apply& what) {
  agreement_.on_apply(by.id(), by.life(), what.at, what.what, by.machine().hash());
}

}  // namespace bulwark::test
