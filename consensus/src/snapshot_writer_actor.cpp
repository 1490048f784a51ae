// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot_writer_actor.hpp"

#include <utility>

#include "actor_base.hpp"
#include "bulwark/consensus/log_store_actor.hpp"

namespace bulwark::consensus {
namespace {

class snapshot_writer_actor final : public actor_base {
 public:
  snapshot_writer_actor(caf::actor_config& config, std::shared_ptr<snapshot_writer> to)
      : actor_base{config}, to_{std::move(to)} {}

  const char* name() const override { return "bulwark.snapshot"; }

  caf::behavior make_behavior() override {
    return {
        [this](const log_write_snapshot& what) { return write(what); },
        [this](seal_snapshot) { return seal(); },
        [this](stop_writing) { quit(); },
    };
  }

  void on_exit() override { to_.reset(); }

 private:
  caf::result<log_snapshot_written> write(const log_write_snapshot& what) {
    try {
      if (what.offset == to_->id().total) to_->append(what.piece);
    } catch (const log_failure& failure) {
      if (failure.code() != log_error::no_space) return fail(failure);
    }
    return log_snapshot_written{to_->id().total};
  }

  caf::result<snapshot_sealed> seal() {
    try {
      to_->seal();
    } catch (const log_failure& failure) {
      if (failure.code() != log_error::no_space) return fail(failure);
      return snapshot_sealed{false};
    }
    return snapshot_sealed{true};
  }

  caf::error fail(const log_failure& failure) {
    auto why = to_error(failure);
    quit(why);
    return why;
  }

  std::shared_ptr<snapshot_writer> to_;
};

}  // namespace

caf::actor spawn_snapshot_writer(caf::actor_system& system, std::shared_ptr<snapshot_writer> to,
                                 bool detached) {
  if (detached) return system.spawn<snapshot_writer_actor, caf::detached>(std::move(to));
  return system.spawn<snapshot_writer_actor>(std::move(to));
}

}  // namespace bulwark::consensus
