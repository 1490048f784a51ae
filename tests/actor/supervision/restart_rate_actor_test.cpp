// SPDX-License-Identifier: BSD-3-Clause
// Goal: the restart rate that a root is given holds for its whole tree.
// Method: crashes on both sides of a tree, in virtual time.
#include <stdexcept>
#include <utility>

#include "supervisor_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;

class tree_wide_rate : public supervisor_fixture {};

TEST_F(tree_wide_rate, is_shared_by_sub_supervisors_and_survives_their_restarts) {
  auto sub = below("sub", restart_strategy::one_for_one, {b.as_child()});
  supervisor_options options;
  options.flags.intensity = 100;
  options.children = {a.as_child(), supervisor_child(std::move(sub))};
  options.sink = recorder.sink();
  options.restart_rate = restart_rate_options{.burst = 1, .per_second = 1};
  root_ = spawn_supervisor(world.system(), std::move(options));
  world.drain();
  tell(a.ref, "crash");
  tell(b.ref, "crash");
  EXPECT_EQ(recorder.count(event_kind::restarted, "a"), 1u) << "the burst";
  EXPECT_EQ(recorder.count(event_kind::restarted, "sub/b"), 0u);
  world.advance(1s);
  EXPECT_EQ(recorder.count(event_kind::restarted, "sub/b"), 1u);
  kill("sub");
  EXPECT_EQ(recorder.count(event_kind::restarted, "sub"), 0u);
  world.advance(1s);
  EXPECT_EQ(recorder.count(event_kind::restarted, "sub"), 1u);
  tell(b.ref, "crash");
  EXPECT_EQ(recorder.count(event_kind::restarted, "sub/b"), 1u) << "a new sub-supervisor has no new bucket";
  world.advance(1s);
  EXPECT_EQ(recorder.count(event_kind::restarted, "sub/b"), 2u);
}

TEST_F(tree_wide_rate, is_refused_where_it_makes_no_sense) {
  supervisor_options options{.name = "x"};
  options.restart_rate = restart_rate_options{.burst = 0};
  EXPECT_THROW((void)spawn_supervisor(world.system(), options), std::invalid_argument);
  options.restart_rate = restart_rate_options{};
  EXPECT_THROW((void)supervisor_child(options), std::invalid_argument);
}

}  // namespace
}  // namespace bulwark
