// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <caf/all.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/consensus/group_exchange.hpp"
#include "bulwark/consensus/group_host.hpp"
#include "bulwark/consensus/messages.hpp"
#include "bulwark/consensus/replicated.hpp"
#include "bulwark/testkit/eventually.hpp"
#include "counter.hpp"
#include "three_stations.hpp"

namespace bulwark::test {

/// One process' worth of a host of counters.
struct hosting_station {
  explicit hosting_station(consensus::group_host_options options) : host{system, std::move(options)} {}

  void add_group(const std::string& name, consensus::group_id id = {}) {
    groups[name] = std::make_unique<consensus::replicated<counters>>(host, name, id);
  }

  template <class Reply, class... Words>
  Reply call(const caf::actor& whom, Words... words) {
    Reply reply{};
    problem = {};
    self->request(whom, std::chrono::seconds{20}, std::move(words)...)
        .receive([&](Reply what) { reply = std::move(what); },
                 [&](caf::error& why) { problem = std::move(why); });
    return reply;
  }
  consensus::replica_report status(const std::string& group) {
    return call<consensus::replica_report>(groups.at(group)->replica(), consensus::get_replica_status{});
  }

  replicated_config<caf::id_block::counter_messages> config;
  caf::actor_system system{config};
  consensus::group_host host;
  std::map<std::string, std::unique_ptr<consensus::replicated<counters>>> groups;
  caf::scoped_actor self{system};
  caf::error problem;  ///< of the last call
};

/// Three hosts in three actor systems of this process, over loopback and real logs.
class hosting_stations : public testing::Test {
 protected:
  explicit hosting_stations(std::vector<std::string> names, duration quiet_after = duration{0})
      : names_{std::move(names)}, quiet_after_{quiet_after} {
    std::filesystem::remove_all(root_);
    for (std::uint32_t number = 1; number <= 3; ++number) start(number);
  }
  ~hosting_stations() override {
    for (auto& one : stations_) one.reset();
    std::filesystem::remove_all(root_);
  }

  void start(std::uint32_t number) {
    consensus::group_host_options options;
    options.self = number;
    options.directory = root_ / std::to_string(number);
    options.interval = std::chrono::milliseconds{40};
    options.timeout = std::chrono::milliseconds{160};
    options.quiet_after = quiet_after_;
    options.listen = {"127.0.0.1", ports_[number - 1]};
    for (std::uint32_t other = 1; other <= 3; ++other)
      if (other != number) options.peers[other] = {"127.0.0.1", ports_[other - 1]};
    stations_[number - 1] = std::make_unique<hosting_station>(std::move(options));
    ports_[number - 1] = at(number).host.port();
    for (const auto& name : names_) at(number).add_group(name);
  }
  void stop(std::uint32_t number) { stations_[number - 1].reset(); }
  [[nodiscard]] bool is_up(std::uint32_t number) const { return stations_[number - 1] != nullptr; }
  hosting_station& at(std::uint32_t number) { return *stations_[number - 1]; }

  std::int64_t add_to(std::uint32_t number, const std::string& group, std::int64_t amount) {
    std::int64_t total = 0;
    // However often it takes to get an answer, it is done once.
    const consensus::session_key once{"caller " + std::to_string(++calls_), 1};
    EVENTUALLY(patience, (total = at(number).call<std::int64_t>(at(number).groups.at(group)->ref(), once,
                                                                add{"n", amount}),
                          !at(number).problem));
    return total;
  }
  std::int64_t total_at(std::uint32_t number, const std::string& group) {
    std::int64_t total = 0;
    EVENTUALLY(patience, (total = at(number).call<std::int64_t>(at(number).groups.at(group)->ref(), get{"n"}),
                          !at(number).problem));
    return total;
  }

  /// The ballot under which all that are up follow a leader; waits until there is one other than `except`.
  std::string ballot_of(const std::string& group, const std::string& except = {}) {
    std::string agreed;
    EVENTUALLY(patience, [&] {
      agreed.clear();
      for (std::uint32_t number = 1; number <= 3; ++number) {
        if (!is_up(number)) continue;
        const auto report = at(number).status(group);
        if (report.leader == 0 || !is_up(report.leader) || report.ballot == except) return false;
        if (!agreed.empty() && agreed != report.ballot) return false;
        agreed = report.ballot;
      }
      return true;
    }());
    return agreed;
  }
  std::uint32_t leader_of(const std::string& group) {
    ballot_of(group);
    for (std::uint32_t number = 1; number <= 3; ++number)
      if (is_up(number)) return at(number).status(group).leader;
    return 0;
  }

  static constexpr std::chrono::seconds patience{30};

 private:
  std::uint64_t calls_ = 0;
  const std::vector<std::string> names_;
  const duration quiet_after_;
  const std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("bulwark-hosts-" + std::to_string(::getpid()));
  std::array<std::uint16_t, 3> ports_{};
  std::array<std::unique_ptr<hosting_station>, 3> stations_;
};

}  // namespace bulwark::test
