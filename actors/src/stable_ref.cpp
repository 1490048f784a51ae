// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/stable_ref.hpp"

#include <algorithm>
#include <caf/all.hpp>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/core/invariant.hpp"
#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/service_actor.hpp"

namespace bulwark {

namespace {

bool has_ended(const caf::actor& incarnation) {
  return caf::actor_cast<caf::abstract_actor*>(incarnation)
      ->getf(caf::abstract_actor::is_terminated_flag | caf::abstract_actor::is_cleaned_up_flag);
}

class stable_ref final : public caf::monitorable_actor, public mailbox_gauge {
 public:
  stable_ref(caf::actor_config& config, stable_ref_options options)
      : caf::monitorable_actor{config}, options_{std::move(options)} {}

  using caf::monitorable_actor::enqueue;

  /// Passes on under the lock, so that an incarnation that ends can first have the reference hold what comes
  /// and then close its mailbox: nobody sends into a closed one.
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override {
    caf::error refusal;
    {
      std::lock_guard guard{mutex_};
      // One that has ended takes nothing any more, though its supervisor may not know yet.
      const bool held_back =
          state_ == ref_state::holding || (state_ == ref_state::bound && has_ended(incarnation_));
      if (state_ == ref_state::bound && !held_back) return incarnation_->enqueue(std::move(element), host);
      if (element->content().match_elements<caf::exit_msg>()) return;  // for an incarnation that is gone
      if (held_back && held_.size() < options_.hold_max) return held_.push_back(std::move(element));
      ++refused_;
      refusal = held_back ? caf::error{service_error::overloaded}
                          : caf::make_error(caf::sec::request_receiver_down);
    }
    bulwark::refuse(*element, std::move(refusal));
  }

  /// The held messages are delivered under the lock: whatever is sent meanwhile comes behind them.
  void bind_to(const caf::actor& incarnation, const mail_policy& mail) {
    caf::actor last;  // released after the lock: it may be the last handle, and its end may run code
    std::lock_guard guard{mutex_};
    if (state_ == ref_state::closed) return;
    mail_ = mail;
    ++bindings_;
    // One that has crashed since it got ready: its supervisor will hear of it, and say what comes next.
    const bool serves = inherit_from(incarnation);
    state_ = serves ? ref_state::bound : ref_state::holding;
    last = std::exchange(incarnation_, serves ? incarnation : caf::actor{});
    if (!serves) return;
    for (; !held_.empty(); held_.pop_front()) incarnation_->enqueue(std::move(held_.front()), nullptr);
  }

  /// The incarnation of this binding ends, in whose thread this runs.
  void inherit(std::uint64_t binding, service_actor& ending, const caf::error& reason) {
    refusals answers;  // given after the lock
    caf::actor last;   // as above
    dead_letter dropped;
    {
      std::lock_guard guard{mutex_};
      const bool current = binding == bindings_;
      if (current && state_ == ref_state::bound) {
        state_ = ref_state::holding;
        last = std::exchange(incarnation_, {});
      }
      auto left = ending.close_mailbox();
      keep_waiting(current && state_ == ref_state::holding && mail_.carry_over, left.waiting, answers);
      if (left.failed_on)
        judge(current && state_ == ref_state::holding, std::move(left.failed_on), reason, answers, dropped);
    }
    for (auto& [message, problem] : answers) bulwark::refuse(*message, std::move(problem));
  }

  void hold() { leave(ref_state::holding); }

  void refuse() { bounce_all(leave(ref_state::vacant)); }

  void end(caf::error reason) {
    bounce_all(leave(ref_state::closed));
    cleanup(std::move(reason), nullptr);  // tells whoever monitors or is linked; does nothing the second time
  }

  [[nodiscard]] stable_ref_stats stats() const {
    std::lock_guard guard{mutex_};
    return {options_.name, state_, bindings_, held_.size(), refused_, lost_, quarantined_};
  }

  [[nodiscard]] std::vector<dead_letter> letters() const {
    std::lock_guard guard{mutex_};
    return {letters_.begin(), letters_.end()};
  }

  std::optional<dead_letter> take_letter(std::uint64_t number) {
    std::lock_guard guard{mutex_};
    const auto found = std::ranges::find(letters_, number, &dead_letter::number);
    if (found == letters_.end()) return std::nullopt;
    auto taken = std::move(*found);
    letters_.erase(found);
    return taken;
  }

  [[nodiscard]] std::int64_t depth() const noexcept override {
    std::lock_guard guard{mutex_};
    const auto* gauge = gauge_of(incarnation_);
    return static_cast<std::int64_t>(held_.size()) + (gauge ? gauge->depth() : 0);
  }

  [[nodiscard]] std::uint64_t handled() const noexcept override {
    std::lock_guard guard{mutex_};
    const auto* gauge = gauge_of(incarnation_);
    return gauge ? gauge->handled() : 0;
  }

  const char* name() const override { return "bulwark.stable_ref"; }

  void on_destroy() override {
    end(caf::make_error(caf::exit_reason::unreachable));
    caf::monitorable_actor::on_destroy();
  }

 private:
  // Lists, as empty deques take more than half a kilobyte each, and references come in hundreds of thousands.
  using held_messages = std::list<caf::mailbox_element_ptr>;
  using refusals = std::vector<std::pair<caf::mailbox_element_ptr, caf::error>>;

