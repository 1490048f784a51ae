// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/testkit/router_matchers.hpp"

#include <caf/actor_cast.hpp>
#include <ostream>
#include <sstream>
#include <variant>

namespace bulwark::testkit {

namespace {

template <class Value>
void describe(std::ostream& out, const char*& between, const char* name,
              const testing::Matcher<Value>& value) {
  const auto text = testing::DescribeMatcher<Value>(value);
  if (text == testing::DescribeMatcher<Value>(testing::_)) return;
  out << std::exchange(between, ", ") << name << ' ' << text;
}

std::string text_of(const counts_shape& expected) {
  std::ostringstream text;
  const char* between = "of its messages: ";
  describe(text, between, "submitted", expected.submitted);
  describe(text, between, "done", expected.done);
  describe(text, between, "rejected", expected.rejected);
  describe(text, between, "failed", expected.failed);
  describe(text, between, "redelivered", expected.redelivered);
  describe(text, between, "in flight", expected.in_flight);
  describe(text, between, "waiting", expected.waiting);
  return text.str();
}

bool fits(const counts_shape& expected, const router_counts& is) {
  return expected.submitted.Matches(is.submitted) && expected.done.Matches(is.done) &&
         expected.rejected.Matches(is.rejected) && expected.failed.Matches(is.failed) &&
         expected.redelivered.Matches(is.redelivered) && expected.in_flight.Matches(is.in_flight) &&
         expected.waiting.Matches(is.waiting);
}

/// Takes null, too.
std::string actor_text(const caf::actor_addr& worker) {
  return worker ? "actor " + std::to_string(worker.id()) : "nobody";
}

caf::actor_addr address_of(const caf::actor& worker) { return caf::actor_cast<caf::actor_addr>(worker); }

/// That a worker, or any, came to this.
class worker_shape {
 public:
  using is_gtest_matcher = void;

  worker_shape(worker_event_kind kind, const caf::actor* worker) : kind_{kind}, any_{worker == nullptr} {
    if (worker) worker_ = address_of(*worker);
  }

  bool MatchAndExplain(const witnessed_event& event, std::ostream*) const {
    const auto* what = std::get_if<worker_event>(&event.what);
    return what && what->kind == kind_ && (any_ || what->worker == worker_);
  }
  void DescribeTo(std::ostream* out) const { *out << "says that " << intent(); }
  void DescribeNegationTo(std::ostream* out) const { *out << "does not say that " << intent(); }

 private:
  [[nodiscard]] std::string intent() const {
    return (any_ ? "any worker" : "the worker " + actor_text(worker_)) + ' ' + to_string(kind_);
  }

  worker_event_kind kind_;
  bool any_;
  caf::actor_addr worker_;
};

}  // namespace

bool expected_router::judge(const caf::actor& router, std::ostream* out) const {
  const auto problem = find_problem_(router);
  if (out && !problem.empty()) *out << problem;
  return problem.empty();
}

expected_router Counts(counts_shape expected) {
  auto intent = text_of(expected);
  return {std::move(intent), [expected = std::move(expected)](const caf::actor& router) {
            const auto is = counts_of(router);
            return fits(expected, is) ? std::string{} : to_string(is);
          }};
}

expected_router NothingLost() {
  return {"all is quiet, and each message is done, rejected or failed", [](const caf::actor& router) {
            const auto is = counts_of(router);
            const bool quiet = is.in_flight == 0 && is.waiting == 0;
            return quiet && is.add_up() ? std::string{} : to_string(is);
          }};
}

expected_router WorkersInUse(const testing::Matcher<std::size_t>& count) {
  return {"the number of workers in use " + testing::DescribeMatcher<std::size_t>(count),
          [count](const caf::actor& router) {
            std::string list;
            std::size_t in_use = 0;
            for (const auto& one : worker_loads(router)) {
              if (!one.draining && !one.ejected) ++in_use;
              list += (list.empty() ? ": " : ", ") + actor_text(one.worker.address()) +
                      (one.draining  ? " draining"
                       : one.ejected ? " ejected"
                                     : " up");
            }
            return count.Matches(in_use) ? std::string{} : std::to_string(in_use) + " are in use" + list;
          }};
}

testing::Matcher<const witnessed_event&> WorkerEvent(
    worker_event_kind kind, const caf::actor* worker,
    std::vector<testing::Matcher<const witnessed_event&>> details) {
  testing::Matcher<const witnessed_event&> shape = worker_shape{kind, worker};
  if (details.empty()) return shape;
  details.insert(details.begin(), std::move(shape));
  return testing::AllOfArray(details);
}

expected_events<witnessed_event> NoEventsFor(const caf::actor& worker) {
  return {"nothing happened to " + actor_text(address_of(worker)),
          [worker = address_of(worker)](const std::vector<witnessed_event>& events) {
            for (const auto& event : events)
              if (const auto* what = std::get_if<worker_event>(&event.what); what && what->worker == worker)
                return "there is: " + to_string(event);
            return std::string{};
          }};
}

}  // namespace bulwark::testkit
