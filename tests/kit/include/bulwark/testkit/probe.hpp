// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gmock/gmock.h>
#include <caf/all.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bulwark/testkit/deterministic_system.hpp"

namespace bulwark::testkit {

/// An actor of the test's own: takes any message, and the ends of those that it watches.
class probe {
 public:
  explicit probe(deterministic_system& world);
  ~probe();
  probe(const probe&) = delete;
  probe& operator=(const probe&) = delete;

  [[nodiscard]] const caf::actor& handle() const noexcept { return actor_; }

  /// From now on the end of this actor or stable reference is told by expect_down().
  void watch(const caf::actor& whom);

  /// Sends a message in the probe's name; what comes back to it can be expected.
  template <class... Values>
  void send(const caf::actor& whom, Values&&... values) {
    caf::send_as(actor_, whom, std::forward<Values>(values)...);
  }

  /// Runs the system and takes the oldest message, which has to be one Value that fits. A failure of the test
  /// otherwise.
  template <class Value, class Matcher>
  void expect(const Matcher& matcher) {
    const auto message = take();
    if (!message) return fail("expected a message, and none came");
    if (!message->template match_elements<Value>())
      return fail("expected another type than " + to_string(*message));
    EXPECT_THAT(message->template get_as<Value>(0), matcher);
  }

  /// No message is left, and none comes within this time.
  void expect_none(duration within = {});

  /// The actor has ended; its reason comes back. A failure of the test if it has not.
  std::optional<caf::error> expect_down(const caf::actor& whom);

 private:
  struct memory;
  [[nodiscard]] std::optional<caf::message> take();
  static void fail(const std::string& problem);

  deterministic_system& world_;
  std::shared_ptr<memory> memory_;
  caf::actor actor_;
};

}  // namespace bulwark::testkit
