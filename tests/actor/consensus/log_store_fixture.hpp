// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/consensus/log_store_actor.hpp"
#include "bulwark/consensus/memory_log_store.hpp"
#include "virtual_system.hpp"

namespace bulwark::test {

/// What a client_actor is told by the test.
struct append_this {
  std::uint32_t group = 0;
  std::uint64_t at = 0;
};

}  // namespace bulwark::test

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::test::append_this)

namespace bulwark::test {

using namespace consensus;

inline group_record entry(std::uint32_t group, std::uint64_t at) {
  return {group_id{group}, accepted_entry{slot{at}, {1, node_id{1}}, {}}};
}

/// Counts the appends that reach it, to see what shares an fsync.
class counting_store final : public log_store {
 public:
  counting_store(std::shared_ptr<memory_log_medium> medium, int& appends,
                 const std::optional<log_error>& finishing)
      : store_{std::move(medium)}, appends_{appends}, finishing_{finishing} {}
  void append(std::span<const group_record> records) override {
    ++appends_;
    store_.append(records);
  }
  recovered_state recover(group_id group) override { return store_.recover(group); }
  std::vector<chosen_entry> read(group_id group, slot first, slot last, std::size_t bytes_max) override {
    return store_.read(group, first, last, bytes_max);
  }
  std::unique_ptr<snapshot_writer> begin_snapshot(group_id group, slot at) override {
    return store_.begin_snapshot(group, at);
  }
  void finish_snapshot(group_id group, snapshot_writer& written, bool installed) override {
    if (finishing_) throw log_failure{*finishing_, "told to fail"};
    store_.finish_snapshot(group, written, installed);
  }
  snapshot_part read_snapshot(group_id group, slot at, std::uint64_t offset, std::size_t bytes_max) override {
    return store_.read_snapshot(group, at, offset, bytes_max);
  }
  slot kept(group_id group) override { return store_.kept(group); }

 private:
  memory_log_store store_;
  int& appends_;
  const std::optional<log_error>& finishing_;  ///< how giving a snapshot its place fails; none: it does not
};

/// Appends what it is told and writes down what it hears.
class recording_client final : public caf::event_based_actor {
 public:
  recording_client(caf::actor_config& config, caf::actor log, std::vector<std::string>& heard)
      : caf::event_based_actor{config}, log_{std::move(log)}, heard_{heard} {}

  caf::behavior make_behavior() override {
    return {
        [this](const append_this& what) {
          request(log_, caf::infinite, log_append{{entry(what.group, what.at)}})
              .then([this, what](log_appended) { heard_.push_back("appended " + std::to_string(what.at)); },
                    [this, what](caf::error&) { heard_.push_back("error " + std::to_string(what.at)); });
        },
        [this](log_writable what) { heard_.emplace_back(what.writable ? "writable" : "not writable"); },
    };
  }

 private:
  caf::actor log_;
  std::vector<std::string>& heard_;
};

/// A log actor on a log in memory, and a client of it.
class log_store_fixture : public testing::Test {
 protected:
  void SetUp() override {
    log_ = spawn_log_store(
        system_.get(),
        {.open = [this] { return std::make_unique<counting_store>(medium_, appends_, finishing_); },
         .on_ready = [this] { ++ready_; },
         .detached = false});
    log_->attach_functor([this](const caf::error& reason) { log_ended_ = reason; });
    client_ = system_.get().spawn<recording_client>(log_, heard_);
    system_.settle();
  }

  void TearDown() override {
    for (const auto& one : {client_, log_}) caf::anon_send_exit(one, caf::exit_reason::kill);
    system_.settle();
  }

  void append(std::uint32_t group, std::uint64_t at) { caf::anon_send(client_, append_this{group, at}); }

  std::size_t stored(std::uint32_t group) {
    return memory_log_store{medium_}.recover(group_id{group}).entries.size();
  }

  const std::shared_ptr<memory_log_medium> medium_ = std::make_shared<memory_log_medium>();
  int appends_ = 0;
  std::optional<log_error> finishing_;
  int ready_ = 0;
  std::vector<std::string> heard_;
  std::optional<caf::error> log_ended_;
  virtual_system system_;
  caf::actor log_;
  caf::actor client_;
};

}  // namespace bulwark::test
