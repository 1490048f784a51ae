// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/core/replica.hpp"
#include "bulwark/consensus/log_store.hpp"

namespace bulwark::consensus {

/// Group commit: one append is at the log at a time, and what is to be persisted meanwhile makes the next
/// one.
class persist_queue {
 public:
  /// What may happen once the records of one `persist` are durable.
  struct pending {
    std::uint64_t number = 0;
    std::vector<envelope> then;
  };

  void add(group_id group, persist what) {
    for (auto& one : what.records) gathered_records_.push_back({group, std::move(one)});
    gathered_.push_back({what.number, std::move(what.then)});
  }

  /// Something waits, and the log is free.
  [[nodiscard]] bool can_start() const { return !started_ && !gathered_.empty(); }

  /// The records of the next append, which is under way from now on. @pre can_start()
  std::vector<group_record> start(instant now) {
    started_ = now;
    in_flight_ = std::exchange(gathered_, {});
    return std::exchange(gathered_records_, {});
  }

  /// The append is durable: what waited for it, in order.
  std::vector<pending> finish() {
    started_.reset();
    return std::exchange(in_flight_, {});
  }

  /// When the append that is under way began; none if there is none.
  [[nodiscard]] std::optional<instant> started() const { return started_; }

 private:
  std::vector<pending> gathered_;
  std::vector<group_record> gathered_records_;
  std::vector<pending> in_flight_;
  std::optional<instant> started_;
};

}  // namespace bulwark::consensus
