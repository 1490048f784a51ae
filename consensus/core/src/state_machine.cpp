// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/core/state_machine.hpp"

#include <algorithm>
#include <utility>

namespace bulwark::consensus {
namespace {

class whole_state_cursor final : public state_cursor {
 public:
  explicit whole_state_cursor(bytes state) : state_{std::move(state)} {}

  bool next(std::size_t bytes_max, bytes& piece) override {
    piece.append(state_, given_, bytes_max);
    given_ += std::min(bytes_max, state_.size() - given_);
    return given_ < state_.size();
  }

 private:
  const bytes state_;
  std::size_t given_ = 0;
};

class whole_state_restorer final : public state_restorer {
 public:
  explicit whole_state_restorer(state_machine& machine) : machine_{machine} {}

  bool take(std::string_view piece) override {
    gathered_ += piece;
    return true;
  }

  bool finish() override { return machine_.restore(std::exchange(gathered_, {})); }

 private:
  state_machine& machine_;
  bytes gathered_;
};

}  // namespace

std::unique_ptr<state_cursor> state_machine::begin_save() {
  auto state = save();
  return state ? std::make_unique<whole_state_cursor>(*std::move(state)) : nullptr;
}

std::unique_ptr<state_restorer> state_machine::begin_restore() {
  return std::make_unique<whole_state_restorer>(*this);
}

}  // namespace bulwark::consensus
