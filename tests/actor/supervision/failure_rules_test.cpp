// SPDX-License-Identifier: BSD-3-Clause
// Goal: a rule for an exception fits exactly what a catch of its type would catch, also behind a restart.
// Method: exceptions of all shapes are thrown and caught; the verdict of rule and catch are compared.
#include "bulwark/supervision/failure_rules.hpp"

#include <gmock/gmock.h>

#include <stdexcept>
#include <system_error>

#include "supervisor_fixture.hpp"

namespace bulwark {
namespace rules_test {

struct tag {
  virtual ~tag() = default;
};
struct hidden {};
struct disk_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct disk_full : disk_error, tag, private hidden {
  disk_full() : disk_error{"full"} {}
};
struct shared_left : virtual tag {};
struct shared_right : virtual tag {};
struct diamond : shared_left, shared_right {};
struct lone {};

}  // namespace rules_test

namespace {

using namespace rules_test;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

template <class Type>
bool caught_as(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Type&) {
    return true;
  } catch (...) {
    return false;
  }
}

template <class Type>
void expect_same_verdict(const std::exception_ptr& thrown) {
  const auto failure = describe_exit(error_of_exception(thrown));
  EXPECT_EQ(rule_for_exception<Type>(directive::stop).fits(failure), caught_as<Type>(thrown))
      << failure.category << " as " << type_text(typeid(Type));
}

template <class... Types>
void expect_same_verdicts(const std::exception_ptr& thrown) {
  (expect_same_verdict<Types>(thrown), ...);
}

TEST(failure_rules, fit_what_a_catch_would_catch) {
  const std::vector<std::exception_ptr> thrown{
      std::make_exception_ptr(disk_full{}),
      std::make_exception_ptr(disk_error{"x"}),
      std::make_exception_ptr(std::runtime_error{""}),
      std::make_exception_ptr(std::out_of_range{""}),
      std::make_exception_ptr(std::system_error{std::make_error_code(std::errc::io_error)}),
      std::make_exception_ptr(diamond{}),
      std::make_exception_ptr(lone{}),
      std::make_exception_ptr(7),
      std::make_exception_ptr(std::string{"text"})};
  for (const auto& each : thrown)
    expect_same_verdicts<disk_full, disk_error, tag, hidden, std::runtime_error, std::logic_error,
                         std::system_error, std::exception, shared_left, diamond, lone, int, std::string>(
        each);
}

TEST(failure_rules, know_errors_by_code_or_by_their_enum) {
  const auto failure = describe_exit(caf::make_error(caf::sec::bad_function_call, std::string{"because"}));
  EXPECT_TRUE(rule_for_error(caf::sec::bad_function_call, directive::stop).fits(failure));
  EXPECT_FALSE(rule_for_error(caf::sec::end_of_stream, directive::stop).fits(failure));
  EXPECT_TRUE(rule_for_category<caf::sec>(directive::stop).fits(failure));
  EXPECT_FALSE(rule_for_category<supervision_error>(directive::stop).fits(failure));
  EXPECT_TRUE(rule_for_category<supervision_error>(directive::stop)
                  .fits(describe_exit(caf::error{supervision_error::gave_up, "why"})));
}

TEST(failure_rules, bases_survive_the_way_through_bytes) {
  const auto sent = error_of_exception(std::make_exception_ptr(disk_full{}));
  caf::actor_system_config config;
  caf::actor_system system{config};
  std::vector<char> bytes;
  caf::binary_serializer sink{system, bytes};
  ASSERT_FALSE(sink(sent));
  caf::error received;
  caf::binary_deserializer source{system, bytes};
  ASSERT_FALSE(source(received));
  EXPECT_EQ(describe_exit(received), describe_exit(sent));
  EXPECT_THAT(describe_exit(received).bases, Not(IsEmpty()));
}

class failure_rules_in_a_tree : public supervisor_fixture {
 protected:
  /// A service that throws `disk_full` on any number.
  child with_rules(std::vector<failure_rule> rules) {
    auto made = a.as_child();
    made.spec.rules = std::move(rules);
    made.start = [](caf::actor_system& system, const caf::actor&) -> caf::actor {
      return system.spawn(
          [](service_actor*, bool) -> caf::behavior { return {[](int) { throw disk_full{}; }}; }, true);
    };
    return made;
  }
};

TEST_F(failure_rules_in_a_tree, the_first_rule_that_fits_decides) {
  start(restart_strategy::one_for_one, {with_rules({rule_for_exception<std::logic_error>(directive::escalate),
                                                    rule_for_exception<disk_error>(directive::resume),
                                                    rule_for_exception<std::exception>(directive::stop)})});
  recorder.clear();
  caf::anon_send(a.ref, 1);
  world.drain();
  EXPECT_THAT(recorder.story(), ElementsAre("resumed a"));
}

TEST_F(failure_rules_in_a_tree, what_no_rule_lets_pass_is_a_crash) {
  start(restart_strategy::one_for_one,
        {with_rules({rule_for_exception<std::logic_error>(directive::resume)})});
  recorder.clear();
  caf::anon_send(a.ref, 1);
  world.drain();
  EXPECT_THAT(recorder.story(), ElementsAre("exited a", "started a", "ready a", "restarted a"));
}

TEST_F(failure_rules_in_a_tree, a_child_that_crashes_is_stopped_by_a_rule_for_a_base) {
  start(restart_strategy::one_for_one, {with_rules({rule_for_exception<std::exception>(directive::stop)})});
  recorder.clear();
  caf::anon_send(a.ref, 1);
  world.drain();
  EXPECT_THAT(recorder.story(), ElementsAre("exited a"));
  EXPECT_EQ(recorder.events().back().reason.category, "bulwark::rules_test::disk_full");
}

}  // namespace
}  // namespace bulwark
