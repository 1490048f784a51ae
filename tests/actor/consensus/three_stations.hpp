// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <caf/all.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/actors/certificates.hpp"
#include "bulwark/actors/node_config.hpp"
#include "bulwark/consensus/messages.hpp"
#include "bulwark/consensus/replicated.hpp"

namespace bulwark::test {

/// With the id blocks of a test's own messages.
template <class... Blocks>
struct replicated_config : node_config {
  replicated_config() : node_config{{.threads = 2}} {
    consensus::add_replicated_messages(*this);
    (this->template add_message_types<Blocks>(), ...);
  }
};

/// One process' worth of a replicated<T>.
template <class T, class... Blocks>
struct station {
  explicit station(consensus::group_member_options options)
      : service{system, std::move(options)}, self{system} {}

  template <class Reply, class... Words>
  Reply call(Words... words) {
    Reply reply{};
    problem = {};
    self->request(service.ref(), std::chrono::seconds{20}, std::move(words)...)
        .receive([&](Reply what) { reply = std::move(what); },
                 [&](caf::error& why) { problem = std::move(why); });
    return reply;
  }

  replicated_config<Blocks...> config;
  caf::actor_system system{config};
  consensus::replicated<T> service;
  caf::scoped_actor self;
  caf::error problem;  ///< of the last call
};

/// Three members in three actor systems of this process, over loopback and real logs.
template <class T, class... Blocks>
class three_stations : public testing::Test {
 protected:
  enum class connections { plain, tls };

  /// `voters`: who votes at first; none: all.
  explicit three_stations(std::vector<std::uint32_t> voters = {}, connections are = connections::plain)
      : voters_{std::move(voters)}, tls_{are == connections::tls} {
    std::filesystem::remove_all(root_);
    if (tls_) make_certificates({.directory = root_ / "tls", .cluster = "default", .nodes = {1, 2, 3}});
    for (std::uint32_t number = 1; number <= 3; ++number) start(number);
  }
  ~three_stations() override {
    for (auto& one : stations_) one.reset();
    std::filesystem::remove_all(root_);
  }

  void start(std::uint32_t number) {
    consensus::group_member_options options;
    options.self = number;
    options.voters = voters_;
    if (tls_) options.tls = certificate_files(root_ / "tls", number);
    options.directory = root_ / std::to_string(number);
    options.interval = std::chrono::milliseconds{40};
    options.timeout = std::chrono::milliseconds{160};
    // The higher number dials, so that it alone must know the port of the other.
    options.listen = {"127.0.0.1", ports_[number - 1]};
    for (std::uint32_t other = 1; other <= 3; ++other)
      if (other != number) options.peers[other] = {"127.0.0.1", ports_[other - 1]};
    stations_[number - 1] = std::make_unique<station<T, Blocks...>>(std::move(options));
    ports_[number - 1] = stations_[number - 1]->service.member().port();
  }
  void stop(std::uint32_t number) { stations_[number - 1].reset(); }
  station<T, Blocks...>& at(std::uint32_t number) { return *stations_[number - 1]; }

  /// The member that leads as another one sees it; waits until there is one other than `except`.
  std::uint32_t leader_seen_by(std::uint32_t number, std::uint32_t except = 0) {
    consensus::replica_report report;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while ((report.leader == 0 || report.leader == except) && std::chrono::steady_clock::now() < end)
      at(number)
          .self
          ->request(at(number).service.member().replica(), std::chrono::seconds{20},
                    consensus::get_replica_status{})
          .receive([&](const consensus::replica_report& what) { report = what; }, [](const caf::error&) {});
    return report.leader;
  }

 private:
  const std::vector<std::uint32_t> voters_;
  const bool tls_;
  const std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("bulwark-replicated-" + std::to_string(::getpid()));
  std::array<std::uint16_t, 3> ports_{};
  std::array<std::unique_ptr<station<T, Blocks...>>, 3> stations_;
};

}  // namespace bulwark::test
