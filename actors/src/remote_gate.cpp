// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/remote_gate.hpp"

#include <caf/all.hpp>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/core/invariant.hpp"
#include "bulwark/actors/core/pending_table.hpp"
#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/unhandled_request.hpp"
#include "router_hub.hpp"

namespace bulwark {

namespace {

class remote_gate final : public caf::monitorable_actor {
 public:
  remote_gate(caf::actor_config& config, caf::actor remote, remote_gate_options options,
              unhandled_request_sink fenced)
      : caf::monitorable_actor{config},
        options_{options},
        fenced_{std::move(fenced)},
        remote_{std::move(remote)} {}

  using caf::monitorable_actor::enqueue;

  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override {
    if (element->mid.is_response()) return answered(std::move(element), host);
    const auto deadline =
        element->mid.is_request() ? home_system().clock().now() + options_.answer_limit : instant{};
    pass(std::move(element), deadline, bool{fenced_}, host);
  }

  /// `deadline`: of a request. `keeps`: a copy, to be handed over if it is refused.
  void pass(caf::mailbox_element_ptr element, instant deadline, bool keeps, caf::execution_unit* host) {
    caf::actor to;
    caf::error problem;
    {
      const std::lock_guard guard{mutex_};
      to = remote_;
      if (!to)
        problem = caf::make_error(caf::sec::request_receiver_down);
      else if (element->mid.is_request() && waiting_.size() >= options_.in_flight_max)
        problem = service_error::overloaded;
      else if (element->mid.is_request())
        remember(element, deadline, keeps);
    }
    if (problem) return refuse(*element, std::move(problem));
    to->enqueue(std::move(element), host);
  }

  const char* name() const override { return "bulwark.remote_gate"; }

  void on_destroy() override {
    end();
    caf::monitorable_actor::on_destroy();
  }

  void end() {
    caf::actor last;  // released after the lock
    pending_table<open_request> unanswered;
    {
      const std::lock_guard guard{mutex_};
      last = std::exchange(remote_, {});
      std::swap(unanswered, waiting_);
    }
    fail(
        unanswered, [](const open_request&) { return true; }, caf::sec::request_receiver_down);
    cleanup(caf::make_error(caf::exit_reason::remote_link_unreachable), nullptr);
  }

  void expire(instant now) {
    pending_table<open_request> late;
    {
      const std::lock_guard guard{mutex_};
      for (const auto number : waiting_.numbers_if([&](const auto& one) { return one.deadline <= now; }))
        late.put(*waiting_.take(number));
    }
    fail(
        late, [](const open_request&) { return true; }, caf::sec::request_timeout);
  }

  [[nodiscard]] std::size_t in_flight() const {
    const std::lock_guard guard{mutex_};
    return waiting_.size();
  }

 private:
  struct open_request {
    requester whom;
    instant deadline{};
    caf::message kept{};  ///< empty unless it is to be handed over if it is refused
  };

  /// Makes it a request of the gate's own. Always of the normal priority: CAF loses the answer to an urgent
  /// request that goes to another node.
  void remember(caf::mailbox_element_ptr& element, instant deadline, bool keeps) {
    open_request one{{std::move(element->sender), element->mid, std::move(element->stages)}, deadline};
    if (keeps) {
      one.kept = element->move_content_to_message();
      element = caf::make_mailbox_element(nullptr, element->mid, {}, one.kept);
    }
    element->mid =
        caf::message_id{waiting_.put(std::move(one))}.with_category(caf::message_id::normal_message_category);
    element->sender = caf::strong_actor_ptr{ctrl()};
    element->stages.clear();
  }

  void answered(caf::mailbox_element_ptr response, caf::execution_unit* host) {
    std::optional<open_request> one;
    bool is_refused = false;
    {
      const std::lock_guard guard{mutex_};
      one = waiting_.take(response->mid.request_id().integer_value() & number_mask);
      is_refused = one && !one->kept.empty() && response->sender == remote_ && is_fenced(*response);
    }
    if (is_refused)
      fenced_({caf::make_mailbox_element(std::move(one->whom.actor), one->whom.mid,
                                         std::move(one->whom.stages), std::move(one->kept)),
               one->deadline});
    else if (one)
      one->whom.answer(std::move(response), host);
  }

  static bool is_fenced(const caf::mailbox_element& response) {
    const auto& content = response.content();
    return content.match_elements<caf::error>() && content.get_as<caf::error>(0) == service_error::fenced;
  }

  template <class Condition>
  static void fail(pending_table<open_request>& some, Condition condition, caf::sec why) {
    for (const auto number : some.numbers_if(condition)) some.take(number)->whom.fail(caf::make_error(why));
  }

  static constexpr std::uint64_t number_mask =
      (std::uint64_t{1} << pending_table<open_request>::number_bits) - 1;

  const remote_gate_options options_;
  const unhandled_request_sink fenced_;  ///< may be empty
  mutable std::mutex mutex_;
  caf::actor remote_;  ///< null once shut
  pending_table<open_request> waiting_;
};

remote_gate* gate_behind(const caf::actor& handle) {
  return handle ? dynamic_cast<remote_gate*>(caf::actor_cast<caf::abstract_actor*>(handle)) : nullptr;
}

remote_gate& gate_of(const caf::actor& handle) {
  auto* found = gate_behind(handle);
  BULWARK_INVARIANT(found != nullptr);
  return *found;
}

}  // namespace

caf::actor make_remote_gate(caf::actor_system& system, const caf::actor& remote, remote_gate_options options,
                            unhandled_request_sink fenced) {
  BULWARK_INVARIANT(remote);
  caf::actor_config config;
  auto gate = caf::make_actor<remote_gate, caf::actor>(system.next_actor_id(), system.node(), &system, config,
                                                       remote, options, std::move(fenced));
  // Called at once if it has ended already.
  caf::actor_cast<caf::abstract_actor*>(remote)->attach_functor([weak = gate.address()](const caf::error&) {
    if (auto* const found = gate_behind(caf::actor_cast<caf::actor>(weak))) found->end();
  });
  return gate;
}

void ask_again(const caf::actor& gate, unhandled_request what) {
  gate_of(gate).pass(std::move(what.element), what.deadline, false, nullptr);
}

void shut(const caf::actor& gate) { gate_of(gate).end(); }

void expire_requests(const caf::actor& gate, instant now) { gate_of(gate).expire(now); }

std::size_t requests_in_flight(const caf::actor& gate) { return gate_of(gate).in_flight(); }

}  // namespace bulwark
