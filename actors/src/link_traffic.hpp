// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <caf/actor.hpp>
#include <caf/mailbox_element.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/actors/link.hpp"
#include "bulwark/actors/messages.hpp"
#include "link_credit.hpp"
#include "link_messages.hpp"
#include "packet_lane.hpp"

namespace bulwark {

/// The packets of a link, and their credit. They are handled in the thread that brings them, that of a sender
/// or of the network: a turn of the link itself would cost more than all there is to do.
///
///     closed --open--> open, held --go--> open --close--> closed
///
/// What is sent while it is held, before the way to the peer is known, goes out first when that is.
/// Packets from the peer that come too early, before its welcome was read, must go through the mailbox of the
/// link; while some are in there, others follow them, so that the order stays.
///
/// Thread-safe. Holds its lock while it enqueues: subscribers and the remote end must do no more than put
/// messages into mailboxes. Once packets go, a lane is written to without the lock.
class link_traffic {
 public:
  explicit link_traffic(const link_options& options);

  enum class verdict : std::uint8_t {
    not_mine,   ///< it goes to the mailbox
    done,       ///< nothing is left to do
    settle_due  ///< done, and the link must settle() the channel of the packet
  };
  struct result {
    verdict what = verdict::not_mine;
    std::uint8_t channel = 0;
  };

  /// Handles an element that carries a packet or credit, if it can. `self` is the link.
  result take(caf::mailbox_element& element, const caf::actor& self, instant now);

  /// Handles a packet that went through the mailbox; false if it belongs to no session that is open.
  bool take_queued(wire::packet& in, instant now);

  /// Opens a session, and runs `tell` before any packet passes.
  void open(std::uint64_t session, const caf::actor& remote, const std::vector<wire::window>& granted,
            instant now, const std::function<void()>& tell);

  /// Packets of this session go out from now on, by the lane if there is one, else by CAF's way. `self` is
  /// the link.
  void go(std::uint64_t session, std::shared_ptr<const packet_lane> lane, const caf::actor& self);

  /// Ends it. No packet passes once `tell` runs.
  void close(const std::function<void()>& tell);

  /// What came in on a channel since the last call, to be given back once the subscriber took it.
  [[nodiscard]] credit_window settle(std::size_t channel);

  [[nodiscard]] instant heard_at() const;
  void hear(instant now);

  /// Fills in the counts.
  void add_to(link_report& report) const;

 private:
  result send_out(peer_packet&& out, const caf::actor& self);
  result take_in(wire::packet& in, instant now);
  bool take_back(const wire::credit& back, instant now);
  bool deliver(wire::packet& in, instant now);
  void note_sign_of_life(instant now);
  void transmit(wire::packet&& out, const caf::actor& self) const;

  const std::uint32_t peer_;
  const std::array<caf::actor, link_channels> subscribers_;
  const std::array<credit_window, link_channels> windows_;
  const std::shared_ptr<last_heard> last_heard_;  ///< may be empty

  mutable std::mutex mutex_;
  std::uint64_t session_ = 0;  ///< 0 if closed
  caf::actor remote_;
  bool is_held_ = false;
  std::vector<wire::packet> held_;  ///< no more than there is credit
  std::shared_ptr<const packet_lane> lane_;
  std::array<outgoing_credit, link_channels> out_;
  std::array<incoming_credit, link_channels> in_;
  std::array<bool, link_channels> settling_{};
  std::size_t queued_ = 0;  ///< packets from the peer in the mailbox
  instant heard_at_{};
  std::uint64_t packets_sent_ = 0, packets_received_ = 0, dropped_closed_ = 0, dropped_credit_ = 0;
};

}  // namespace bulwark
