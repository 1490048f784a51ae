// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/replica_actor.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "actor_base.hpp"
#include "bulwark/actors/core/invariant.hpp"
#include "bulwark/actors/messages.hpp"
#include "bulwark/consensus/group_exchange.hpp"
#include "bulwark/consensus/log_store_actor.hpp"
#include "bulwark/consensus/messages.hpp"
#include "open_requests.hpp"
#include "packet_outbox.hpp"
#include "persist_queue.hpp"
#include "report.hpp"
#include "snapshot_work.hpp"
#include "state_askers.hpp"

namespace bulwark::consensus {
namespace {

/// A timer; only the one with the latest generation counts.
struct timer_fired {
  std::uint64_t generation = 0;
};

/// Ends a turn: everything that was in the mailbox before it has been taken in.
struct turn_ended {};

}  // namespace
}  // namespace bulwark::consensus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::timer_fired)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::turn_ended)

namespace bulwark::consensus {
namespace {

std::uint64_t random_not_zero() {
  std::random_device source;
  const auto high = std::uint64_t{source()};
  return (high << 32 | source()) | 1;
}

class replica_actor final : public actor_base {
 public:
  replica_actor(caf::actor_config& config, replica_actor_options options)
      : actor_base{config, options.prompt},
        options_{std::move(options)},
        outbox_{options_.core.group, options_.packet_bytes},
        snapshots_{*this,
                   options_,
                   {[this](event what) { step(std::move(what)); }, [this] { askers_.forget_gathered(); },
                    [this](caf::error why) { log_lost(std::move(why)); }}} {
    if (options_.core.incarnation == 0) options_.core.incarnation = random_not_zero();
    if (options_.core.seed == 0) options_.core.seed = random_not_zero();
  }

  const char* name() const override { return "bulwark.replica"; }

  caf::behavior make_behavior() override {
    machine_ = options_.machine();
    keep_unknown_messages();
    request(options_.log, caf::infinite, log_recover{options_.core.group})
        .then([this](log_recovered& what) { start(what); },
              [this](caf::error& why) { log_lost(std::move(why)); });
    return {[](get_replica_status) { return report_of_recovery(); }};
  }

  void on_exit() override {
    open_.give_up();
    askers_.give_up();
    snapshots_.give_up();
    // The log may still owe this actor an answer, and so hold it: without this they would keep each other.
    options_.log = nullptr;
    quick_log_.reset();
    options_.links.clear();
    options_.exchange = nullptr;
  }

 private:
  // -- messages to events

  void start(log_recovered& log) {
    if (options_.prompt) quick_log_ = std::move(log.store);
    core_.emplace(options_.core, std::move(log.state), now());
    refuse_unknown_messages();
    become([this](submit& what) { return take(what); }, [this](const peer_packet& packet) { take(packet); },
           [this](const peer_link_state& link) {
             step(link_state{node_id{link.peer}, link.up});
           },
           [this](const peer_silence& what) { step(what); },
           [this](log_writable what) { set_writable(what.writable); },
           [this](timer_fired timer) { wake_up(timer.generation); }, [this](turn_ended) { end_turn(); },
           [this](gather_more) { askers_.go_on(); },
           [this](save_more what) { snapshots_.go_on_saving(what.at); },
           [this](get_replica_status) { return report_of(*core_, writable_); },
           [this](transfer_leadership what) { return take(what); },
           [this](change_group& what) { return take(what); },
           [this](const get_state& what) { return take(what); });
    step(tick{});
    if (options_.on_ready) options_.on_ready();
  }

  caf::result<submit_result> take(submit& what) {
    const request_kind kind{what.kind};
    if (kind != request_kind::write && kind != request_kind::read && kind != request_kind::stale_read)
      return caf::make_error(caf::sec::invalid_argument);
    const std::chrono::milliseconds at_most{std::min<std::uint64_t>(what.at_most_ms, age_limit_max.count())};
    auto promise = make_response_promise<submit_result>();
    const auto number = open_.add(promise);
    arrived_.push_back({number, kind, std::move(what.payload), at_most});
    end_turn_later();
    return promise;
  }

  caf::result<transfer_result> take(transfer_leadership what) {
    auto promise = make_response_promise<transfer_result>();
    step(transfer{open_.add(promise), node_id{what.to}});
    return promise;
  }

