// SPDX-License-Identifier: BSD-3-Clause
// Goal: a child is taken for ended when it has ended, and never before, whatever an event loop says of it.
#include "bulwark/cluster/child_process.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <cerrno>
#include <csignal>

namespace bulwark::cluster::test {
namespace {

child_process start(std::vector<std::string> arguments) {
  const std::filesystem::path program = arguments.front();
  return child_process{{program, std::move(arguments), "/dev/null"}};
}

/// As Asio does with what it watches.
void make_non_blocking(int fd) { ASSERT_EQ(::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK), 0); }

bool ends_within(const child_process& child, int milliseconds) {
  pollfd watched{.fd = child.pidfd(), .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, milliseconds) == 1;
}

TEST(child_process, one_that_runs_is_not_reaped_and_goes_on) {
  auto child = start({"/bin/sleep", "600"});
  make_non_blocking(child.pidfd());
  EXPECT_FALSE(child.reap_if_ended());
  EXPECT_TRUE(child.send(0)) << "it can still be addressed";
  ASSERT_TRUE(child.send(SIGKILL));
  ASSERT_TRUE(ends_within(child, 10'000));
  const auto end = child.reap_if_ended();
  ASSERT_TRUE(end);
  EXPECT_FALSE(end->clean);
  EXPECT_THAT(end->reason, testing::HasSubstr("killed by signal 9"));
}

TEST(child_process, tells_how_it_ended) {
  auto well = start({"/bin/true"});
  ASSERT_TRUE(ends_within(well, 10'000));
  EXPECT_TRUE(well.reap_if_ended().value().clean);
  auto badly = start({"/bin/sh", "-c", "exit 3"});
  ASSERT_TRUE(ends_within(badly, 10'000));
  EXPECT_EQ(badly.reap_if_ended().value().reason, "exit code 3");
  auto never = start({"/no/such/program"});
  ASSERT_TRUE(ends_within(never, 10'000));
  EXPECT_EQ(never.reap_if_ended().value().reason, "exit code 127");
}

TEST(child_process, destroying_one_that_runs_leaves_no_zombie) {
  pid_t pid = 0;
  {
    const auto child = start({"/bin/sleep", "600"});
    make_non_blocking(child.pidfd());
    pid = child.pid();
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

}  // namespace
}  // namespace bulwark::cluster::test
