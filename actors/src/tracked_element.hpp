// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/mailbox_element.hpp>
#include <memory>
#include <utility>

#include "worker_slot.hpp"

namespace bulwark {

/// A message on its way to a worker that tells when it is done with it. Wherever it is destroyed, it is
/// finished: after being handled; with the mailbox of a worker that ended, or in front of its closed door.
class tracked_element final : public caf::mailbox_element {
 public:
  tracked_element(caf::mailbox_element_ptr inner, worker_slot& slot, instant sent_at)
      : caf::mailbox_element{std::move(inner->sender), inner->mid, std::move(inner->stages)},
        inner_{std::move(inner)},
        slot_{slot},
        sent_at_{sent_at} {}

  /// One that was tallied before: nothing else keeps its slot.
  tracked_element(caf::mailbox_element_ptr inner, std::shared_ptr<worker_slot> slot)
      : tracked_element{std::move(inner), *slot, instant{}} {
    keeps_ = std::move(slot);
  }

  ~tracked_element() override {
    inner_.reset();
    slot_.count(handled_);
    slot_.follow_up(handled_);
    if (!keeps_) slot_.release();
  }

  /// The worker went through it without failing.
  void handled(instant now) noexcept {
    handled_ = true;
    if (sent_at_ != instant{}) slot_.observe(now - sent_at_, now);
  }
  [[nodiscard]] bool timed() const noexcept { return sent_at_ != instant{}; }

  caf::type_erased_tuple& content() override { return inner_->content(); }
  const caf::type_erased_tuple& content() const override { return std::as_const(*inner_).content(); }
  caf::message move_content_to_message() override { return inner_->move_content_to_message(); }
  caf::message copy_content_to_message() const override { return inner_->copy_content_to_message(); }

 private:
  caf::mailbox_element_ptr inner_;
  worker_slot& slot_;  ///< lives until this is finished
  instant sent_at_;
  bool handled_ = false;
  std::shared_ptr<worker_slot> keeps_{};
};

}  // namespace bulwark