  caf::result<group_change_result> take(change_group& what) {
    auto promise = make_response_promise<group_change_result>();
    step(change_members{open_.add(promise), change_kind{what.kind}, node_id{what.node}, node_id{what.by},
                        std::move(what.address)});
    return promise;
  }

  caf::result<replica_state> take(const get_state& what) {
    auto promise = make_response_promise<replica_state>();
    catch_up();
    const auto now_at = core_->status().applied;
    askers_.add(what, now_at, promise);
    if (!snapshots_.is_restoring()) show_state(now_at);
    return promise;
  }

  void take(const peer_packet& packet) {
    if (packet.channel != 0) return;
    std::vector<std::pair<group_id, envelope>> messages;
    if (const auto error = decode_packet(packet.bytes, messages); !error.empty()) return drop(error);
    for (auto& [group, message] : messages) {
      if (group != options_.core.group || number(message.from) != packet.peer ||
          message.to != options_.core.self)
        drop("a message in it is not from or for whom it says");
      else
        step(received{std::move(message)});
    }
  }

  void drop(const std::string& why) {
    ++dropped_;
    if (dropped_ > 1 && now() - drop_logged_at_ < std::chrono::seconds{1}) return;
    drop_logged_at_ = now();
    spdlog::warn("replica {}: dropped a packet, {} in all: {}", to_string(options_.core.self), dropped_, why);
  }

  void step(event what) {
    core_->step(std::move(what), now(), effects_);
    if (performing_) return;
    performing_ = true;
    // Performing one may append more: by index, and each moved out first.
    for (std::size_t i = 0; i < effects_.size(); ++i) {
      auto one = std::move(effects_[i]);
      std::visit([this](auto& e) { perform(e); }, one);
    }
    effects_.clear();
    performing_ = false;
    end_turn_later();
  }

  /// What else is in the mailbox already belongs to the same turn.
  void end_turn_later() {
    if (!std::exchange(turn_open_, true)) caf::event_based_actor::send(this, turn_ended{});
  }

  // -- effects

  void perform(consensus::send& what) { post(std::move(what.what)); }

  void perform(persist& what) { persists_.add(options_.core.group, std::move(what)); }

  void perform(apply& what) {
    catch_up();
    if (what.wants_replies)
      carry_out(what);
    else
      put_off_ = std::move(what);
  }

  /// @post the machine is where the core takes it to be
  void catch_up() {
    if (auto one = std::exchange(put_off_, std::nullopt)) carry_out(*one);
  }

  void carry_out(apply& what) {
    BULWARK_INVARIANT(!snapshots_.is_restoring());
    std::vector<bytes> replies;
    replies.reserve(what.what.commands.size());
    for (const auto& one : what.what.commands) replies.push_back(machine_->apply(one.payload));
    show_state(what.at);
    if (what.wants_replies) step(replied{what.number, std::move(replies)});
  }

  void show_state(slot at) { askers_.show(at, *machine_); }

  void perform(query& what) {
    catch_up();
    step(replied{what.number, {machine_->query(what.payload)}});
  }

  void perform(answer& what) { open_.finish(what, now()); }

  void perform(fetch& what) {
    request(options_.log, caf::infinite, log_read{options_.core.group, what.first, what.last, what.bytes_max})
        .then(
            [this, peer = what.peer](log_entries& found) {
              step(fetched{peer, std::move(found.entries)});
            },
            [this](caf::error& why) { log_lost(std::move(why)); });
  }

  void perform(leader_changed& what) {
    spdlog::info("replica {}: follows {}", to_string(options_.core.self),
                 what.leader == ballot{} ? "no leader" : to_string(what.leader));
  }

  void perform(transferred& what) {
    spdlog::info("replica {}: a transfer of leadership ended with {}; {} leads",
                 to_string(options_.core.self), to_string(what.result),
                 what.leader == node_id::none ? "nobody" : to_string(what.leader));
    open_.finish(what);
  }

  void perform(members_changed& what) {
    spdlog::info("replica {}: a change of the group ended with {}", to_string(options_.core.self),
                 to_string(what.result));
    open_.finish(what);
  }

  void perform(configured& what) {
    spdlog::info("replica {}: the group is {}, by slot {}", to_string(options_.core.self),
                 to_string(what.group), to_string(what.group.at));
  }

