// SPDX-License-Identifier: BSD-3-Clause
#include "event_feed.hpp"

#include <algorithm>
#include <caf/all.hpp>
#include <optional>
#include <utility>

#include "bulwark/actors/service_actor.hpp"

namespace bulwark {

namespace {

/// There are events.
struct courier_wake {};

/// A storm has to be accounted for.
struct courier_tick {};

constexpr std::size_t batch_size = 64;

}  // namespace
}  // namespace bulwark

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::courier_wake)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::courier_tick)

namespace bulwark {

namespace {

/// Carries events to one subscriber, a batch at a time, at the pace of the subscriber: each batch is a
/// request, and its answer lets the next one go.
class event_courier final : public service_actor {
 public:
  event_courier(caf::actor_config& config, std::shared_ptr<event_feed> feed,
                std::shared_ptr<event_outlet> outlet, const subscribe_events& order)
      : service_actor{config},
        feed_{std::move(feed)},
        outlet_{std::move(outlet)},
        subscriber_{caf::actor_cast<caf::actor_addr>(order.subscriber)} {
    if (order.storms) filter_.emplace(*order.storms);
  }

  const char* name() const override { return "bulwark.event_courier"; }

  caf::behavior make_behavior() override {
    set_down_handler([this](const caf::down_msg&) { quit(); });
    monitor(subscriber_);
    return {[this](courier_wake) { deliver(); },
            [this](courier_tick) {
              timer_.reset();
              deliver();
            }};
  }

  void on_exit() override {
    feed_->forget(outlet_);
    feed_.reset();
  }

 private:
  void deliver() {
    if (outlet_->is_closed()) return deliver_last();
    if (under_way_) return;  // its answer goes on here
    event_batch batch;
    do {
      batch = outlet_->take(batch_size);
      if (batch.empty()) break;
      thin_out(batch.events);
    } while (batch.empty());
    if (batch.empty()) tell_of_storms(batch.events);
    set_timer();
    if (batch.empty()) return;
    const auto reader = caf::actor_cast<caf::actor>(subscriber_);
    if (!reader) return quit();
    under_way_ = true;
    request(reader, caf::infinite, std::move(batch))
        .then(
            [this] {
              under_way_ = false;
              deliver();
            },
            [this](const caf::error&) { quit(); });
  }

  /// All at once, since nobody is left to wait for its answer.
  void deliver_last() {
    auto batch = outlet_->take(subscribe_events::capacity_max);
    thin_out(batch.events);
    if (filter_) filter_->flush(clock().now(), batch.events);
    if (const auto reader = caf::actor_cast<caf::actor>(subscriber_); reader && !batch.empty())
      send(reader, std::move(batch));
    quit();
  }

  void thin_out(std::vector<supervision_event>& events) {
    if (!filter_) return;
    std::vector<supervision_event> told;
    for (const auto& event : events) filter_->step(event, told);
    events = std::move(told);
  }

  void tell_of_storms(std::vector<supervision_event>& events) {
    if (filter_) filter_->tick(clock().now(), events);
  }

  void set_timer() {
    if (!filter_) return;
    const auto due = filter_->next_wakeup();
    if (!due || (timer_ && *timer_ <= *due)) return;  // one that comes too early does no harm
    timer_ = due;
    scheduled_send(this, *due, courier_tick{});
  }

  std::shared_ptr<event_feed> feed_;
  const std::shared_ptr<event_outlet> outlet_;
  const caf::actor_addr subscriber_;
  std::optional<storm_filter> filter_;
  std::optional<instant> timer_;
  bool under_way_ = false;
};

}  // namespace

// -- what waits for one ---------------------------------------------------------------------------

bool event_outlet::push(const supervision_event& event) {
  const std::lock_guard guard{mutex_};
  queue_.push(event);
  return !std::exchange(awake_, true);
}

event_batch event_outlet::take(std::size_t count_max) {
  const std::lock_guard guard{mutex_};
  auto batch = queue_.take(count_max);
  if (batch.empty()) awake_ = false;
  return batch;
}

void event_outlet::close() {
  const std::lock_guard guard{mutex_};
  closed_ = true;
}

bool event_outlet::is_closed() const {
  const std::lock_guard guard{mutex_};
  return closed_;
}

// -- all of them ----------------------------------------------------------------------------------

void event_feed::publish(const supervision_event& event) {
  if (!is_wanted()) return;
  const std::lock_guard guard{mutex_};
  for (const auto& one : subscriptions_)
    if (one.outlet->push(event)) caf::anon_send(one.courier, courier_wake{});
}

std::string event_feed::subscribe(caf::actor_system& system, const subscribe_events& order) {
  if (!order.subscriber) return "a subscriber is missing";
  if (order.capacity == 0 || order.capacity > subscribe_events::capacity_max)
    return "the capacity of a subscription has to be 1 to " + std::to_string(subscribe_events::capacity_max);
  if (order.storms)
    if (auto problem = order.storms->validate(); !problem.empty()) return problem;
  unsubscribe(order.subscriber);
  const std::lock_guard guard{mutex_};
  if (closed_) return "the tree has ended";
  if (subscriptions_.size() == subscribe_events::subscribers_max)
    return "there are " + std::to_string(subscribe_events::subscribers_max) + " subscribers already";
  auto outlet = std::make_shared<event_outlet>(order.capacity);
  auto courier = system.spawn<event_courier>(shared_from_this(), outlet, order);
  subscriptions_.push_back({order.subscriber.address(), std::move(courier), std::move(outlet)});
  count_ = subscriptions_.size();
  return {};
}

bool event_feed::unsubscribe(const caf::actor& subscriber) {
  const std::lock_guard guard{mutex_};
  const auto at = std::ranges::find(subscriptions_, subscriber.address(), &subscription::subscriber);
  if (at == subscriptions_.end()) return false;
  caf::anon_send_exit(at->courier, caf::exit_reason::user_shutdown);
  subscriptions_.erase(at);
  count_ = subscriptions_.size();
  return true;
}

void event_feed::forget(const std::shared_ptr<event_outlet>& outlet) {
  const std::lock_guard guard{mutex_};
  std::erase_if(subscriptions_, [&](const subscription& one) { return one.outlet == outlet; });
  count_ = subscriptions_.size();
}

void event_feed::close() {
  const std::lock_guard guard{mutex_};
  closed_ = true;
  for (const auto& one : subscriptions_) {
    one.outlet->close();
    caf::anon_send(one.courier, courier_wake{});
  }
}

}  // namespace bulwark