  /// False if it is ending already.
  bool inherit_from(const caf::actor& incarnation);

  /// What waited goes before what came since, or is lost.
  void keep_waiting(bool carry_over, std::vector<caf::mailbox_element_ptr>& waiting, refusals& answers) {
    const auto room = carry_over ? options_.hold_max - std::min(options_.hold_max, held_.size()) : 0;
    const auto kept = std::min(room, waiting.size());
    for (std::size_t i = kept; i < waiting.size(); ++i)
      answers.emplace_back(std::move(waiting[i]),
                           carry_over ? service_error::overloaded : service_error::not_handled);
    (carry_over ? refused_ : lost_) += waiting.size() - kept;
    for (std::size_t i = kept; i > 0; --i) held_.push_front(std::move(waiting[i - 1]));
  }

  /// What is to become of the message that the incarnation failed on.
  void judge(bool serves_on, caf::mailbox_element_ptr poison, const caf::error& reason, refusals& answers,
             dead_letter& dropped) {
    const auto now = home_system().clock().now();
    const auto fingerprint = std::hash<std::string>{}(caf::deep_to_string(poison->content()));
    const auto crashes = watch_.crashes_of(fingerprint) + 1;
    const auto verdict = serves_on ? watch_.crashed_on(fingerprint, now, mail_) : poison_verdict::lose;
    if (verdict == poison_verdict::try_again && held_.size() < options_.hold_max)
      return held_.push_front(std::move(poison));
    if (verdict == poison_verdict::set_aside) {
      if (letters_.size() >= mail_.dead_letters_max) {
        dropped = std::move(letters_.front());
        letters_.pop_front();
      }
      letters_.push_back(
          {++quarantined_, poison->copy_content_to_message(), error_text(reason), crashes, now});
    }
    answers.emplace_back(std::move(poison), reason);
  }

  /// Goes without incarnation; gives back what was held unless it goes on being held.
  held_messages leave(ref_state next) {
    caf::actor last;  // as above
    held_messages taken;
    std::lock_guard guard{mutex_};
    if (state_ == ref_state::closed) return taken;
    state_ = next;
    last = std::exchange(incarnation_, {});
    if (next != ref_state::holding) {
      taken.swap(held_);
      refused_ += taken.size();
    }
    return taken;
  }

  void bounce_all(held_messages messages) {
    const auto reason = caf::make_error(caf::sec::request_receiver_down);
    for (auto& message : messages) bulwark::refuse(*message, reason);
  }

  const stable_ref_options options_;
  mutable std::mutex mutex_;
  ref_state state_ = ref_state::holding;
  caf::actor incarnation_;
  held_messages held_;
  std::uint64_t bindings_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t quarantined_ = 0;
  mail_policy mail_;  ///< of the current or the last incarnation
  poison_watch watch_;
  std::list<dead_letter> letters_;
};

stable_ref* as_ref(const caf::actor& handle) noexcept {
  return handle ? dynamic_cast<stable_ref*>(caf::actor_cast<caf::abstract_actor*>(handle)) : nullptr;
}

bool stable_ref::inherit_from(const caf::actor& incarnation) {
  auto* service = dynamic_cast<service_actor*>(caf::actor_cast<caf::abstract_actor*>(incarnation));
  if (!service) return true;
  const auto heir = [self = address(), binding = bindings_](service_actor& ending, const caf::error& reason) {
    // Held while it works; nobody left who holds the reference: the mail is CAF's to bounce.
    if (const auto ref = caf::actor_cast<caf::actor>(self)) as_ref(ref)->inherit(binding, ending, reason);
  };
  return service->leave_mail_to(heir, mail_.crashes_max > 0);
}

stable_ref& ref_behind(const caf::actor& handle) {
  auto* ref = as_ref(handle);
  BULWARK_INVARIANT(ref != nullptr);
  return *ref;
}

}  // namespace

caf::actor make_stable_ref(caf::actor_system& system, stable_ref_options options) {
  caf::actor_config config;
  return caf::make_actor<stable_ref, caf::actor>(system.next_actor_id(), system.node(), &system, config,
                                                 std::move(options));
}

void bind(const caf::actor& ref, const caf::actor& incarnation, const mail_policy& mail) {
  BULWARK_INVARIANT(incarnation && incarnation != ref);
  ref_behind(ref).bind_to(incarnation, mail);
}

void unbind(const caf::actor& ref) { ref_behind(ref).hold(); }

void vacate(const caf::actor& ref) { ref_behind(ref).refuse(); }

void close(const caf::actor& ref, const caf::error& reason) { ref_behind(ref).end(reason); }

stable_ref_stats ref_stats(const caf::actor& ref) { return ref_behind(ref).stats(); }

std::vector<dead_letter> dead_letters(const caf::actor& ref) { return ref_behind(ref).letters(); }

bool resend_dead_letter(const caf::actor& ref, std::uint64_t number) {
  const auto taken = ref_behind(ref).take_letter(number);
  if (taken) caf::anon_send(ref, taken->what);
  return taken.has_value();
}

bool discard_dead_letter(const caf::actor& ref, std::uint64_t number) {
  return ref_behind(ref).take_letter(number).has_value();
}

bool is_stable_ref(const caf::actor& handle) noexcept { return as_ref(handle) != nullptr; }

}  // namespace bulwark
