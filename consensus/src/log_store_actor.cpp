// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/log_store_actor.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "actor_base.hpp"
#include "snapshot_writer_actor.hpp"

namespace bulwark::consensus {
namespace {

constexpr caf::atom_value log_category = caf::atom("log_store");

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
    if (!guarded([this] { store_ = std::make_shared<shared_log_store>(options_.open()); })) return {};
    if (options_.on_ready) options_.on_ready();
    set_down_handler([this](caf::down_msg& down) {
      if (down.reason && down.reason != caf::exit_reason::user_shutdown) quit(std::move(down.reason));
    });
    return {
        [this](log_append& what) { return take(std::move(what.records)); },
        [this](const log_recover& what) { return recover(what.group); },
        [this](const log_read& what) { return read(what); },
        [this](write_now) { write(); },
        [this](log_write_snapshot& what) { return write(what); },
        [this](const log_finish_snapshot& what) { return finish(what); },
        [this](const log_discard_snapshot& what) {
          discard({what.group, what.installed});
        },
        [this](const log_read_snapshot& what) { return read(what); },
        [this](install_now) { install(); },
    };
  }

  void on_exit() override {
    for (auto& append : waiting_) append.promise.deliver(caf::make_error(caf::sec::request_receiver_down));
    for (auto& one : installs_) one.promise.deliver(caf::make_error(caf::sec::request_receiver_down));
    waiting_.clear();
    installs_.clear();
    while (!writing_.empty()) discard(writing_.begin()->first);
    if (store_) store_->close();
    store_.reset();
  }

 private:
  struct waiting_append {
    std::vector<group_record> records;
    caf::typed_response_promise<log_appended> promise;
    caf::strong_actor_ptr sender;
    bool told_to_wait = false;
  };

  /// A group, and whether the snapshot is another member's.
  using snapshot_kind = std::pair<group_id, bool>;

  struct open_snapshot {
    slot at{};
    std::shared_ptr<snapshot_writer> to;
    caf::actor writer;
  };

  /// One that is sealed.
  struct waiting_snapshot {
    snapshot_kind kind;
    std::shared_ptr<snapshot_writer> what;
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
      if (one.kind.first != group) return false;
      one.promise.deliver(caf::make_error(caf::sec::request_receiver_down));
      return true;
    });
    discard({group, false});
    discard({group, true});
    log_recovered out;
    if (!guarded([&] { out.state = store_->recover(group); })) return fail_state();
    out.store = store_;
    return out;
  }

  caf::result<log_entries> read(const log_read& what) {
    log_entries out;
    if (!guarded([&] { out.entries = store_->read(what.group, what.first, what.last, what.bytes_max); }))
      return fail_state();
    return out;
  }

  // -- snapshots

  caf::result<log_snapshot_written> write(log_write_snapshot& what) {
    const snapshot_kind kind{what.group, what.installed};
    if (what.offset == 0) {
      discard(kind);
      try {
        begin(kind, what.at);
      } catch (const log_failure& failure) {
        if (failure.code() == log_error::no_space) return log_snapshot_written{};
        quit(to_error(failure));
        return fail_state();
      }
    }
    const auto open = writing_.find(kind);
    if (open == writing_.end() || open->second.at != what.at) return log_snapshot_written{};
    delegate(open->second.writer, std::move(what));
    return caf::delegated<log_snapshot_written>{};
  }

  void begin(const snapshot_kind& kind, slot at) {
    const std::shared_ptr<snapshot_writer> to = store_->begin_snapshot(kind.first, at);
    auto writer = spawn_snapshot_writer(system(), to, options_.detached);
    monitor(writer);
    writing_[kind] = {at, to, std::move(writer)};
  }

  void discard(const snapshot_kind& kind) {
    const auto open = writing_.find(kind);
    if (open == writing_.end()) return;
    caf::anon_send(open->second.writer, stop_writing{});
    writing_.erase(open);
  }

  caf::result<log_snapshot_saved> finish(const log_finish_snapshot& what) {
    const snapshot_kind kind{what.group, what.installed};
    const auto open = writing_.find(kind);
    if (open == writing_.end() || open->second.at != what.at) return log_snapshot_saved{false, 0, {}};
    auto promise = make_response_promise<log_snapshot_saved>();
    request(open->second.writer, caf::infinite, seal_snapshot{})
        .then([this, kind, promise,
               to = open->second.to](snapshot_sealed sealed) { take(kind, to, sealed.done, promise); },
              [promise](caf::error& why) mutable { promise.deliver(std::move(why)); });
    return promise;
  }

  void take(const snapshot_kind& kind, const std::shared_ptr<snapshot_writer>& to, bool sealed,
            caf::typed_response_promise<log_snapshot_saved> promise) {
    const auto open = writing_.find(kind);
    // Another incarnation of the replica may have come meanwhile.
    const bool current = open != writing_.end() && open->second.to == to;
    if (current) discard(kind);
    if (!current || !sealed) {
      promise.deliver(log_snapshot_saved{false, 0, store_->kept(kind.first)});
      return;
    }
    installs_.push_back({kind, to, std::move(promise)});
    if (installs_.size() == 1) install();
  }

  /// Gives those that are sealed their place, in their order.
  void install() {
    while (!installs_.empty()) {
      auto& [kind, what, promise] = installs_.front();
      const auto size = what->id().total;
      bool saved = true;
      try {
        store_->finish_snapshot(kind.first, *what, kind.second);
      } catch (const log_failure& failure) {
        if (failure.code() != log_error::no_space) return quit(to_error(failure));
        if (kind.second) return delayed_send(this, options_.retry, install_now{});
        saved = false;
      }
      promise.deliver(log_snapshot_saved{saved, size, store_->kept(kind.first)});
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
  std::shared_ptr<shared_log_store> store_;
  std::vector<waiting_append> waiting_;  ///< one per replica at most, as replicas have one append in flight
  std::map<snapshot_kind, open_snapshot> writing_;
  std::deque<waiting_snapshot> installs_;  ///< one own and one of another member per replica at most
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
  return caf::error{code, log_category, caf::make_message(std::string{failure.what()})};
}

std::optional<std::string> text_of(const caf::error& why) {
  if (why.category() != log_category || !why.context().match_elements<std::string>()) return std::nullopt;
  return why.context().get_as<std::string>(0);
}

}  // namespace bulwark::consensus
