// SPDX-License-Identifier: BSD-3-Clause
#include "session.hpp"

#include <caf/all.hpp>
#include <chrono>
#include <optional>
#include <vector>

#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/own_turn.hpp"
#include "bulwark/actors/router.hpp"
#include "bulwark/consensus/messages.hpp"
#include "session_messages.hpp"

namespace bulwark::kv {

namespace {

using consensus::outcome;
using consensus::request_kind;

constexpr auto tick_interval = std::chrono::milliseconds{200};
/// How long a client that asks nothing keeps its connection to a node that is about to stop. To close it
/// while a request is on its way would leave the client in doubt about that.
constexpr auto idle_patience = std::chrono::milliseconds{600};

replica_view to_view(const consensus::replica_report& report) {
  return {.role = report.role,
          .leader = report.leader,
          .ballot = report.ballot,
          .chosen = report.chosen,
          .applied = report.applied,
          .elections = report.elections,
          .quorum = report.quorum};
}

/// One connection, as its session sees it.
struct client {
  client(client_opened opened, service::shared& service)
      : hold{std::move(opened.connection)},
        connection{hold->get()},
        talk{service.options.conversation, std::move(opened.client), service} {}

  const std::shared_ptr<client_hold> hold;
  channel& connection;
  conversation talk;
  std::size_t unread = 0;  // bytes received and not yet reported as consumed
  std::uint64_t question =
      0;          // number of the last request to the replica: answers to earlier ones come too late
  instant asked;  // when the awaited answer was asked for
};

class session : public prompt_actor {
 public:
  session(caf::actor_config& config, std::shared_ptr<service::shared> service)
      : prompt_actor{config}, service_{std::move(service)} {}

  caf::behavior make_behavior() override {
    delayed_send(this, tick_interval, session_tick{});
    return {
        [this](client_opened& opened) {
          const auto id = opened.client.id;
          clients_.emplace(id, std::make_unique<client>(std::move(opened), *service_));
        },
        [this](client_received& bytes) { received(bytes.client, bytes.data); },
        [this](const client_changed& changed) { this->changed(changed.client, changed.what); },
        [this](session_tick) { tick(); },
    };
  }

  void on_exit() override { clients_.clear(); }

  const char* name() const override { return "bulwark.kv.session"; }

 private:
  client* find(std::uint64_t id) {
    const auto found = clients_.find(id);
    return found == clients_.end() ? nullptr : found->second.get();
  }

  void received(std::uint64_t id, std::string_view data) {
    auto* from = find(id);
    if (from == nullptr) return;
    if (from->talk.finished()) return from->connection.consumed(data.size());
    if (service_->draining) from->talk.drain();
    from->unread += data.size();
    from->talk.received(data);
    advance(*from);
  }

  void changed(std::uint64_t id, client_change what) {
    if (what == client_change::closed) {
      clients_.erase(id);
      return;
    }
    auto* it = find(id);
    if (it == nullptr) return;
    if (what == client_change::input_ended) it->talk.input_ended();
    advance(*it);
  }

  /// Takes the conversation as far as it goes: until it needs input or an answer, or the client does not
  /// read.
  void advance(client& it) {
    auto needed = conversation::need::more;
    while (needed == conversation::need::more && !it.connection.must_pause()) {
      needed = it.talk.advance();
      if (needed == conversation::need::submit) submit(it);
      if (needed == conversation::need::status) ask_status(it);
      if (const auto output = it.talk.take_output(); !output.empty()) it.connection.send(output);
      const auto left = it.talk.buffered();
      if (left < it.unread) it.connection.consumed(it.unread - left);
      it.unread = left;
    }
    if (it.talk.finished()) it.connection.finish();
  }

  void submit(client& it) {
    auto what = it.talk.take_submit();
    const auto id = it.talk.client().id;
    const auto question = ++it.question;
    it.asked = std::chrono::steady_clock::now();
    request(service_->options.replica, caf::infinite,
            consensus::submit{static_cast<std::uint8_t>(what.kind), std::move(what.payload),
                              static_cast<std::uint64_t>(what.at_most.count())})
        .then(
            [this, id, question](const consensus::submit_result& result) {
              answered(id, question, static_cast<outcome>(result.outcome), result.reply,
                       std::chrono::milliseconds{result.age_ms});
            },
            [this, id, question](const caf::error& problem) {
              // A full stable reference never passed it on.
              if (problem == caf::make_error(service_error::overloaded))
                return answered(id, question, outcome::overloaded, {});
              lost(id, question);
            });
  }

  void answered(std::uint64_t id, std::uint64_t question, outcome result, std::string_view reply,
                std::chrono::milliseconds age = {}) {
    auto* it = find(id);
    if (it == nullptr || it->question != question) return;
    ++it->question;
    it->talk.answered(result, reply, age);
    // Sent before going on: what is said next may take long.
    if (const auto output = it->talk.take_output(); !output.empty()) it->connection.send(output);
    advance(*it);
  }

  /// The replica went away with the question: a write may have been done, a read is as if never asked.
  void lost(std::uint64_t id, std::uint64_t question) {
    const auto* it = find(id);
    if (it == nullptr) return;
    answered(id, question, it->talk.awaits_write() ? outcome::unknown : outcome::not_done, {});
  }

  void ask_status(client& it) {
    const auto id = it.talk.client().id;
    const auto question = ++it.question;
    request(service_->options.replica, service_->options.status_timeout, consensus::get_replica_status{})
        .then([this, id,
               question](const consensus::replica_report& report) { status(id, question, to_view(report)); },
              [this, id, question](const caf::error&) { status(id, question, std::nullopt); });
  }

  void status(std::uint64_t id, std::uint64_t question, std::optional<replica_view> view) {
    auto* it = find(id);
    if (it == nullptr || it->question != question) return;
    it->talk.status_known(std::move(view));
    advance(*it);
  }

  void tick() {
    delayed_send(this, tick_interval, session_tick{});
    if (service_->draining) drain_clients();
    give_up_overdue();
  }

  /// Whoever asks for something is told to go elsewhere. A client that has nothing to ask would never learn
  /// of it: its connection ends after a while.
  void drain_clients() {
    const auto now = std::chrono::steady_clock::now();
    if (!draining_since_) draining_since_ = now;
    const bool enough = now - *draining_since_ >= idle_patience;
    for (const auto& [id, it] : clients_) {
      it->talk.drain();
      if (enough) it->talk.input_ended();
      advance(*it);
    }
  }

  /// A replica that is killed forgets what it was asked.
  void give_up_overdue() {
    const auto latest = std::chrono::steady_clock::now() - service_->options.answer_timeout;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> overdue;
    for (const auto& [id, it] : clients_)
      if (it->talk.awaits_answer() && it->asked <= latest) overdue.emplace_back(id, it->question);
    for (const auto& [id, question] : overdue) lost(id, question);
  }

  const std::shared_ptr<service::shared> service_;
  std::unordered_map<std::uint64_t, std::unique_ptr<client>> clients_;
  std::optional<std::chrono::steady_clock::time_point> draining_since_;
};

}  // namespace

caf::actor spawn_session(caf::actor_system& system, std::shared_ptr<service::shared> service) {
  caf::actor result = system.spawn<session>(service);
  add_worker(service->sessions, result);
  return result;
}

}  // namespace bulwark::kv
