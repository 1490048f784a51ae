// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <unistd.h>

#include <array>
#include <caf/all.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "bulwark/actors/node_config.hpp"
#include "bulwark/consensus/replicated.hpp"

namespace example {

/// Three members of a group, as three nodes would run them: each has an actor system, a port on loopback and
/// a directory of its own. Here they live in one process, so that the example can stop and start them.
///
/// `Messages` is the caf::id_block with the type ids of T's messages.
template <class T, class Messages>
class three_members {
 public:
  three_members() {
    for (std::uint32_t number = 1; number <= 3; ++number) start(number);
  }
  ~three_members() {
    for (auto& one : members_) one.reset();
    std::filesystem::remove_all(root_);
  }

  void start(std::uint32_t number) {
    bulwark::consensus::group_member_options options;
    options.cluster = "example";
    options.self = number;
    options.directory = root_ / std::to_string(number);
    options.listen = {"127.0.0.1", ports_[number - 1]};  // 0 the first time: any that is free
    // Of two members the one with the higher number dials, so it alone has to know the other's port.
    for (std::uint32_t other = 1; other <= 3; ++other)
      if (other != number) options.peers[other] = {"127.0.0.1", ports_[other - 1]};
    members_[number - 1] = std::make_unique<member>(std::move(options));
    ports_[number - 1] = members_[number - 1]->service.member().port();
  }

  void stop(std::uint32_t number) { members_[number - 1].reset(); }

  /// Asks one member and prints what came of it. A default reply if that was an error.
  template <class Reply, class... Words>
  Reply ask(std::uint32_t number, const Words&... words) {
    Reply reply{};
    auto& one = *members_[number - 1];
    caf::scoped_actor self{one.system};
    self->request(one.service.ref(), std::chrono::seconds{10}, words...)
        .receive([&](const Reply& what) { reply = what; },
                 [&](const caf::error& why) {
                   std::cout << "member " << number << ": " << one.system.render(why) << "\n";
                 });
    return reply;
  }

 private:
  struct config : bulwark::node_config {
    config() : node_config{{.threads = 2}} {
      bulwark::consensus::add_replicated_messages(*this);
      this->template add_message_types<Messages>();
    }
  };

  struct member {
    explicit member(bulwark::consensus::group_member_options options) : service{system, std::move(options)} {}

    config settings;
    caf::actor_system system{settings};
    bulwark::consensus::replicated<T> service;
  };

  const std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("bulwark-example-" + std::to_string(::getpid()));
  std::array<std::uint16_t, 3> ports_{};
  std::array<std::unique_ptr<member>, 3> members_;
};

}  // namespace example
