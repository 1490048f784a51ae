// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gmock/gmock.h>
#include <caf/actor.hpp>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/actors/router.hpp"
#include "bulwark/testkit/expected_events.hpp"
#include "bulwark/testkit/witness.hpp"

/// Matchers for what became of the messages of a router, and of its workers:
///
///     EXPECT_THAT(router, Counts({.submitted = 10, .failed = 1}));
///     EXPECT_THAT(router, NothingLost());
///     EXPECT_THAT(seen, InOrder(WorkerEjected(w1), WorkerReadmitted(w1)));
namespace bulwark::testkit {

// -- messages -------------------------------------------------------------------------------------

/// What is expected of a router now: of its handle, or of a typed_router.
class expected_router {
 public:
  using is_gtest_matcher = void;
  using check = std::function<std::string(const caf::actor& router)>;  ///< what is wrong; empty: nothing

  expected_router(std::string intent, check find_problem)
      : intent_{std::move(intent)}, find_problem_{std::move(find_problem)} {}

  template <class Router>
  bool MatchAndExplain(const Router& router, std::ostream* out) const {
    if constexpr (std::same_as<Router, caf::actor>)
      return judge(router, out);
    else
      return judge(router.untyped(), out);
  }
  void DescribeTo(std::ostream* out) const { *out << intent_; }
  void DescribeNegationTo(std::ostream* out) const { *out << "not: " << intent_; }

 private:
  bool judge(const caf::actor& router, std::ostream* out) const;

  std::string intent_;
  check find_problem_;
};

/// Numbers or matchers for some of router_counts; what is left out may be anything.
struct counts_shape {
  using number = testing::Matcher<std::uint64_t>;
  number submitted = testing::_;
  number done = testing::_;
  number rejected = testing::_;
  number failed = testing::_;
  number redelivered = testing::_;
  testing::Matcher<std::int64_t> in_flight = testing::_;
  number waiting = testing::_;
};

/// The messages given to a router came to this.
[[nodiscard]] expected_router Counts(counts_shape expected);

/// Nothing is in flight or waiting, and each message that was submitted is done, rejected or failed. Under a
/// load that goes on this may never be so.
[[nodiscard]] expected_router NothingLost();

/// So many workers may get something: they are neither draining nor ejected.
[[nodiscard]] expected_router WorkersInUse(const testing::Matcher<std::size_t>& count);

// -- workers --------------------------------------------------------------------------------------

/// `worker` null: any of them.
[[nodiscard]] testing::Matcher<const witnessed_event&> WorkerEvent(
    worker_event_kind kind, const caf::actor* worker,
    std::vector<testing::Matcher<const witnessed_event&>> details);

#define BULWARK_WORKER_MATCHER(Name, kind)                                                 \
  [[nodiscard]] inline testing::Matcher<const witnessed_event&> Name() {                   \
    return WorkerEvent(worker_event_kind::kind, nullptr, {});                              \
  }                                                                                        \
  template <class... Details>                                                              \
  [[nodiscard]] testing::Matcher<const witnessed_event&> Name(const caf::actor& worker,    \
                                                              const Details&... details) { \
    return WorkerEvent(worker_event_kind::kind, &worker,                                   \
                       {testing::Matcher<const witnessed_event&>{details}...});            \
  }

BULWARK_WORKER_MATCHER(WorkerJoined, joined)
BULWARK_WORKER_MATCHER(WorkerLeft, left)
BULWARK_WORKER_MATCHER(WorkerDrained, drained)
BULWARK_WORKER_MATCHER(WorkerUndrained, undrained)
BULWARK_WORKER_MATCHER(WorkerEjected, ejected)
BULWARK_WORKER_MATCHER(WorkerReadmitted, readmitted)

#undef BULWARK_WORKER_MATCHER

/// No router told anything of this worker.
[[nodiscard]] expected_events<witnessed_event> NoEventsFor(const caf::actor& worker);

}  // namespace bulwark::testkit
