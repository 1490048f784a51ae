// SPDX-License-Identifier: BSD-3-Clause
#include "packet_lane.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/io/basp/header.hpp>
#include <caf/io/basp/instance.hpp>
#include <caf/scoped_execution_unit.hpp>
#include <utility>
#include <vector>

#include "basp.hpp"
#include "tcp_stream.hpp"

namespace bulwark {

namespace {

/// About what the message of CAF around the bytes of a packet takes.
constexpr std::size_t around_bytes = 128;

/// In the network's thread.
void tell_lane(const caf::actor& link, const caf::actor& remote, std::uint64_t session) {
  lane_found found{session, nullptr};
  if (const auto connection = connection_to(remote.node(), basp_of(link->home_system())))
    if (auto output = output_of(*connection))
      found.lane = std::make_shared<const packet_lane>(std::move(output), link, remote);
  caf::anon_send(link, std::move(found));
}

}  // namespace

bool packet_lane::send(wire::packet packet) const {
  using namespace caf::io::basp;
  std::vector<char> frame;
  frame.reserve(packet.bytes.size() + around_bytes);
  auto content = caf::make_message(std::move(packet));
  std::vector<caf::strong_actor_ptr> no_stack;
  auto payload =
      caf::make_callback([&](caf::serializer& sink) -> caf::error { return sink(no_stack, content); });
  header head{message_type::direct_message, 0, 0, caf::make_message_id().integer_value(), from_, to_};
  caf::scoped_execution_unit context{&system_};
  instance::write(&context, frame, head, &payload);
  return output_->write({frame.data(), frame.size()});
}

void find_lane(const caf::actor& link, const caf::actor& remote, std::uint64_t session) {
  auto& network = link->home_system().middleman().backend();
  // Twice: what CAF's broker was sent before is written by the first, and goes out before the second.
  network.post([&network, link, remote, session] {
    network.post([link, remote, session] { tell_lane(link, remote, session); });
  });
}

}  // namespace bulwark
