// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace bulwark::cluster {

/// A request for the control socket (`control.sock`) in a directory: one JSON object, without the line's end.
struct control_question {
  std::filesystem::path directory;
  std::string request;
};

/// The answer's line, or why there is none.
struct control_answer {
  enum class outcome {
    answered,
    absent,  ///< nobody listens there
    silent,  ///< somebody is there, and did not answer in time
    broken,  ///< the connection ended early, or the answer was too long
  };
  outcome how = outcome::absent;
  std::string line;
  std::string error;  ///< text for the user, unless answered

  bool ok() const noexcept { return how == outcome::answered; }
};

/// Asks all at once and returns the answers in the order of the questions, after at most `timeout`.
/// Opens the sockets through /proc/self/fd, so paths may be longer than a socket address. Thread-safe.
std::vector<control_answer> ask_all(std::span<const control_question> questions,
                                    std::chrono::milliseconds timeout);

control_answer ask(const control_question& question, std::chrono::milliseconds timeout);

}  // namespace bulwark::cluster
