// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "bulwark/consensus/core/state_machine.hpp"
#include "replica_group.hpp"

namespace bulwark::test {

/// A history whose cursors and restorers are counted while they live.
class counted_machine final : public consensus::state_machine {
 public:
  explicit counted_machine(std::shared_ptr<int> uses) : uses_{std::move(uses)} {}

  consensus::bytes apply(const consensus::bytes& command) override { return history_.apply(command); }
  [[nodiscard]] consensus::bytes query(const consensus::bytes& question) const override {
    return history_.query(question);
  }
  [[nodiscard]] std::unique_ptr<consensus::state_cursor> begin_save() override {
    return std::make_unique<counted_cursor>(counted_use{uses_}, history_.begin_save());
  }
  [[nodiscard]] std::unique_ptr<consensus::state_restorer> begin_restore() override {
    return std::make_unique<counted_restorer>(counted_use{uses_}, history_.begin_restore());
  }

 private:
  struct counted_use {
    explicit counted_use(std::shared_ptr<int> all) : uses{std::move(all)} { ++*uses; }
    counted_use(const counted_use& other) : counted_use{other.uses} {}
    counted_use& operator=(const counted_use&) = delete;
    ~counted_use() { --*uses; }
    const std::shared_ptr<int> uses;
  };
  struct counted_cursor final : consensus::state_cursor {
    counted_cursor(const counted_use& one, std::unique_ptr<consensus::state_cursor> all)
        : use{one}, rest{std::move(all)} {}
    bool next(std::size_t bytes_max, consensus::bytes& piece) override {
      return rest->next(bytes_max, piece);
    }
    const counted_use use;
    const std::unique_ptr<consensus::state_cursor> rest;
  };
  struct counted_restorer final : consensus::state_restorer {
    counted_restorer(const counted_use& one, std::unique_ptr<consensus::state_restorer> all)
        : use{one}, rest{std::move(all)} {}
    bool take(std::string_view piece) override { return rest->take(piece); }
    bool finish() override { return rest->finish(); }
    const counted_use use;
    const std::unique_ptr<consensus::state_restorer> rest;
  };

  const std::shared_ptr<int> uses_;
  history_machine history_;
};

}  // namespace bulwark::test