  void perform(save_snapshot& what) {
    catch_up();
    snapshots_.perform(what, *machine_);
  }
  void perform(restore_snapshot& what) {
    catch_up();
    snapshots_.perform(what, *machine_);
  }
  void perform(store_snapshot_piece& what) { snapshots_.perform(what); }
  void perform(discard_snapshot& what) { snapshots_.perform(what); }
  void perform(install_snapshot& what) {
    catch_up();
    snapshots_.perform(what, *machine_);
  }
  void perform(fetch_snapshot& what) { snapshots_.perform(what); }

  void post(envelope message) {
    if (message.to == options_.core.self) return step(received{std::move(message)});
    outbox_.add(message, [this](node_id peer, std::string packet) { send_packet(peer, std::move(packet)); });
  }

  void send_packet(node_id peer, std::string packet) {
    if (options_.exchange)
      return caf::event_based_actor::send(options_.exchange, group_packet{peer, std::move(packet)});
    const auto link = options_.links.find(peer);
    if (link != options_.links.end())
      caf::event_based_actor::send(link->second, peer_packet{number(peer), 0, std::move(packet)});
  }

  // -- the end of a turn

  void end_turn() {
    if (!arrived_.empty()) step(client_requests{std::exchange(arrived_, {})});
    turn_open_ = false;
    outbox_.flush([this](node_id peer, std::string packet) { send_packet(peer, std::move(packet)); });
    start_append();
    if (!turn_open_) catch_up();
    set_timer();
  }

  void start_append() {
    if (!persists_.can_start()) return;
    auto records = persists_.start(now());
    if (records.empty() || (quick_log_ && quick_log_->append_quickly(records))) return appended();
    request(options_.log, caf::infinite, log_append{std::move(records)})
        .then([this](log_appended) { appended(); }, [this](caf::error& why) { log_lost(std::move(why)); });
  }

  void appended() {
    auto durable = persists_.finish();
    set_writable(true);
    for (auto& one : durable) {
      for (auto& message : one.then) post(std::move(message));
      step(persisted{one.number});
    }
  }

  void set_writable(bool writable) {
    if (std::exchange(writable_, writable) == writable) return;
    spdlog::warn("replica {}: the log {}", to_string(options_.core.self),
                 writable ? "takes records again" : "stalls");
    step(storage_state{writable});
  }

  void log_lost(caf::error why) {
    spdlog::error("replica {}: the log is gone: {}", to_string(options_.core.self), system().render(why));
    quit(std::move(why));
  }

  // -- time

  instant now() { return clock().now(); }

  /// Keeps at most one timer that matters. One that comes too early does no harm, so an earlier one is never
  /// replaced by a later.
  void set_timer() {
    auto due = core_->next_wakeup();
    const auto append = persists_.started();
    if (append && writable_) due = std::min(due, *append + options_.stall_after);
    if (due == instant::max() || (timer_due_ && *timer_due_ <= due)) return;
    timer_due_ = due;
    delayed_send(this, std::max(due - now(), duration{0}), timer_fired{++timer_generation_});
  }

  void wake_up(std::uint64_t generation) {
    if (generation != timer_generation_) return;
    timer_due_.reset();
    const auto append = persists_.started();
    if (append && now() - *append >= options_.stall_after) set_writable(false);
    step(tick{});
  }

  replica_actor_options options_;
  std::optional<replica> core_;  ///< none until the log is recovered
  std::unique_ptr<state_machine> machine_;

  open_requests open_;
  state_askers askers_{*this, options_.save_piece_bytes};
  std::vector<client_request> arrived_;  ///< in this turn

  std::vector<effect> effects_;
  bool performing_ = false;
  bool turn_open_ = false;  ///< a turn_ended is on its way
  /// What nobody awaits the replies of: the log, and the votes that wait for that, come first.
  std::optional<apply> put_off_;
  packet_outbox outbox_;
  snapshot_work snapshots_;

  persist_queue persists_;
  std::shared_ptr<shared_log_store> quick_log_;  ///< none: each append is a message to the log
  bool writable_ = true;

  std::optional<instant> timer_due_;
  std::uint64_t timer_generation_ = 0;

  std::uint64_t dropped_ = 0;
  instant drop_logged_at_{};
};

}  // namespace

caf::actor spawn_replica(caf::actor_system& system, replica_actor_options options) {
  return system.spawn<replica_actor>(std::move(options));
}

}  // namespace bulwark::consensus
