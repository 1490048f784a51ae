// SPDX-License-Identifier: BSD-3-Clause
#include "handled_questions.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <ostream>
#include <stdexcept>

namespace bulwark::cluster_test {

std::ostream& operator<<(std::ostream& out, const handled_question& one) {
  return out << one.service << " " << one.number << " by n" << one.node << ", token " << one.token << ", at "
             << one.at.time_since_epoch().count() << " ns";
}

handled_questions::handled_questions(const std::filesystem::path& path)
    : file_{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)} {
  if (!file_) throw std::runtime_error{"cannot write " + path.string()};
}

void handled_questions::add(const handled_question& one) const {
  const auto line = one.service + " " + std::to_string(one.number) + " " + std::to_string(one.node) + " " +
                    std::to_string(one.token) + " " + std::to_string(one.at.time_since_epoch().count()) +
                    "\n";
  if (::write(file_.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
}

std::vector<handled_question> handled_questions::read(const std::filesystem::path& path) {
  std::vector<handled_question> all;
  std::ifstream file{path};
  handled_question one;
  for (std::int64_t at = 0; file >> one.service >> one.number >> one.node >> one.token >> at;) {
    one.at = instant{std::chrono::nanoseconds{at}};
    all.push_back(one);
  }
  return all;
}

}  // namespace bulwark::cluster_test
