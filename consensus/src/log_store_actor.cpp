// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/log_store_actor.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "actor_base.hpp"

namespace bulwark::consensus {
namespace {

/// Ends a turn: everything that was in the mailbox before it has been taken in.
struct write_now {};

/// There may be room on the disk again.
struct install_now {};

}  // namespace
}  // namespace bulwark::consensus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::write_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::install_now)

namespace bulwark::consensus {
namespace {

class log_store_actor final : public actor_base {
 public:
  log_store_actor(caf::actor_config& config, log_store_actor_options options)
      : actor_base{config, false}, options_{std::move(options)} {}

  const char* name() const override { return "bulwark.log"; }

  caf::behavior make_behavior() override {
    if (!guarded([this] { store_ = options_.open(); })) return {};
    if (options_.on_ready) options_.on_ready();
    return {
        [this](log_append& what) { return take(std::move(what.records)); },
        [this](const log_recover& what) { return recover(what.group); },
        [this](const log_read& what) { return read(what); },
        [this](write_now) { write(); },
        [this](log_save_snapshot& what) { return save(std::move(what)); },
        [this](const log_read_snapshot& what) { return read(what); },
        [this](install_now) { install(); },
    };
  }

  void on_exit() override {
    for (auto& append : waiting_) append.promise.deliver(caf::make_error(caf::sec::request_receiver_down));
    for (auto& one : installs_) one.promise.deliver(caf::make_error(caf::sec::request_receiver_down));
    waiting_.clear();
    installs_.clear();
    store_.reset();
  }

 private:
  struct waiting_append {
    std::vector<group_record> records;
    caf::typed_response_promise<log_appended> promise;
    caf::strong_actor_ptr sender;
    bool told_to_wait = false;
  };

  struct waiting_snapshot {
    log_save_snapshot what;
    caf::typed_response_promise<log_snapshot_saved> promise;
  };

  /// Quits if the action fails; false then.
  template <class Action>
  bool guarded(Action&& action) {
    try {
      action();
      return true;
    } catch (const log_failure& failure) {
      quit(to_error(failure));
      return false;
    }
  }

  caf::typed_response_promise<log_appended> take(std::vector<group_record> records) {
    auto asker = current_sender();  // the promise takes it away
    auto promise = make_response_promise<log_appended>();
    waiting_.push_back({std::move(records), promise, std::move(asker)});
    // Not written at once: what else is in the mailbox already can share the fsync.
    if (!std::exchange(write_scheduled_, true)) send(this, write_now{});
    return promise;
  }

  void write() {
    write_scheduled_ = false;
    if (waiting_.empty()) return;
    batch_.clear();
    for (const auto& append : waiting_)
      batch_.insert(batch_.end(), append.records.begin(), append.records.end());
    try {
      store_->append(batch_);
    } catch (const log_failure& failure) {
      if (failure.code() == log_error::no_space) return wait_for_room();
      return quit(to_error(failure));
    }
    std::optional<own_turn> turn;  // whoever waited is run by this thread, if it is one of its own
    if (options_.detached) turn.emplace(system());
    for (auto& append : std::exchange(waiting_, {})) {
      if (append.told_to_wait) tell(append.sender, true);
      append.promise.deliver(log_appended{});
    }
  }

  void wait_for_room() {
    for (auto& append : waiting_)
      if (!std::exchange(append.told_to_wait, true)) tell(append.sender, false);
    write_scheduled_ = true;
    delayed_send(this, options_.retry, write_now{});
  }

  void tell(const caf::strong_actor_ptr& who, bool writable) {
    if (who) send(caf::actor_cast<caf::actor>(who), log_writable{writable});
  }

  caf::result<log_recovered> recover(group_id group) {
    const auto stale =
        std::stable_partition(waiting_.begin(), waiting_.end(), [&](const waiting_append& append) {
          return append.records.empty() || append.records.front().group != group;
        });
    for (auto append = stale; append != waiting_.end(); ++append)
      append->promise.deliver(caf::make_error(caf::sec::request_receiver_down));
    waiting_.erase(stale, waiting_.end());
    std::erase_if(installs_, [group](waiting_snapshot& one) {
      if (one.what.group != group) return false;
      one.promise.deliver(caf::make_error(caf::sec::request_receiver_down));
      return true;
    });
    log_recovered out;
    if (!guarded([&] { out.state = store_->recover(group); })) return fail_state();
    return out;
  }

  caf::result<log_entries> read(const log_read& what) {
    log_entries out;
    if (!guarded([&] { out.entries = store_->read(what.group, what.first, what.last, what.bytes_max); }))
      return fail_state();
    return out;
  }

  caf::typed_response_promise<log_snapshot_saved> save(log_save_snapshot what) {
    auto promise = make_response_promise<log_snapshot_saved>();
    installs_.push_back({std::move(what), promise});
    if (installs_.size() == 1) install();
    return promise;
  }

  /// Saves what is asked for, in its order.
  void install() {
    while (!installs_.empty()) {
      auto& [what, promise] = installs_.front();
      try {
        store_->save_snapshot(what.group, what.at, *what.state, what.installed);
      } catch (const log_failure& failure) {
        if (failure.code() != log_error::no_space) return quit(to_error(failure));
        if (what.installed) return delayed_send(this, options_.retry, install_now{});
      }
      promise.deliver(log_snapshot_saved{store_->kept(what.group)});
      installs_.pop_front();
    }
  }

  caf::result<log_snapshot_part> read(const log_read_snapshot& what) {
    log_snapshot_part out;
    if (!guarded([&] { out.part = store_->read_snapshot(what.group, what.at, what.offset, what.bytes_max); }))
      return fail_state();
    return out;
  }

  /// What the requester hears whose request ends this actor.
  static caf::error fail_state() { return caf::make_error(caf::sec::request_receiver_down); }

  const log_store_actor_options options_;
  std::unique_ptr<log_store> store_;
  std::vector<waiting_append> waiting_;    ///< one per replica at most, as replicas have one append in flight
  std::deque<waiting_snapshot> installs_;  ///< one per replica at most
  std::vector<group_record> batch_;
  bool write_scheduled_ = false;
};

}  // namespace

caf::actor spawn_log_store(caf::actor_system& system, log_store_actor_options options) {
  if (options.detached) return system.spawn<log_store_actor, caf::detached>(std::move(options));
  return system.spawn<log_store_actor>(std::move(options));
}

caf::error to_error(const log_failure& failure) {
  const auto code = static_cast<std::uint8_t>(static_cast<std::uint8_t>(failure.code()) + 1);
  return caf::error{code, caf::atom("log_store"), caf::make_message(std::string{failure.what()})};
}

}  // namespace bulwark::consensus
