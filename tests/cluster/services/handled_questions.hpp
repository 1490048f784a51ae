// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/cluster/unique_fd.hpp"

namespace bulwark::cluster_test {

/// One question that a service handled.
struct handled_question {
  std::string service;
  std::uint64_t number = 0;  ///< of the question
  std::uint32_t node = 0;    ///< on which it was handled
  std::uint64_t token = 0;   ///< under which that node saw itself hold the name; 0: it saw another hold it
  instant at{};              ///< by the clock that all processes of a machine share

  friend bool operator==(const handled_question&, const handled_question&) = default;
};

std::ostream& operator<<(std::ostream& out, const handled_question& one);

/// The file to which all processes write what they handled. Thread-safe: each line is one write.
class handled_questions {
 public:
  /// Throws std::runtime_error if it cannot be written.
  explicit handled_questions(const std::filesystem::path& path);

  /// Is in the file when this returns; ends the process if the disk is full.
  void add(const handled_question& one) const;

  /// All that is in such a file, in its order; nothing if there is none.
  static std::vector<handled_question> read(const std::filesystem::path& path);

 private:
  cluster::unique_fd file_;
};

}  // namespace bulwark::cluster_test
