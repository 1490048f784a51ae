// SPDX-License-Identifier: BSD-3-Clause
// Goal: a quick append is as good as one by the owner of the log, and is not made when it might wait.
// Method: the store in memory behind it, with failures on command; a store that stands still in an append.
#include "bulwark/consensus/shared_log_store.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "bulwark/consensus/memory_log_store.hpp"

namespace bulwark::consensus {
namespace {

constexpr group_id shared_group{1};

std::vector<group_record> shared_entry(std::uint64_t at) {
  return {{shared_group, accepted_entry{slot{at}, {1, node_id{1}}, {}}}};
}

/// A store in memory that has had enough appends for it to be known as calm.
class calm_store : public ::testing::Test {
 protected:
  calm_store() {
    while (written_ < append_pace::remembered) log_.append(shared_entry(++written_));
    EXPECT_TRUE(log_.append_quickly(shared_entry(++written_)));
  }

  std::size_t entries() { return memory_log_store{medium_}.recover(shared_group).entries.size(); }

  std::shared_ptr<memory_log_medium> medium_ = std::make_shared<memory_log_medium>();
  instant now_{};
  shared_log_store log_{std::make_unique<memory_log_store>(medium_),
                        [this] { return now_ += std::chrono::microseconds{10}; }};
  std::uint64_t written_ = 0;
};

TEST_F(calm_store, keeps_what_is_appended_quickly) { EXPECT_EQ(entries(), written_); }

TEST_F(calm_store, leaves_large_appends_to_its_owner) {
  const std::vector<group_record> many(shared_log_store::quick_records_max + 1, shared_entry(100).front());
  EXPECT_FALSE(log_.append_quickly(many));
  EXPECT_EQ(entries(), written_);
}

TEST_F(calm_store, leaves_failures_to_its_owner) {
  medium_->fail_appends(log_error::no_space);
  EXPECT_FALSE(log_.append_quickly(shared_entry(written_ + 1)));
  EXPECT_THROW(log_.append(shared_entry(written_ + 1)), log_failure);
  medium_->fail_appends(log_error::failed);
  EXPECT_FALSE(log_.append_quickly(shared_entry(written_ + 1)));
  medium_->fail_appends({});
  EXPECT_THROW(log_.append(shared_entry(written_ + 1)), log_failure) << "it is latched, whoever found out";
  EXPECT_EQ(entries(), written_);
}

TEST_F(calm_store, takes_nothing_once_it_is_closed) {
  log_.close();
  EXPECT_FALSE(log_.append_quickly(shared_entry(written_ + 1)));
  EXPECT_EQ(entries(), written_);
}

TEST(shared_log_store, a_log_that_is_hardly_known_is_left_to_its_owner) {
  shared_log_store log{std::make_unique<memory_log_store>()};
  EXPECT_FALSE(log.append_quickly(shared_entry(1)));
}

/// Its appends last until they are told to end.
class standing_store final : public log_store {
 public:
  std::promise<void> began, may_end;

  void append(std::span<const group_record>) override {
    if (appended_++ < append_pace::remembered) return;
    began.set_value();
    may_end.get_future().wait();
  }
  recovered_state recover(group_id) override { return {}; }
  std::vector<chosen_entry> read(group_id, slot, slot, std::size_t) override { return {}; }
  std::unique_ptr<snapshot_writer> begin_snapshot(group_id, slot) override { return {}; }
  void finish_snapshot(group_id, snapshot_writer&, bool) override {}
  snapshot_part read_snapshot(group_id, slot, std::uint64_t, std::size_t) override { return {}; }
  slot kept(group_id) override { return {}; }

 private:
  std::size_t appended_ = 0;
};

TEST(shared_log_store, nobody_waits_for_another_append) {
  auto owned = std::make_unique<standing_store>();
  auto& standing = *owned;
  shared_log_store log{std::move(owned)};
  for (std::size_t i = 0; i < append_pace::remembered; ++i) log.append(shared_entry(1));
  std::jthread owner{[&] { log.append(shared_entry(1)); }};
  standing.began.get_future().wait();
  EXPECT_FALSE(log.append_quickly(shared_entry(1)));  // it would stand still here for ever
  standing.may_end.set_value();
}

}  // namespace
}  // namespace bulwark::consensus
