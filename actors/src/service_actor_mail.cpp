// SPDX-License-Identifier: BSD-3-Clause
// What a service_actor leaves when it ends. A file of its own, built without the check of downcasts: the
// headers of CAF's mailbox cast the end of an empty list to an element that they never read.
#include <caf/all.hpp>
#include <utility>

#include "bulwark/actors/service_actor.hpp"
#include "tallied_message.hpp"
#include "tracked_element.hpp"
#include "worker_slot.hpp"

namespace bulwark {

namespace {

/// What CAF told the actor stays in the queue and goes with it.
template <class Queue, class Predicate>
void empty_into(std::vector<caf::mailbox_element_ptr>& waiting, Queue& queue, Predicate is_mail) {
  std::vector<caf::mailbox_element_ptr> rest;
  while (auto element = queue.take_front())
    (is_mail(*element) ? waiting : rest).push_back(std::move(element));
  for (auto& element : rest) queue.push_back(std::move(element));
}

}  // namespace

bool service_actor::is_mail(const caf::mailbox_element& element) {
  const auto& content = element.content();
  return (!element.mid.is_response() || is_tallied(element.mid)) &&
         !content.match_elements<caf::exit_msg>() && !content.match_elements<caf::down_msg>() &&
         !content.match_elements<caf::timeout_msg>();
}

/// A copy, in the state in which the handler left it: CAF destroys the element on its way out.
void service_actor::keep_poison(caf::mailbox_element& element) {
  const auto last_will = will_.load();
  if (!last_will || !last_will->with_poison || !is_mail(element)) return;
  failed_on_ = caf::make_mailbox_element(element.sender, element.mid, element.stages,
                                         element.copy_content_to_message());
  element.mid.mark_as_answered();  // the heir answers
}

service_actor::last_mail service_actor::close_mailbox() {
  last_mail left{std::move(failed_on_)};
  mailbox().close();
  empty_into(left.waiting, get_urgent_queue(), is_mail);
  empty_into(left.waiting, get_normal_queue(), is_mail);
  for (auto& element : left.waiting)  // whoever handles it, it is not this actor
    if (is_tallied(element->mid)) element = tally_for_->tracked(std::move(element));
  return left;
}

}  // namespace bulwark
