// SPDX-License-Identifier: BSD-3-Clause
// bulwark-groups-bench: what many Paxos groups in one process cost while they are idle, and what one busy
// group does beside them. Three members in this process, over loopback. One JSON object per line.
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <caf/all.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bulwark/actors/node_config.hpp"
#include "bulwark/consensus/core/messages.hpp"
#include "bulwark/consensus/group_host.hpp"
#include "bulwark/consensus/messages.hpp"
#include "bulwark/consensus/replicated.hpp"

namespace bulwark::bench {
namespace {

using namespace consensus;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

struct plan {
  std::vector<std::size_t> groups{1, 100, 1000};
  std::chrono::milliseconds quiet_after{500};
  std::chrono::seconds idle{5};
  std::chrono::seconds busy{5};
  std::size_t clients = 64;
  std::chrono::seconds patience{300};
};

/// Counts commands.
class counting_machine final : public state_machine {
 public:
  bytes apply(const bytes&) override { return std::to_string(++count_); }
  bytes query(const bytes&) const override { return std::to_string(count_); }
  std::optional<bytes> save() const override { return std::to_string(count_); }
  bool restore(std::string_view saved) override {
    count_ = std::stoull(std::string{saved});
    return true;
  }

 private:
  std::uint64_t count_ = 0;
};

struct bench_config : node_config {
  bench_config() : node_config{{.threads = 2}} { add_replicated_messages(*this); }
};

/// One member and its groups.
struct bench_member {
  explicit bench_member(group_host_options options) : host{system, std::move(options)} {}

  void add_groups(std::size_t count) {
    const auto machine = [] { return std::make_unique<counting_machine>(); };
    const auto front = [](caf::actor_system& where, const caf::actor&) {
      return where.spawn([](caf::event_based_actor*, bool) { return caf::behavior{[](caf::unit_t) {}}; },
                         true);
    };
    for (std::size_t i = 0; i < count; ++i)
      groups.push_back(host.add("g" + std::to_string(i), machine, front));
  }

  replica_report status(std::size_t group) {
    replica_report report;
    self->request(groups[group].replica(), 30s, get_replica_status{})
        .receive([&](replica_report& what) { report = std::move(what); }, [](const caf::error&) {});
    return report;
  }

