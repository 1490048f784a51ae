// SPDX-License-Identifier: BSD-3-Clause
#include "chaos.hpp"

#include <algorithm>
#include <array>

#include "simulated_cluster.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;
using consensus::request_kind;

/// Faults and clients, drawn from the seed. Each fault has a stream of its own, so that one may be left out
/// and the others stay what they are.
class chaos {
 public:
  explicit chaos(const run_parameters& what) : parameters_{what}, cluster_{what.seed, what.trace} {}

  run_result run() {
    random_stream dice{random_stream::at(~parameters_.seed)};
    calm_ = cluster_.allows_quiet() && dice.below(2) == 0;
    const auto end = 2s + 500ms * dice.below(8) + (calm_ ? 4s : 0s);
    const auto fault_every = 1ms * (100 + dice.below(1500));
    const auto request_every = 1ms * (2 + dice.below(60));
    for (auto when = some(dice, 2 * fault_every); when < end; when += some(dice, 2 * fault_every))
      plan_fault(when);
    for (auto when = some(dice, 2 * request_every); when < end; when += some(dice, 2 * request_every))
      plan_requests(when, dice);
    plan_stale_reads(end);
    if (parameters_.rebuilds) plan_rebuilds(end);
    if (!calm_) cluster_.sessions().start();
    cluster_.run(end);
    recover();
    run_result result{{}, cluster_.seen(), cluster_.events(), faults_, requests_, cluster_.rebuilds()};
    if (cluster_.found().any())
      result.violation = to_arguments(parameters_) + ": " + cluster_.found().first();
    return result;
  }

 private:
  static duration some(random_stream& dice, duration most) {
    return duration{static_cast<duration::rep>(dice.next01() * static_cast<double>(most.count()))};
  }
  std::size_t any(random_stream& dice) const { return dice.below(cluster_.size()); }

  // -- clients

  void plan_requests(duration when, random_stream& dice) {
    // Now and then many at once, for batches and full queues.
    const auto count = dice.below(20) == 0 ? 12 : 1;
    const auto where = any(dice);
    for (int i = 0; i < count; ++i) {
      const auto kind = dice.below(3) == 0 ? request_kind::read : request_kind::write;
      const auto key = dice.below(1000);
      const bool idle = calm_ && when > 1s && when < 5s;
      if (requests_++ < parameters_.requests && !idle)
        cluster_.at(when, [this, where, kind, key] { cluster_.submit(where, kind, key); });
    }
  }

  /// In every other world, by dice of their own: the rest are the same without them.
  void plan_stale_reads(duration end) {
    random_stream dice{random_stream::at(parameters_.seed ^ 0x7374616c65)};
    if (dice.below(2) == 0) return;
    const auto every = 1ms * (2 + dice.below(40));
    constexpr std::array<duration, 4> longest{20ms, 100ms, 500ms, 3s};
    const auto at_most = longest[dice.below(longest.size())];
    for (auto when = some(dice, 2 * every); when < end; when += some(dice, 2 * every)) {
      const auto where = any(dice);
      const auto key = dice.below(1000);
      const auto age = some(dice, at_most);
      const bool idle = calm_ && when > 1s && when < 5s;
      if (requests_++ < parameters_.requests && !idle)
        cluster_.at(when, [this, where, key, age] { cluster_.submit_stale(where, key, age); });
    }
  }

  // -- faults

  void plan_fault(duration when) {
    const auto number = faults_++;
    const auto& wanted = parameters_.faults;
    if (wanted && std::find(wanted->begin(), wanted->end(), number) == wanted->end()) return;
    cluster_.at(when, [this, number] {
      random_stream dice{random_stream::at(parameters_.seed) + number};
      fault(dice);
    });
  }

