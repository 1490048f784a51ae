// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot_work.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "bulwark/actors/core/invariant.hpp"
#include "bulwark/consensus/log_store_actor.hpp"

namespace bulwark::consensus {
namespace {

/// However slow the disk is, a snapshot comes to an end.
constexpr duration rest_max = std::chrono::milliseconds{50};

}  // namespace

template <class Answer, class Question, class Then>
void snapshot_work::ask_log(Question what, Then then) {
  self_.request(options_.log, caf::infinite, std::move(what))
      .then([then = std::move(then)](Answer& answer) mutable { then(answer); },
            [this](caf::error& why) { then_.failed(std::move(why)); });
}

// -- saving ------------------------------------------------------------------------------------------

void snapshot_work::perform(save_snapshot& what, state_machine& machine) {
  BULWARK_INVARIANT(!saving_ && !restoring_);
  auto state = machine.begin_save();
  if (!state) return then_.step(snapshot_saved{});
  saving_.emplace(saving{what.at, snapshot_source{what.group, std::move(state)}});
  save_piece();
}

void snapshot_work::save_piece() {
  auto piece = saving_->source.next(options_.save_piece_bytes);
  if (!piece && saving_->size > 0) return finish_saving();
  write_piece(std::move(piece).value_or(bytes{}));
}

void snapshot_work::write_piece(bytes piece) {
  const auto offset = std::exchange(saving_->size, saving_->size + piece.size());
  saving_->asked = self_.clock().now();
  ask_log<log_snapshot_written>(
      log_write_snapshot{options_.core.group, saving_->at, false, offset, std::move(piece)},
      [this, at = saving_->at](log_snapshot_written written) {
        if (!saving_ || saving_->at != at) return;
        if (written.size != saving_->size) return give_up_saving();
        if (written.size == 0) return finish_saving();
        const duration took = self_.clock().now() - saving_->asked;
        if (took <= duration{0}) return save_piece();
        self_.delayed_send(&self_, std::min(took, rest_max), save_more{at});
      });
}

void snapshot_work::go_on_saving(slot at) {
  if (saving_ && saving_->at == at) save_piece();
}

void snapshot_work::finish_saving() {
  const auto at = saving_->at;
  ask_log<log_snapshot_saved>(log_finish_snapshot{options_.core.group, at, false},
                              [this, at](log_snapshot_saved done) {
                                if (!saving_ || saving_->at != at) return;
                                saving_.reset();
                                then_.step(snapshot_saved{at, done.bytes, done.kept, !done.saved});
                              });
}

void snapshot_work::give_up_saving() {
  const auto at = saving_->at;
  spdlog::warn("replica {}: gives up the snapshot of slot {}", to_string(options_.core.self), to_string(at));
  saving_.reset();
  self_.send(options_.log, log_discard_snapshot{options_.core.group, false});
  then_.step(snapshot_saved{at, 0, {}, true});
}

// -- another member's --------------------------------------------------------------------------------

void snapshot_work::perform(store_snapshot_piece& what) {
  ask_log<log_snapshot_written>(
      log_write_snapshot{options_.core.group, what.of.at, true, what.offset, std::move(what.data)},
      [this, of = what.of](log_snapshot_written written) {
        then_.step(snapshot_piece_stored{of, written.size});
      });
}

void snapshot_work::perform(discard_snapshot&) {
  self_.send(options_.log, log_discard_snapshot{options_.core.group, true});
}

void snapshot_work::perform(install_snapshot& what, state_machine& machine) {
  if (saving_) give_up_saving();
  ask_log<log_snapshot_saved>(log_finish_snapshot{options_.core.group, what.which.at, true},
                              [this, at = what.which.at, &machine](log_snapshot_saved done) {
                                if (!done.saved) return then_.step(restored{});
                                become(at, machine);
                              });
}

void snapshot_work::perform(fetch_snapshot& what) {
  ask_log<log_snapshot_part>(log_read_snapshot{options_.core.group, what.at, what.offset, what.bytes_max},
                             [this, peer = what.peer](log_snapshot_part& found) {
                               then_.step(snapshot_fetched{peer, std::move(found.part)});
                             });
}

// -- restoring ---------------------------------------------------------------------------------------

void snapshot_work::perform(restore_snapshot& what, state_machine& machine) { become(what.at, machine); }

void snapshot_work::become(slot at, state_machine& machine) {
  then_.before_restore();
  restoring_.emplace(machine);
  restore_from(at, 0);
}

void snapshot_work::restore_from(slot at, std::uint64_t offset) {
  ask_log<log_snapshot_part>(
      log_read_snapshot{options_.core.group, at, offset, options_.core.learn_bytes},
      [this, at, offset](log_snapshot_part& found) { restore_piece(at, offset, found.part); });
}

void snapshot_work::restore_piece(slot at, std::uint64_t offset, const snapshot_part& part) {
  if (!restoring_) return;
  if (part.of.at != at || part.offset != offset || !restoring_->take(part.data)) return refuse(at);
  const auto read = offset + part.data.size();
  if (!part.data.empty() && read < part.of.total) return restore_from(at, read);
  auto group = restoring_->finish(part.of);
  if (!group) return refuse(at);
  restoring_.reset();
  then_.step(restored{at, *std::move(group)});
}

void snapshot_work::refuse(slot at) {
  spdlog::error("replica {}: the state machine does not take the snapshot of slot {}",
                to_string(options_.core.self), to_string(at));
  then_.failed(caf::make_error(caf::sec::invalid_argument));
}

void snapshot_work::give_up() {
  saving_.reset();
  restoring_.reset();
}

}  // namespace bulwark::consensus
