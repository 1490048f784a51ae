// SPDX-License-Identifier: BSD-3-Clause
// Goal: child processes and what belongs to them end with their owner, and nothing waits for ever.
// Method: small shell commands; a forked owner that is killed.
#include "bulwark/load/process.hpp"
#include "bulwark/load/port_block.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

namespace bulwark::load {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

TEST(run, returns_output_and_exit_code) {
  const auto result = run({"/bin/sh", "-c", "echo out; echo err >&2; exit 7"}, 10s);
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
}

TEST(run, ends_what_takes_too_long) {
  const auto began = steady_clock::now();
  EXPECT_EQ(run({"/bin/sleep", "60"}, 50ms).exit_code, 124);
  EXPECT_LT(steady_clock::now() - began, 20s);
}

TEST(run, does_not_wait_for_a_daemon_that_keeps_the_output_open) {
  const auto began = steady_clock::now();
  const auto result = run({"/bin/sh", "-c", "sleep 20 & echo $!"}, 15s);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_LT(steady_clock::now() - began, 15s);
  ::kill(std::stoi(result.out), SIGKILL);
}

TEST(run, a_program_that_does_not_exist_fails) { EXPECT_EQ(run({"/no/such/program"}, 10s).exit_code, 127); }

TEST(process, a_signal_ends_it_and_shows_in_the_exit_code) {
  process child({"/bin/sleep", "60"}, "/dev/null");
  EXPECT_FALSE(child.wait(steady_clock::now()));
  child.signal(SIGTERM);
  EXPECT_EQ(child.wait(steady_clock::now() + 10s), 128 + SIGTERM);
}

TEST(process, ends_with_its_owner) {
  pid_t pid = 0;
  {
    const process child({"/bin/sleep", "60"}, "/dev/null");
    pid = child.pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST(process, dies_when_its_owner_is_killed) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const pid_t owner = ::fork();
  if (owner == 0) {
    const process child({"/bin/sleep", "60"}, "/dev/null");
    const pid_t pid = child.pid();
    if (::write(pipe_ends[1], &pid, sizeof pid) != sizeof pid) ::_exit(1);
    ::pause();
  }
  pid_t pid = 0;
  ASSERT_EQ(::read(pipe_ends[0], &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  // The child may stay a zombie until init looks after it: dead is what counts.
  const auto is_dead = [pid] {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string number;
    std::string name;
    std::string state = "X";
    stat >> number >> name >> state;
    return state == "X" || state == "Z";
  };
  const auto deadline = steady_clock::now() + 10s;
  while (!is_dead() && steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(is_dead());
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
}

TEST(temporary_directory, goes_with_its_content_unless_kept) {
  std::filesystem::path gone;
  std::filesystem::path kept;
  {
    const temporary_directory first("bulwark-test");
    temporary_directory second("bulwark-test");
    second.keep();
    gone = first.path();
    kept = second.path();
    std::ofstream(gone / "file") << "content";
    EXPECT_NE(gone, kept);
  }
  EXPECT_FALSE(std::filesystem::exists(gone));
  EXPECT_TRUE(std::filesystem::exists(kept));
  std::filesystem::remove_all(kept);
}

TEST(port_block, two_owners_never_have_the_same) {
  const port_block one;
  const port_block other;
  EXPECT_NE(one.base(), other.base());
  EXPECT_GE(one.base(), 20000);
  EXPECT_LT(one.base() + 200, 32768);
}

}  // namespace
}  // namespace bulwark::load
