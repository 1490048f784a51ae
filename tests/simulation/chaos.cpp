// SPDX-License-Identifier: BSD-3-Clause
#include "chaos.hpp"

#include "simulated_cluster.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;
using consensus::request_kind;

/// Faults and clients, drawn from the seed.
class chaos {
 public:
  chaos(std::uint64_t seed, bool trace) : cluster_{seed, trace} {}

  simulated_cluster& run() {
    auto& random = cluster_.random();
    const auto end = 4s + 1s * random.below(8);
    fault_every_ = 1ms * (100 + random.below(2000));
    request_every_ = 1ms * (2 + random.below(60));
    plan_fault(end);
    plan_request(end);
    cluster_.run(end);
    recover();
    return cluster_;
  }

 private:
  std::size_t any() { return cluster_.random().below(cluster_.size()); }
  duration some(duration most) {
    return duration{
        static_cast<duration::rep>(cluster_.random().next01() * static_cast<double>(most.count()))};
  }

  void plan_request(duration left) {
    const auto wait = some(2 * request_every_);
    if (wait > left) return;
    cluster_.at(wait, [this, left, wait] {
      // Now and then many at once, for batches and full queues.
      const auto count = cluster_.random().below(20) == 0 ? 12 : 1;
      const auto where = any();
      for (int i = 0; i < count; ++i)
        cluster_.submit(where, cluster_.random().below(3) == 0 ? request_kind::read : request_kind::write);
      plan_request(left - wait);
    });
  }

  void plan_fault(duration left) {
    const auto wait = some(2 * fault_every_);
    if (wait > left) return;
    cluster_.at(wait, [this, left, wait] {
      fault();
      plan_fault(left - wait);
    });
  }

  void fault() {
    switch (cluster_.random().below(10)) {
      case 0:
      case 1:
      case 2: return crash(any());
      case 3: return crash_all();
      case 4: return partition();
      case 5: return cut_some_ways();
      case 6: return cluster_.reset_link(any(), any(), some(1s));
      case 7: return cluster_.pause(any(), some(2s));
      case 8: return cluster_.stall_storage(any(), some(2s));
      default: return isolate(any());
    }
  }

  void crash(std::size_t which) {
    cluster_.crash(which, cluster_.random().below(3) > 0);
    cluster_.at(some(2s), [this, which] { cluster_.restart(which); });
  }

  void crash_all() {
    for (std::size_t i = 0; i < cluster_.size(); ++i) crash(i);
  }

  /// Two sides that do not hear each other.
  void partition() {
    cluster_.seen().count(happening::partition);
    const auto sides = cluster_.random().below(std::uint64_t{1} << cluster_.size());
    for (std::size_t i = 0; i < cluster_.size(); ++i)
      for (std::size_t j = 0; j < cluster_.size(); ++j)
        if ((sides >> i & 1) != (sides >> j & 1)) cut_for_a_while(i, j);
  }

  /// Some ways only, also one-way and chained.
  void cut_some_ways() {
    cluster_.seen().count(happening::one_way_cut);
    for (std::size_t i = 0; i < cluster_.size(); ++i)
      for (std::size_t j = 0; j < cluster_.size(); ++j)
        if (i != j && cluster_.random().below(3) == 0) cut_for_a_while(i, j);
  }

  void isolate(std::size_t which) {
    const auto how_long = some(2s);
    for (std::size_t i = 0; i < cluster_.size(); ++i) cluster_.reset_link(which, i, how_long);
  }

  void cut_for_a_while(std::size_t from, std::size_t to) {
    cluster_.cut(from, to);
    cluster_.at(some(2s), [this, from, to] { cluster_.mend(from, to); });
  }

  /// Every fault ends; then there must be a leader, every request answered, and one state.
  void recover() {
    cluster_.run(2s);  // whatever still ends by itself
    cluster_.heal();
    cluster_.run(6s);
    if (cluster_.found().any()) return;
    if (cluster_.open_requests() > 0)
      return cluster_.found().add(std::to_string(cluster_.open_requests()) + " requests were never answered");
    prove_that_it_serves();
  }

  void prove_that_it_serves() {
    const auto done = [this] {
      return cluster_.seen().of(happening::write_done) + cluster_.seen().of(happening::read_done);
    };
    const auto before = done();
    for (std::size_t i = 0; i < cluster_.size(); ++i) {
      cluster_.submit(i, request_kind::write);
      cluster_.submit(i, request_kind::read);
    }
    cluster_.run(2s);
    if (cluster_.found().any()) return;
    if (done() - before != 2 * cluster_.size())
      return cluster_.found().add("healed, but does not serve: " + std::to_string(done() - before) + " of " +
                                  std::to_string(2 * cluster_.size()) + " requests done");
    if (const auto difference = cluster_.divergence(); !difference.empty())
      cluster_.found().add("healed, but not of one mind: " + difference);
  }

  simulated_cluster cluster_;
  duration fault_every_{};
  duration request_every_{};
};

}  // namespace

run_result run_seed(std::uint64_t seed, bool trace) {
  chaos world{seed, trace};
  auto& after = world.run();
  run_result result{{}, after.seen(), after.events()};
  if (after.found().any()) result.violation = "seed " + std::to_string(seed) + ": " + after.found().first();
  return result;
}

}  // namespace bulwark::test