  bench_config config;
  caf::actor_system system{config};
  group_host host;
  std::vector<hosted_group> groups;
  caf::scoped_actor self{system};
};

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double resident_kib() {
  std::ifstream pages{"/proc/self/statm"};
  double all = 0;
  double resident = 0;
  pages >> all >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

class three_members {
 public:
  three_members(const plan& what, std::size_t groups) : plan_{what}, groups_{groups} {
    std::filesystem::remove_all(root_);
    for (std::uint32_t number = 1; number <= 3; ++number) start(number);
  }
  ~three_members() {
    for (auto& one : members_) one.reset();
    std::filesystem::remove_all(root_);
  }

  void start(std::uint32_t number) {
    group_host_options options;
    options.self = number;
    options.directory = root_ / std::to_string(number);
    options.quiet_after = plan_.quiet_after;
    options.listen = {"127.0.0.1", ports_[number - 1]};
    for (std::uint32_t other = 1; other <= 3; ++other)
      if (other != number) options.peers[other] = {"127.0.0.1", ports_[other - 1]};
    members_[number - 1] = std::make_unique<bench_member>(std::move(options));
    ports_[number - 1] = at(number).host.port();
    at(number).add_groups(groups_);
  }
  void stop(std::uint32_t number) { members_[number - 1].reset(); }
  bench_member& at(std::uint32_t number) { return *members_[number - 1]; }

  /// Waits until it holds for all groups at all members that are up; returns how long that took.
  template <class Holds>
  double wait_until(Holds holds) {
    const auto begin = steady::now();
    for (std::uint32_t number = 1; number <= 3; ++number)
      for (std::size_t group = members_[number - 1] ? 0 : groups_; group < groups_;) {
        if (holds(at(number).status(group))) {
          ++group;
          continue;
        }
        if (steady::now() - begin > plan_.patience)
          throw std::runtime_error{"the groups do not come to rest"};
        std::this_thread::sleep_for(5ms);
      }
    return std::chrono::duration<double>(steady::now() - begin).count();
  }

  /// Writes to the first group, with so many commands open at a time.
  double puts_per_second() {
    auto& leader = at(at(1).status(0).leader);
    const auto& target = leader.groups.front().replica();
    const submit put{static_cast<std::uint8_t>(request_kind::write), std::string(64, 'x')};
    std::uint64_t done = 0;
    const auto begin = steady::now();
    for (std::size_t i = 0; i < plan_.clients; ++i) leader.self->send(target, put);
    while (steady::now() - begin < plan_.busy)
      leader.self->receive(
          [&](const submit_result& what) {
            if (outcome{what.outcome} == outcome::done) ++done;
            leader.self->send(target, put);
          },
          caf::after(10s) >> [] { throw std::runtime_error{"the busy group does not answer"}; });
    const auto took = std::chrono::duration<double>(steady::now() - begin).count();
    for (std::size_t i = 0; i < plan_.clients; ++i)
      leader.self->receive([](const submit_result&) {}, caf::after(10s) >> [] {});
    return static_cast<double>(done) / took;
  }

 private:
  const plan& plan_;
  const std::size_t groups_;
  const std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("bulwark-groups-bench-" + std::to_string(::getpid()));
  std::array<std::uint16_t, 3> ports_{};
  std::array<std::unique_ptr<bench_member>, 3> members_;
};

void measure(const plan& what, std::size_t groups) {
  const bool quiet = what.quiet_after > 0ms;
  const auto settled = [quiet](const replica_report& one) {
    return one.leader != 0 && (!quiet || one.quiet);
  };
  const auto resident_before = resident_kib();
  three_members all{what, groups};
  const auto settled_s = all.wait_until(settled);
  const auto resident = resident_kib() - resident_before;
  const auto cpu_before = cpu_seconds();
  std::this_thread::sleep_for(what.idle);
  const auto cpu = (cpu_seconds() - cpu_before) / static_cast<double>(what.idle.count()) / 3;
  const auto puts = all.puts_per_second();
  all.wait_until(settled);
  const auto stopped = steady::now();
  all.stop(2);
  all.wait_until([](const replica_report& one) { return one.leader != 0 && one.leader != 2; });
  const auto failover = std::chrono::duration<double>(steady::now() - stopped).count();
  const auto begin = steady::now();
  all.start(2);
  all.wait_until([](const replica_report& one) { return one.leader != 0; });
  const auto recovery = std::chrono::duration<double>(steady::now() - begin).count();
  std::printf(
      "{\"groups\":%zu,\"quiet_after_ms\":%lld,\"settled_s\":%.2f,\"idle_cpu_percent_per_member\":%.3f,"
      "\"kib_per_group_and_member\":%.1f,\"puts_per_s_of_one_busy_group\":%.0f,\"failover_s\":%.2f,"
      "\"recovery_s\":%.2f}\n",
      groups, static_cast<long long>(what.quiet_after.count()), settled_s, 100 * cpu,
      resident / 3 / static_cast<double>(groups), puts, failover, recovery);
  std::fflush(stdout);
}

}  // namespace
}  // namespace bulwark::bench

int main(int argc, char** argv) {
  using namespace bulwark;
  bench::plan what;
  std::int64_t quiet_ms = what.quiet_after.count();
  std::int64_t seconds = what.idle.count();
  CLI::App app{"Measures many Paxos groups in one process.", "bulwark-groups-bench"};
  app.add_option("--groups", what.groups, "how many, separated by commas")
      ->delimiter(',')
      ->check(CLI::Range(1, 10'000));
  app.add_option("--quiet-ms", quiet_ms, "idle time before a group falls quiet; 0: never")
      ->capture_default_str()
      ->check(CLI::Range(0, 60'000));
  app.add_option("--seconds", seconds, "of each measure")->capture_default_str()->check(CLI::Range(1, 600));
  app.add_option("--clients", what.clients, "commands of the busy group that are open at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  CLI11_PARSE(app, argc, argv);
  what.quiet_after = std::chrono::milliseconds{quiet_ms};
  what.idle = what.busy = std::chrono::seconds{seconds};
  try {
    for (const auto groups : what.groups) bench::measure(what, groups);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "bulwark-groups-bench: %s\n", problem.what());
    return 1;
  }
}
