// SPDX-License-Identifier: BSD-3-Clause
#include "replica_group.hpp"

namespace bulwark::test {

using namespace consensus;
using namespace std::chrono_literals;

replica_group::replica_group(std::uint32_t nodes, std::size_t snapshot_entries)
    : nodes_{nodes}, snapshot_entries_{snapshot_entries}, system_{add_consensus_messages} {
  for (std::uint32_t node = 1; node <= nodes; ++node) {
    media_[node] = std::make_shared<memory_log_medium>();
    relays_[node] = system_.get().spawn<relay>(node, wires_);
  }
  for (std::uint32_t node = 1; node <= nodes; ++node) start(node);
}

replica_group::~replica_group() {
  for (std::uint32_t node = 1; node <= nodes_; ++node) {
    kill(node);
    caf::anon_send_exit(relays_[node], caf::exit_reason::kill);
  }
  system_.settle();
}

void replica_group::start(std::uint32_t node) {
  logs_[node] = spawn_log_store(
      system_.get(), {.open = [medium = media_[node]] { return std::make_unique<memory_log_store>(medium); },
                      .on_ready = {},
                      .detached = false});
  replica_actor_options options;
  options.core.group = group_id{1};
  options.core.self = node_id{node};
  options.core.seed = node;
  options.core.snapshot_entries = snapshot_entries_;
  options.core.learn_bytes = 64;  // snapshots go in pieces
  options.save_piece_bytes = 32;
  for (std::uint32_t member = 1; member <= nodes_; ++member) {
    options.core.members.push_back(node_id{member});
    if (member != node) options.links[node_id{member}] = relays_[node];
  }
  options.log = logs_[node];
  options.machine = [] { return std::make_unique<history_machine>(); };
  wires_->replicas[node] = spawn_replica(system_.get(), std::move(options));
  system_.settle();
}

void replica_group::kill(std::uint32_t node) {
  for (auto* one : {&wires_->replicas[node], &logs_[node]}) {
    if (*one) caf::anon_send_exit(*one, caf::exit_reason::kill);
    *one = nullptr;
  }
  system_.settle();
}

std::shared_ptr<asked> replica_group::submit(std::uint32_t node, request_kind kind, std::string payload) {
  auto heard = std::make_shared<asked>();
  consensus::submit what{static_cast<std::uint8_t>(kind), std::move(payload)};
  system_.get().spawn<submitter>(replica(node), std::move(what), heard);
  return heard;
}

replica_report replica_group::status(std::uint32_t node) {
  return system_.ask<replica_report>(replica(node), get_replica_status{}).value_or(replica_report{});
}

std::uint32_t replica_group::leader() {
  for (int waited = 0; waited < 600; ++waited) {
    std::map<std::uint32_t, std::uint32_t> followers;
    for (std::uint32_t node = 1; node <= nodes_; ++node)
      if (replica(node) && !wires_->isolated[node]) ++followers[status(node).leader];
    for (const auto& [node, count] : followers)
      if (node != 0 && count > nodes_ / 2 && replica(node) && !wires_->isolated[node] &&
          status(node).role == "leader")
        return node;
    system_.advance(100ms);
  }
  return 0;
}

bool replica_group::wait_for(const asked& what) {
  system_.settle();
  for (int waited = 0; waited < 600 && !what.result && !what.failed; ++waited) system_.advance(100ms);
  return what.result || what.failed;
}

}  // namespace bulwark::test
