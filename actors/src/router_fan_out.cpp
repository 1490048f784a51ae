// SPDX-License-Identifier: BSD-3-Clause
// Messages that go to all workers of a router.
#include "bulwark/actors/compat.hpp"
#include "router_hub.hpp"
#include "tracked_element.hpp"

namespace bulwark {

/// Each copy is a message of its own in the counts; none waits in line and none is delivered again.
void router_hub::submit_to_all(waiting_message one, caf::execution_unit* host) {
  auto& element = *one.element;
  const bool asks = element.mid.is_request();
  const auto content = element.move_content_to_message();
  const auto when = now();
  auto group = std::make_shared<fan_out>();
  std::vector<handoff> out;
  bool nobody = false;
  {
    const decision lock{*this};
    group->first_wins = kind_ == routing_kind::scatter_gather_first;
    const auto places = table_.place_all(when);
    group->open = places.size();
    nobody = table_.count() == 0;
    submitted_ += places.size();
    if (asks) group->whom = {element.sender, element.mid, std::move(element.stages)};
    auto self = caf::actor_cast<caf::strong_actor_ptr>(self_);
    for (const auto& place : places) {
      auto& slot = static_cast<worker_slot&>(*place.meter);
      if (!asks && slot.tells_when_done) {
        auto copy = caf::make_mailbox_element(element.sender, element.mid, {}, content);
        out.push_back(count_async(std::move(copy), slot, instant{}));
        continue;
      }
      slot.ask();
      pending_answer answer{
          slot.shared_from_this(), {nullptr, element.mid, {}}, when, when + options_.answer_limit};
      if (asks) answer.group = group;
      arm(answer.deadline);
      const auto number = pending_.put(std::move(answer));
      out.push_back(
          {slot.worker, caf::make_mailbox_element(self, id_of(number, 1, element.mid), {}, content)});
    }
    if (places.empty()) {
      ++submitted_;
      ++rejected_;
    }
  }
  if (out.empty()) {
    const auto why = nobody ? service_error::no_worker : service_error::overloaded;
    return refuse(element, caf::error{why});
  }
  for (auto& each : out) deliver(std::move(each), host);
}

/// One of the group has answered, or cannot any more (`response` is null then).
void router_hub::settle_group(pending_answer& one, caf::mailbox_element_ptr response,
                              const caf::error* problem, caf::execution_unit* host) {
  auto& group = *one.group;
  caf::error verdict;
  {
    std::lock_guard lock{mutex_};
    --group.open;
    if (problem && !group.problem) group.problem = *problem;
    if (group.answered) return;
    const bool last = group.open == 0;
    if (!last && (!group.first_wins || problem)) return;
    group.answered = true;
    if (group.first_wins ? problem != nullptr : static_cast<bool>(group.problem)) verdict = group.problem;
  }
  if (verdict)
    group.whom.fail(verdict);
  else
    group.whom.answer(std::move(response), host);
}

}  // namespace bulwark
