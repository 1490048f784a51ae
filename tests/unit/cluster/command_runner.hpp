// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace bulwark::cluster::test {

/// What a program wrote and how it ended: its exit code, or minus the signal that ended it.
struct command_result {
  int code = 0;
  std::string out;
  std::string err;
};

/// Runs the fake bulwark with these arguments to its end; one that takes longer than the limit is killed, and
/// its code is -9.
command_result run_bulwark(const std::vector<std::string>& arguments,
                           std::chrono::seconds limit = std::chrono::seconds(30));

/// Starts the fake bulwark and leaves it running; its output is appended to `output`.
pid_t start_bulwark(const std::vector<std::string>& arguments, const std::filesystem::path& output);

/// Waits for the end of a process that start_bulwark gave; its code as in command_result, or -9 after killing
/// it.
int await_end(pid_t pid, std::chrono::seconds limit);

/// Asks again every few milliseconds until the condition holds; false if it does not within the limit.
bool eventually(const std::function<bool()>& condition,
                std::chrono::seconds limit = std::chrono::seconds(15));

/// Listens on a port of 127.0.0.1 as long as it lives. Throws std::system_error if it cannot.
class port_taker {
 public:
  explicit port_taker(std::uint16_t port);
  ~port_taker();
  port_taker(const port_taker&) = delete;
  port_taker& operator=(const port_taker&) = delete;

 private:
  int fd_;
};

bool process_exists(pid_t pid);
std::string text_of(const std::filesystem::path& file);

}  // namespace bulwark::cluster::test