  void fault(random_stream& dice) {
    switch (dice.below(24)) {
      case 0:
      case 1:
      case 2: return crash(any(dice), dice);
      case 3:
        for (std::size_t i = 0; i < cluster_.size(); ++i) crash(i, dice);
        return;
      case 4: return partition(dice);
      case 5: return cut_some_ways(dice);
      case 6: return make_half_deaf(any(dice), dice);
      case 7: return chain(dice);
      case 8: return flap(any(dice), dice);
      case 9: return cluster_.reset_link(any(dice), any(dice), some(dice, 1s));
      case 10: return cluster_.pause(any(dice), some(dice, 2s));
      case 11: return cluster_.stall_storage(any(dice), some(dice, 2s));
      case 12: return cluster_.fill_disk(any(dice), some(dice, 2s));
      case 13: return cluster_.break_disk(any(dice));
      case 14: return cluster_.jump_clock(any(dice), some(dice, 3s));
      case 15:
      case 16: return hand_over(dice);
      case 17:
      case 18: return lose_leader(dice);
      case 19:
      case 20:
      case 21:
      case 22: return change_group(dice);
      default: return isolate(any(dice), dice);
    }
  }

  void crash(std::size_t which, random_stream& dice) {
    cluster_.crash(which, dice.below(3) > 0);
    cluster_.at(some(dice, 2s), [this, which] { cluster_.restart(which); });
  }

  /// Two sides that do not hear each other.
  void partition(random_stream& dice) {
    cluster_.seen().count(happening::partition);
    const auto sides = dice.below(std::uint64_t{1} << cluster_.size());
    cut_where([&](std::size_t i, std::size_t j) { return (sides >> i & 1) != (sides >> j & 1); }, dice);
  }

  void cut_some_ways(random_stream& dice) {
    cluster_.seen().count(happening::one_way_cut);
    cut_where([&](std::size_t, std::size_t) { return dice.below(3) == 0; }, dice);
  }

  /// It hears nobody, or nobody hears it.
  void make_half_deaf(std::size_t which, random_stream& dice) {
    cluster_.seen().count(happening::one_way_cut);
    const bool deaf = dice.below(2) == 0;
    cut_where([&](std::size_t i, std::size_t j) { return (deaf ? j : i) == which; }, dice);
  }

  /// Each reaches its neighbours only; who are neighbours is drawn.
  void chain(random_stream& dice) {
    cluster_.seen().count(happening::chained_cut);
    std::vector<std::size_t> place(cluster_.size());
    for (std::size_t i = 0; i < place.size(); ++i) place[i] = i;
    for (auto i = place.size(); i > 1; --i) std::swap(place[i - 1], place[dice.below(i)]);
    cut_where(
        [&](std::size_t i, std::size_t j) { return place[i] + 1 != place[j] && place[j] + 1 != place[i]; },
        dice);
  }

  /// A link comes and goes.
  void flap(std::size_t which, random_stream& dice) {
    cluster_.seen().count(happening::flapping_cut);
    const auto other = any(dice);
    const auto period = 20ms + some(dice, 300ms);
    const auto times = 3 + dice.below(6);
    if (which == other) return;
    for (std::uint64_t i = 0; i < times; ++i)
      cluster_.at(2 * i * period,
                  [this, which, other, period] { cluster_.reset_link(which, other, period); });
  }

  template <class Choice>
  void cut_where(const Choice& choose, random_stream& dice) {
    for (std::size_t i = 0; i < cluster_.size(); ++i)
      for (std::size_t j = 0; j < cluster_.size(); ++j) {
        if (i == j || !choose(i, j)) continue;
        cluster_.cut(i, j);
        cluster_.at(some(dice, 2s), [this, i, j] { cluster_.mend(i, j); });
      }
  }

  /// Everybody is asked to; only whoever leads has something to hand over.
  void hand_over(random_stream& dice) {
    const auto to = any(dice);
    for (std::size_t i = 0; i < cluster_.size(); ++i) cluster_.transfer_leadership(i, to);
  }

