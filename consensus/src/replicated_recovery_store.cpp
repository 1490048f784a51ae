// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/replicated_recovery_store.hpp"

#include <algorithm>
#include <caf/all.hpp>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <variant>

#include "bulwark/consensus/replicated.hpp"

namespace bulwark::consensus {

// -- the state ---------------------------------------------------------------------------------------

bool recovery_shelves::apply(const keep_point& what) {
  if (what.bytes.size() > point_bytes_max)
    throw std::length_error{"a recovery point of " + std::to_string(what.bytes.size()) +
                            " bytes; expected at most " + std::to_string(point_bytes_max)};
  auto& shelf = shelves[what.shelf];
  shelf[what.number] = what.bytes;
  for (const auto old : what.drop)
    if (old != what.number) shelf.erase(old);
  return true;
}

bool recovery_shelves::apply(const set_point_aside& what) {
  const auto shelf = shelves.find(what.shelf);
  if (shelf == shelves.end()) return false;
  auto point = shelf->second.extract(what.number);
  if (point.empty()) return false;
  aside[what.shelf] = {what.number, std::move(point.mapped())};
  return true;
}

point_numbers recovery_shelves::answer(const list_points& what) const {
  point_numbers found;
  if (const auto shelf = shelves.find(what.shelf); shelf != shelves.end())
    for (const auto& point : shelf->second) found.all.push_back(point.first);
  return found;
}

point_bytes recovery_shelves::answer(const read_point& what) const {
  const auto shelf = shelves.find(what.shelf);
  if (shelf == shelves.end()) return {};
  const auto point = shelf->second.find(what.number);
  return point == shelf->second.end() ? point_bytes{} : point_bytes{true, point->second};
}

// -- the store ---------------------------------------------------------------------------------------

namespace {

constexpr std::size_t orders_waiting_max = 2;  ///< one that is under way, and one behind it
constexpr auto ask_again_after = std::chrono::milliseconds{50};

/// To ask again may help, and does no harm.
bool may_pass(const caf::error& problem) {
  return problem == replicated_error::not_done || problem == replicated_error::no_leader ||
         problem == replicated_error::overloaded || problem == replicated_error::unknown;
}

class replicated_recovery_store final : public recovery_store {
 public:
  replicated_recovery_store(caf::actor_system& system, caf::actor service, std::string shelf,
                            duration patience)
      : system_{system}, service_{std::move(service)}, shelf_{std::move(shelf)}, patience_{patience} {
    caf::scoped_actor self{system_};
    const auto numbers = ask<point_numbers>(self, list_points{shelf_});
    for (const auto number : numbers.all)
      if (auto point = ask<point_bytes>(self, read_point{shelf_, number}); point.there)
        points_.emplace(number, std::move(point.bytes));
    writer_ = std::jthread{[this](const std::stop_token& stop) { carry_out(stop); }};
  }

  /// What waits is written first.
  ~replicated_recovery_store() override {
    writer_.request_stop();
    writer_.join();
  }

  std::vector<std::uint64_t> numbers() const override {
    const std::lock_guard guard{mutex_};
    std::vector<std::uint64_t> all;
    for (const auto& point : points_) all.push_back(point.first);
    return all;
  }

  std::optional<std::string> read(std::uint64_t number) const override {
    const std::lock_guard guard{mutex_};
    const auto found = points_.find(number);
    return found == points_.end() ? std::nullopt : std::optional{found->second};
  }

  void write(std::uint64_t number, std::string bytes, const std::vector<std::uint64_t>& drop) override {
    std::unique_lock guard{mutex_};
    changed_.wait(guard, [this] { return orders_.size() < orders_waiting_max; });
    order one{keep_point{shelf_, number, bytes, drop}, {}};
    for (const auto old : drop)
      if (auto point = points_.extract(old); !point.empty())
        one.dropped.emplace(point.key(), std::move(point.mapped()));
    points_[number] = std::move(bytes);
    orders_.push_back(std::move(one));
    guard.unlock();
    changed_.notify_all();
  }

  void set_aside(std::uint64_t number) override {
    const std::lock_guard guard{mutex_};
    points_.erase(number);
    orders_.push_back({set_point_aside{shelf_, number}, {}});
    changed_.notify_all();
  }

  lost_point lost() override {
    const std::lock_guard guard{mutex_};
    return std::exchange(lost_, {});
  }

  void flush() override {
    std::unique_lock guard{mutex_};
    changed_.wait(guard, [this] { return orders_.empty(); });
    if (const auto what = std::exchange(lost_, {}); what.why) std::rethrow_exception(what.why);
  }

 private:
  struct order {
    std::variant<keep_point, set_point_aside> what;
    std::map<std::uint64_t, std::string> dropped;  ///< there again if it cannot be carried out
  };

  /// Throws std::runtime_error.
  template <class Reply, class Message>
  Reply ask(caf::scoped_actor& self, const Message& what) const {
    const auto until = std::chrono::steady_clock::now() + patience_;
    for (;;) {
      std::optional<Reply> reply;
      caf::error problem;
      self->request(service_, caf::duration{patience_}, what)
          .receive([&](Reply& found) { reply = std::move(found); },
                   [&](caf::error& why) { problem = std::move(why); });
      if (reply) return *std::move(reply);
      if (!may_pass(problem) || std::chrono::steady_clock::now() >= until)
        throw std::runtime_error{"recovery points of \"" + shelf_ + "\": " + system_.render(problem)};
      std::this_thread::sleep_for(ask_again_after);
    }
  }

  void carry_out(const std::stop_token& stop) {
    caf::scoped_actor self{system_};
    std::unique_lock guard{mutex_};
    for (;;) {
      changed_.wait(guard, stop, [this] { return !orders_.empty(); });
      if (orders_.empty()) return;
      const auto what = orders_.front().what;  // stays in the queue while it is under way
      guard.unlock();
      std::exception_ptr why;
      try {
        std::visit([&](const auto& one) { ask<bool>(self, one); }, what);
      } catch (...) {
        why = std::current_exception();
      }
      guard.lock();
      if (const auto* kept = std::get_if<keep_point>(&what); kept && why) give_up(kept->number, why);
      orders_.pop_front();
      changed_.notify_all();
    }
  }

  void give_up(std::uint64_t number, const std::exception_ptr& why) {
    points_.erase(number);
    for (auto& later : orders_) later.dropped.erase(number);  // it does not come back if they fail as well
    points_.merge(orders_.front().dropped);
    lost_ = {number, why};
  }

  caf::actor_system& system_;
  const caf::actor service_;
  const std::string shelf_;
  const duration patience_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::uint64_t, std::string> points_;
  std::deque<order> orders_;  ///< the first is under way
  lost_point lost_;
  std::jthread writer_;
};

}  // namespace

std::shared_ptr<recovery_store> make_replicated_recovery_store(caf::actor_system& system, caf::actor service,
                                                               std::string shelf, duration patience) {
  return std::make_shared<replicated_recovery_store>(system, std::move(service), std::move(shelf), patience);
}

}  // namespace bulwark::consensus
