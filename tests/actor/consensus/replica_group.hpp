// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bulwark/actors/messages.hpp"
#include "bulwark/consensus/log_store_actor.hpp"
#include "bulwark/consensus/memory_log_store.hpp"
#include "bulwark/consensus/messages.hpp"
#include "bulwark/consensus/replica_actor.hpp"
#include "virtual_system.hpp"

namespace bulwark::test {

/// As a submit_result carries them.
inline constexpr auto done = static_cast<std::uint8_t>(consensus::outcome::done);
inline constexpr auto unknown = static_cast<std::uint8_t>(consensus::outcome::unknown);

/// A state machine whose state tells its whole history.
class history_machine final : public consensus::state_machine {
 public:
  /// Appends the command to the history; replies with its place in it, from 1.
  consensus::bytes apply(const consensus::bytes& command) override {
    history_ += command + ' ';
    return std::to_string(++count_);
  }
  /// The whole history.
  [[nodiscard]] consensus::bytes query(const consensus::bytes& /*question*/) const override {
    return history_;
  }
  [[nodiscard]] std::optional<consensus::bytes> save() const override {
    return std::to_string(count_) + ' ' + history_;
  }
  [[nodiscard]] bool restore(std::string_view saved) override {
    count_ = std::stoi(std::string{saved});
    history_ = saved.substr(saved.find(' ') + 1);
    return true;
  }

 private:
  std::string history_;
  int count_ = 0;
};

/// Who gets the packets of whom; shared by all relays of a group.
struct wiring {
  std::map<std::uint32_t, caf::actor> replicas;
  std::map<std::uint32_t, bool> isolated;
};

/// Stands for the link of node `from` to all its peers.
class relay final : public caf::event_based_actor {
 public:
  relay(caf::actor_config& config, std::uint32_t from, std::shared_ptr<wiring> wires)
      : caf::event_based_actor{config}, from_{from}, wires_{std::move(wires)} {}

  caf::behavior make_behavior() override {
    return {[this](peer_packet& packet) {
      const auto to = wires_->replicas.find(packet.peer);
      if (to == wires_->replicas.end() || !to->second) return;
      if (wires_->isolated[from_] || wires_->isolated[packet.peer]) return;
      send(to->second, peer_packet{from_, packet.channel, std::move(packet.bytes)});
    }};
  }

 private:
  const std::uint32_t from_;
  const std::shared_ptr<wiring> wires_;
};

/// What the test's clients asked and heard.
struct asked {
  std::optional<consensus::submit_result> result;
  bool failed = false;  ///< an error came instead
};

/// Submits once.
class submitter final : public caf::event_based_actor {
 public:
  submitter(caf::actor_config& config, caf::actor replica, consensus::submit what,
            std::shared_ptr<asked> heard)
      : caf::event_based_actor{config},
        replica_{std::move(replica)},
        what_{std::move(what)},
        heard_{std::move(heard)} {}

  caf::behavior make_behavior() override {
    request(replica_, caf::infinite, what_)
        .then([this](consensus::submit_result& r) { heard_->result = std::move(r); },
              [this](caf::error&) { heard_->failed = true; });
    return {};
  }

 private:
  caf::actor replica_;
  consensus::submit what_;
  std::shared_ptr<asked> heard_;
};

/// A group of replicas in one process under virtual time, each with its log actor and its links.
class replica_group {
 public:
  /// A replica takes a snapshot after that many commands; 0: never.
  explicit replica_group(std::uint32_t nodes, std::size_t snapshot_entries = 0);
  ~replica_group();

  virtual_system& system() { return system_; }
  consensus::memory_log_medium& disk(std::uint32_t node) { return *media_.at(node); }
  [[nodiscard]] std::shared_ptr<consensus::memory_log_medium> medium(std::uint32_t node) {
    return media_.at(node);
  }
  [[nodiscard]] const caf::actor& replica(std::uint32_t node) const { return wires_->replicas.at(node); }

  /// Starts (again) the log and the replica of a node from what its disk holds.
  void start(std::uint32_t node);
  /// Ends both at once.
  void kill(std::uint32_t node);
  void isolate(std::uint32_t node, bool on) { wires_->isolated[node] = on; }

  std::shared_ptr<asked> submit(std::uint32_t node, consensus::request_kind kind, std::string payload);
  std::shared_ptr<asked> write(std::uint32_t node, std::string payload) {
    return submit(node, consensus::request_kind::write, std::move(payload));
  }
  std::shared_ptr<asked> read(std::uint32_t node) { return submit(node, consensus::request_kind::read, {}); }

  consensus::replica_report status(std::uint32_t node);
  /// The node that a running majority follows, waited for in virtual time; 0 if there is none after a minute.
  std::uint32_t leader();
  /// Lets time pass until the answer is there; false after a minute without.
  bool wait_for(const asked& what);

 private:
  const std::uint32_t nodes_;
  const std::size_t snapshot_entries_;
  const std::shared_ptr<wiring> wires_ = std::make_shared<wiring>();
  std::map<std::uint32_t, std::shared_ptr<consensus::memory_log_medium>> media_;
  std::map<std::uint32_t, caf::actor> logs_;
  std::map<std::uint32_t, caf::actor> relays_;
  virtual_system system_;
};

}  // namespace bulwark::test
