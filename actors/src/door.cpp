// SPDX-License-Identifier: BSD-3-Clause
#include <arpa/inet.h>

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <set>
#include <stdexcept>
#include <utility>

#include "basp.hpp"
#include "bulwark/actors/link.hpp"
#include "tcp_dial.hpp"
#include "tcp_stream.hpp"
#include "tls_stream.hpp"

namespace bulwark {

namespace {

/// For CAF to take a door.
constexpr duration publish_timeout = std::chrono::seconds{10};

[[noreturn]] void cannot_listen(const std::string& host, std::uint16_t port, const std::string& why) {
  throw std::runtime_error("cannot listen on " + host + ":" + std::to_string(port) + ": " + why);
}

}  // namespace

std::uint16_t open_door(caf::actor_system& system, const caf::actor& connector, const std::string& host,
                        std::uint16_t port, const std::shared_ptr<tls_endpoint>& tls) {
  auto [listener, problem] = listen_tcp({host, port});
  if (!problem.empty()) cannot_listen(host, port, problem);
  const auto opened = local_port(listener);
  auto door = tls ? make_tls_doorman(system, std::move(listener), opened, tls)
                  : make_tcp_doorman(system, std::move(listener));
  caf::error failure;
  caf::scoped_actor asker{system};
  asker
      ->request(basp_of(system), publish_timeout, caf::publish_atom_v, std::move(door), opened,
                caf::actor_cast<caf::strong_actor_ptr>(connector), std::set<std::string>{})
      .receive([] {}, [&](caf::error& why) { failure = std::move(why); });
  if (failure) cannot_listen(host, port, error_text(failure));
  return opened;
}

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  in_addr address{};
  return ::inet_pton(AF_INET, std::string{host}.c_str(), &address) == 1 &&
         (ntohl(address.s_addr) >> 24) == 127;
}

}  // namespace bulwark