  /// What the leader knows of the group tells what there is to change.
  void change_group(random_stream& dice) {
    const auto leader = cluster_.leader();
    if (!leader) return;
    // One change seldom comes alone: a learner is there to be promoted.
    if (dice.below(3) > 0)
      cluster_.at(some(dice, 500ms), [this, again = dice]() mutable { change_group(again); });
    const auto& group = cluster_.group_of(*leader);
    const auto who = cluster_.id_of(any(dice)), other = cluster_.id_of(any(dice));
    consensus::change_members change{0, consensus::change_kind::add, who, consensus::node_id::none, {}};
    if (const auto* known = group.find(who)) {
      const bool has_successor = group.find(other) && !group.find(other)->votes;
      change.kind = dice.below(3) == 0 ? consensus::change_kind::remove
                    : !known->votes    ? consensus::change_kind::promote
                    : has_successor    ? consensus::change_kind::replace
                                       : consensus::change_kind::add;
      if (change.kind == consensus::change_kind::replace) change.by = other;
    }
    cluster_.change_group(*leader, change);
  }

  // -- nodes that lose their log: what `bulwark rebuild` does, by the same steps

  /// By dice of their own: the world is the same without them.
  void plan_rebuilds(duration end) {
    random_stream dice{random_stream::at(parameters_.seed ^ 0x7265627569)};
    for (auto when = some(dice, 600ms); when < end; when += some(dice, 1200ms))
      cluster_.at(when, [this, own = random_stream{dice()}]() mutable { rebuild(any(own), 12, own); });
  }

  void rebuild(std::size_t which, int tries, random_stream dice) {
    if (tries == 0) return;
    if (cluster_.rebuild(which))
      return cluster_.at(some(dice, 300ms), [this, which, dice] {
        cluster_.restart(which);
        take_back(which, 12, dice);
      });
    using consensus::change_kind;
    if (const auto leader = cluster_.leader()) {
      if (*leader == which)
        cluster_.transfer_leadership(which, any(dice));
      else if (cluster_.group_of(*leader).find(cluster_.id_of(which)))
        cluster_.change_group(*leader, {0, change_kind::remove, cluster_.id_of(which), {}, {}});
    }
    cluster_.at(some(dice, 200ms), [this, which, tries, dice] { rebuild(which, tries - 1, dice); });
  }

  void take_back(std::size_t which, int tries, random_stream dice) {
    using consensus::change_kind;
    const auto id = cluster_.id_of(which);
    const auto leader = cluster_.leader();
    const auto* known = leader ? cluster_.group_of(*leader).find(id) : nullptr;
    if (tries == 0 || (known && known->votes)) return;
    if (leader)
      cluster_.change_group(*leader, {0, known ? change_kind::promote : change_kind::add, id, {}, {}});
    cluster_.at(some(dice, 200ms), [this, which, tries, dice] { take_back(which, tries - 1, dice); });
  }

  /// So that others may elect one while it does not know yet.
  void lose_leader(random_stream& dice) {
    const auto leader = cluster_.leader();
    cluster_.lose_unnoticed(leader ? *leader : any(dice), some(dice, 1s));
  }

  void isolate(std::size_t which, random_stream& dice) {
    const auto how_long = some(dice, 2s);
    for (std::size_t i = 0; i < cluster_.size(); ++i) cluster_.reset_link(which, i, how_long);
  }

  // -- the end of all faults

  /// Then there must be a leader, every request answered, and one state.
  void recover() {
    cluster_.run(2s);  // whatever still ends by itself
    cluster_.heal();
    cluster_.sessions().stop();
    cluster_.run(100ms);  // a reset that was under way still arrives
    const auto healthy = [this] {
      return !cluster_.is_any_frozen() && !cluster_.is_catching_up() && cluster_.open_requests() == 0 &&
             cluster_.sessions().idle() && cluster_.divergence().empty();
    };
    cluster_.run_until(healthy, 6s);
    if (cluster_.found().any()) return;
    if (cluster_.open_requests() > 0)
      return cluster_.found().add(std::to_string(cluster_.open_requests()) + " requests were never answered");
    if (!cluster_.sessions().idle())
      return cluster_.found().add("a command of a session is never done, however often it is repeated");
    if (const auto wrong = cluster_.miscount(); !wrong.empty()) return cluster_.found().add(wrong);
    prove_that_it_serves();
    if (cluster_.allows_quiet()) prove_that_quiet_ends();
    if (!cluster_.found().any()) cluster_.check_history();
  }

