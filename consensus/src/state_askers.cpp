// SPDX-License-Identifier: BSD-3-Clause
#include "state_askers.hpp"

#include <string_view>
#include <utility>

#include "bulwark/consensus/log_store_actor.hpp"
#include "snapshot_writer_actor.hpp"

namespace bulwark::consensus {

namespace {

caf::error no_room() { return to_error(log_failure{log_error::no_space, "there is no room for the state"}); }

}  // namespace

void state_askers::add(const get_state& what, slot now_at, promise asker) {
  if (waiting_.size() + gathering_.size() >= waiting_max) {
    asker.deliver(caf::make_error(caf::sec::runtime_error, "too many wait"));
    return;
  }
  const auto at = what.at == slot::none ? now_at : what.at;
  waiting_.emplace(at, waiting{what, std::move(asker)});
}

void state_askers::show(slot at, state_machine& machine) {
  const bool was_idle = gathering_.empty();
  for (; !waiting_.empty() && waiting_.begin()->first <= at; waiting_.erase(waiting_.begin())) {
    auto& [wanted, one] = *waiting_.begin();
    auto rest = wanted != at ? nullptr : one.what.write_to ? machine.begin_backup() : machine.begin_save();
    if (rest)
      begin(one, at, std::move(rest));
    else
      one.asker.deliver(replica_state{at});
  }
  if (was_idle && !gathering_.empty()) self_.send(&self_, gather_more{});
}

void state_askers::begin(const waiting& one, slot at, std::unique_ptr<state_cursor> rest) {
  caf::actor writer;
  if (one.what.write_to)
    writer = spawn_snapshot_writer(self_.system(), one.what.write_to(at), one.what.write_in_own_thread);
  gathering_.push_back({at, std::move(rest), one.asker, std::move(writer), {}, ++last_number_, false});
}

void state_askers::go_on() {
  if (gathering_.empty() || gathering_.front().is_writing) return;
  auto& one = gathering_.front();
  bytes piece;
  const bool more = one.rest->next(piece_bytes_, piece);
  const auto offset = one.hash.size();
  one.hash.add(piece);
  if (one.writer && !piece.empty())
    write(std::move(piece), offset, more);
  else
    continue_or_end(more);
}

void state_askers::write(bytes piece, std::uint64_t offset, bool more) {
  auto& one = gathering_.front();
  one.is_writing = true;
  const auto written = offset + piece.size();
  log_write_snapshot what{{}, one.at, false, offset, std::move(piece)};
  self_.request(one.writer, caf::infinite, std::move(what))
      .then(
          [this, number = one.number, more, written](log_snapshot_written done) {
            if (!is_first(number)) return;
            if (done.size != written) return end(no_room());
            gathering_.front().is_writing = false;
            continue_or_end(more);
          },
          [this, number = one.number](caf::error& why) {
            if (is_first(number)) end(std::move(why));
          });
}

void state_askers::continue_or_end(bool more) {
  if (more) return self_.send(&self_, gather_more{});
  const auto& one = gathering_.front();
  if (one.writer) return seal();
  end(replica_state{one.at, one.hash.size(), one.hash.hash(), true});
}

void state_askers::seal() {
  auto& one = gathering_.front();
  one.is_writing = true;
  self_.request(one.writer, caf::infinite, seal_snapshot{})
      .then(
          [this, number = one.number](snapshot_sealed sealed) {
            if (!is_first(number)) return;
            const auto& first = gathering_.front();
            if (!sealed.done) return end(no_room());
            end(replica_state{first.at, first.hash.size(), first.hash.hash(), true});
          },
          [this, number = one.number](caf::error& why) {
            if (is_first(number)) end(std::move(why));
          });
}

void state_askers::end(const replica_state& found) {
  gathering_.front().asker.deliver(found);
  close_first();
}

void state_askers::end(caf::error why) {
  gathering_.front().asker.deliver(std::move(why));
  close_first();
}

void state_askers::close_first() {
  if (const auto& writer = gathering_.front().writer) self_.send(writer, stop_writing{});
  gathering_.pop_front();
  if (!gathering_.empty()) self_.send(&self_, gather_more{});
}

void state_askers::forget_gathered() {
  for (auto& one : std::exchange(gathering_, {})) {
    one.asker.deliver(replica_state{one.at});
    if (one.writer) self_.send(one.writer, stop_writing{});
  }
}

void state_askers::give_up() {
  forget_gathered();
  for (auto& [at, one] : std::exchange(waiting_, {})) one.asker.deliver(replica_state{});
}

}  // namespace bulwark::consensus
