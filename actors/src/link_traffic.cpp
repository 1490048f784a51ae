// SPDX-License-Identifier: BSD-3-Clause
#include "link_traffic.hpp"

#include <caf/all.hpp>
#include <utility>

namespace bulwark {

namespace {

/// The content of an element, copied if others hold it as well.
template <class Content>
Content content_of(caf::mailbox_element& element) {
  auto& all = element.content();
  if (all.shared()) return all.get_as<Content>(0);
  return std::move(all.get_mutable_as<Content>(0));
}

}  // namespace

link_traffic::link_traffic(const link_options& options)
    : peer_{options.peer},
      subscribers_{options.subscribers},
      windows_{options.windows},
      last_heard_{options.heard} {}

link_traffic::result link_traffic::take(caf::mailbox_element& element, const caf::actor& self, instant now) {
  const auto& content = std::as_const(element).content();
  if (content.match_elements<peer_packet>()) return send_out(content_of<peer_packet>(element), self);
  if (content.match_elements<wire::credit>())
    return {take_back(content.get_as<wire::credit>(0), now) ? verdict::done : verdict::not_mine};
  if (!content.match_elements<wire::packet>()) return {};
  if (content.shared()) {
    auto copy = content.get_as<wire::packet>(0);
    return take_in(copy, now);
  }
  return take_in(element.content().get_mutable_as<wire::packet>(0), now);
}

link_traffic::result link_traffic::send_out(peer_packet&& out, const caf::actor& self) {
  constexpr result done{verdict::done};
  if (out.channel >= link_channels || out.peer != peer_) return done;
  std::unique_lock guard{mutex_};
  if (session_ == 0) {
    ++dropped_closed_;
    return done;
  }
  if (!out_[out.channel].take(out.bytes.size())) {
    ++dropped_credit_;
    return done;
  }
  ++packets_sent_;
  wire::packet packet{session_, out.channel, std::move(out.bytes)};
  if (is_held_) {
    held_.push_back(std::move(packet));
  } else if (!lane_) {
    transmit(std::move(packet), self);
  } else {
    const auto lane = lane_;
    guard.unlock();
    lane->send(std::move(packet));
  }
  return done;
}

void link_traffic::go(std::uint64_t session, std::shared_ptr<const packet_lane> lane,
                      const caf::actor& self) {
  std::lock_guard guard{mutex_};
  if (!is_held_ || session != session_) return;
  is_held_ = false;
  lane_ = std::move(lane);
  for (auto& packet : std::exchange(held_, {})) transmit(std::move(packet), self);
}

/// A lane that does not take it is that of a session that is over, of which the link is about to hear.
void link_traffic::transmit(wire::packet&& out, const caf::actor& self) const {
  if (lane_)
    lane_->send(std::move(out));
  else
    caf::send_as(self, remote_, std::move(out));
}

link_traffic::result link_traffic::take_in(wire::packet& in, instant now) {
  std::lock_guard guard{mutex_};
  if (queued_ > 0 || !deliver(in, now)) {
    ++queued_;
    return {};
  }
  if (in.channel >= link_channels || settling_[in.channel] || !in_[in.channel].many()) return {verdict::done};
  settling_[in.channel] = true;
  return {verdict::settle_due, in.channel};
}

bool link_traffic::take_queued(wire::packet& in, instant now) {
  std::lock_guard guard{mutex_};
  if (queued_ > 0) --queued_;  // a request was never counted
  return deliver(in, now);
}

bool link_traffic::deliver(wire::packet& in, instant now) {
  if (session_ == 0 || in.session != session_) return false;
  if (in.channel >= link_channels) return true;
  note_sign_of_life(now);
  ++packets_received_;
  in_[in.channel].came(in.bytes.size());
  if (const auto& taker = subscribers_[in.channel])
    caf::anon_send(taker, peer_packet{peer_, in.channel, std::move(in.bytes)});
  return true;
}

void link_traffic::note_sign_of_life(instant now) {
  heard_at_ = now;
  if (last_heard_) last_heard_->set(now);
}

bool link_traffic::take_back(const wire::credit& back, instant now) {
  std::lock_guard guard{mutex_};
  if (session_ == 0 || back.session != session_) return false;
  note_sign_of_life(now);
  if (back.channel < link_channels) out_[back.channel].give_back(back.messages, back.bytes);
  return true;
}

void link_traffic::open(std::uint64_t session, const caf::actor& remote,
                        const std::vector<wire::window>& granted, instant now,
                        const std::function<void()>& tell) {
  std::lock_guard guard{mutex_};
  session_ = session;
  remote_ = remote;
  is_held_ = true;
  held_.clear();
  lane_.reset();
  for (std::size_t i = 0; i < link_channels; ++i) {
    const auto window = i < granted.size() ? granted[i] : wire::window{};
    out_[i] = outgoing_credit{{window.messages, window.bytes}};
    in_[i] = incoming_credit{windows_[i]};
    settling_[i] = false;
  }
  heard_at_ = now;
  tell();
}

void link_traffic::close(const std::function<void()>& tell) {
  caf::actor last;  // released after the lock: its end may run code
  std::lock_guard guard{mutex_};
  session_ = 0;
  last = std::exchange(remote_, {});
  is_held_ = false;
  held_.clear();
  lane_.reset();
  tell();
}

credit_window link_traffic::settle(std::size_t channel) {
  std::lock_guard guard{mutex_};
  settling_[channel] = false;
  return in_[channel].take();
}

instant link_traffic::heard_at() const {
  std::lock_guard guard{mutex_};
  return heard_at_;
}

void link_traffic::hear(instant now) {
  std::lock_guard guard{mutex_};
  heard_at_ = now;
}

void link_traffic::add_to(link_report& report) const {
  std::lock_guard guard{mutex_};
  report.packets_sent = packets_sent_;
  report.packets_received = packets_received_;
  report.dropped_down = dropped_closed_;
  report.dropped_credit = dropped_credit_;
  for (const auto& one : out_) report.bytes_unacknowledged += session_ != 0 ? one.bytes_under_way() : 0;
}

}  // namespace bulwark