  void prove_that_it_serves() {
    const auto done = [this] {
      return cluster_.seen().of(happening::write_done) + cluster_.seen().of(happening::read_done);
    };
    const auto wanted = done() + 2 * cluster_.size();
    for (std::size_t i = 0; i < cluster_.size(); ++i) {
      cluster_.submit(i, request_kind::write, i);
      cluster_.submit(i, request_kind::read, i);
    }
    cluster_.run_until([&] { return done() >= wanted && cluster_.divergence().empty(); }, 2s);
    if (cluster_.found().any()) return;
    if (done() != wanted)
      return cluster_.found().add("healed, but does not serve: " + std::to_string(wanted - done()) +
                                  " requests are not done");
    if (const auto difference = cluster_.divergence(); !difference.empty())
      cluster_.found().add("healed, but not of one mind: " + difference);
  }

  /// A group that is left alone falls quiet, and yet misses whoever goes, or comes back as another.
  void prove_that_quiet_ends() {
    random_stream dice{random_stream::at(parameters_.seed ^ 0x715)};
    for (int time = 0; time < 3 && !cluster_.found().any(); ++time) {
      cluster_.run_until([this] { return cluster_.restlessness().empty(); }, 30s);
      if (const auto who = cluster_.restlessness(); !who.empty())
        return cluster_.found().add("left alone, but not quiet: " + who);
      cluster_.run(some(dice, 1s));
      const auto which = dice.below(2) == 0 ? cluster_.leader().value_or(0) : any(dice);
      switch (dice.below(4)) {
        case 0: leave_without_a_word(which); break;
        case 1: come_back_as_another(which); break;
        case 2: cut_off_for(2s, which); break;
        default: cut_off_for(some(dice, 500ms), which);
      }
      cluster_.run_until([this] { return cluster_.divergence().empty(); }, 10s);
      if (const auto difference = cluster_.divergence(); !difference.empty())
        return cluster_.found().add("was quiet, and is not of one mind: " + difference);
    }
    cluster_.run(1s);  // a silence just long enough may be noticed after its end
    if (!cluster_.found().any()) prove_that_it_serves();
  }

  void leave_without_a_word(std::size_t which) {
    const auto& group = cluster_.group_of(which);
    const auto left = group.voters() - (group.is_voter(cluster_.id_of(which)) ? 1 : 0);
    const bool goes_on = left >= std::max(group.accept_votes(), group.prepare_votes());
    cluster_.crash(which, false);
    if (goes_on) {
      cluster_.run_until([this] { return cluster_.is_led(); }, 10s);
      if (!cluster_.is_led()) cluster_.found().add("was quiet, and does not miss a leader that is gone");
    }
    cluster_.restart(which);
  }

  /// So soon that nobody can notice that it was gone.
  void come_back_as_another(std::size_t which) {
    cluster_.crash(which, false);
    cluster_.restart(which);
  }

  void cut_off_for(duration how_long, std::size_t which) {
    for (std::size_t i = 0; i < cluster_.size(); ++i) {
      if (i == which) continue;
      cluster_.cut(i, which);
      cluster_.cut(which, i);
    }
    cluster_.run(how_long);
    for (std::size_t i = 0; i < cluster_.size(); ++i) {
      cluster_.mend(i, which);
      cluster_.mend(which, i);
    }
    cluster_.run(100ms);
  }

  const run_parameters parameters_;
  simulated_cluster cluster_;
  bool calm_ = false;  ///< nothing is asked for a while
  std::size_t faults_ = 0;
  std::size_t requests_ = 0;
};

}  // namespace

std::string to_arguments(const run_parameters& what) {
  auto text = "--seed " + std::to_string(what.seed);
  if (what.faults) {
    text += " --faults ";
    for (const auto number : *what.faults) text += std::to_string(number) + ",";
    if (what.faults->empty())
      text += "none";
    else
      text.pop_back();
  }
  if (what.rebuilds) text += " --rebuilds";
  if (what.requests != SIZE_MAX) text += " --requests " + std::to_string(what.requests);
  return text;
}

run_result run_world(const run_parameters& what) { return chaos{what}.run(); }

}  // namespace bulwark::test
