// SPDX-License-Identifier: BSD-3-Clause
#include "support.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace bulwark::cluster_test {

using load::eventually;
using std::chrono::steady_clock;

std::filesystem::path program() { return BULWARK_PROGRAM; }

load::cluster_options patient_cluster(unsigned nodes) {
  return {.program = program(), .nodes = nodes, .extra = {"--election-timeout-ms", "5000"}};
}

load::load_options modest_load(std::vector<load::endpoint> endpoints) {
  return {.endpoints = std::move(endpoints), .clients = 10, .pause = 1ms, .prefix = "test:"};
}

void expect_nothing_lost(load::checked_load& load) {
  const auto audit = load.audit(15s);
  EXPECT_EQ(audit.unverified, 0U) << "keys could not be read back";
  const auto totals = load.totals();
  EXPECT_GT(totals.done, 0U);
  EXPECT_EQ(totals.lost, 0U);
  EXPECT_EQ(totals.stale, 0U);
  EXPECT_EQ(totals.phantom, 0U);
  EXPECT_EQ(totals.torn, 0U);
  EXPECT_EQ(totals.unexpected, 0U);
  for (const auto& finding : load.findings()) ADD_FAILURE() << finding;
  ::testing::Test::RecordProperty("done", static_cast<int>(totals.done));
  ::testing::Test::RecordProperty("refused", static_cast<int>(totals.refused));
  ::testing::Test::RecordProperty("unknown", static_cast<int>(totals.unknown));
}

load::client client_of(const load::endpoint& node, duration request_timeout) {
  return load::client({.endpoints = {node}, .request_timeout = request_timeout});
}

void await_more(const load::checked_load& load, std::uint64_t requests) {
  const auto wanted = load.totals().done + requests;
  ASSERT_TRUE(load::eventually(10s, [&] { return load.totals().done >= wanted; }));
}

load::call_result call_until_done(load::client& caller, std::initializer_list<std::string_view> arguments,
                                  duration patience) {
  load::call_result last;
  eventually(patience, [&] {
    last = caller.call(arguments);
    return last.done();
  });
  return last;
}

std::optional<std::filesystem::path> find_program(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const auto candidate = std::filesystem::path(folder) / name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return std::nullopt;
}

std::uint64_t resident_bytes(pid_t pid) {
  std::ifstream statm("/proc/" + std::to_string(pid) + "/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

bare_nodes::bare_nodes(unsigned count, cables between, std::vector<std::string> extra, launch_prefix prefix)
    : count_(count),
      extra_(std::move(extra)),
      prefix_(std::move(prefix)),
      directory_("bulwark-nodes"),
      nodes_(count) {
  if (between == cables::faulty) network_.emplace(count, [this](unsigned node) { return listen(node); });
  for (unsigned number = 1; number <= count_; ++number) start(number);
  for (unsigned number = 1; number <= count_; ++number) {
    if (!await_listening(number, 15s)) throw std::runtime_error("a node does not listen:\n" + log_of(number));
  }
}

std::vector<std::string> bare_nodes::arguments(unsigned number) const {
  std::string peers;
  for (unsigned other = 1; other <= count_; ++other) {
    if (other == number) continue;
    peers += (peers.empty() ? "" : ",") + std::to_string(other) + "=" +
             to_string(network_ ? network_->address(number, other) : listen(other));
  }
  std::vector<std::string> line{program().string(),
                                "node",
                                "--id",
                                std::to_string(number),
                                "--resp",
                                to_string(resp(number)),
                                "--listen",
                                to_string(listen(number)),
                                "--peers",
                                peers,
                                "--data",
                                data(number).string(),
                                "--cluster-id",
                                "cluster-test"};
  for (auto argument : extra_) {
    constexpr std::string_view place = "{node}";
    if (const auto at = argument.find(place); at != std::string::npos)
      argument.replace(at, place.size(), "n" + std::to_string(number));
    line.push_back(std::move(argument));
  }
  return line;
}

void bare_nodes::start(unsigned number) {
  auto line = prefix_ ? prefix_(number, data(number)) : std::vector<std::string>{};
  for (auto& argument : arguments(number)) line.push_back(std::move(argument));
  nodes_[number - 1].emplace(line, directory_.path() / ("n" + std::to_string(number) + ".log"));
}

void bare_nodes::kill(unsigned number) { nodes_[number - 1].reset(); }

bool bare_nodes::await_listening(unsigned number, duration patience) {
  auto caller = client_of(resp(number));
  return call_until_done(caller, {"PING"}, patience).done();
}

std::optional<int> bare_nodes::terminate(unsigned number, duration patience) {
  nodes_[number - 1]->signal(SIGTERM);
  return nodes_[number - 1]->wait(steady_clock::now() + patience);
}

std::optional<unsigned> bare_nodes::leader(unsigned except) const {
  for (unsigned number = 1; number <= count_; ++number) {
    if (number == except || !nodes_[number - 1]) continue;
    auto caller = client_of(resp(number), 500ms);
    const auto role = caller.call({"ROLE"});
    if (role.done() && !role.answer.elements.empty() && role.answer.elements.front().is("master"))
      return number;
  }
  return std::nullopt;
}

unsigned bare_nodes::await_leader(duration patience, unsigned except) const {
  std::optional<unsigned> found;
  if (!eventually(patience, [&] { return (found = leader(except)).has_value(); }))
    throw std::runtime_error("no node leads in time");
  return *found;
}

load::endpoint bare_nodes::listen(unsigned number) const {
  return {.host = "127.0.0.1", .port = static_cast<std::uint16_t>(ports_.base() + number)};
}

load::endpoint bare_nodes::resp(unsigned number) const {
  return {.host = "127.0.0.1", .port = static_cast<std::uint16_t>(ports_.base() + 100 + number)};
}

std::vector<load::endpoint> bare_nodes::endpoints() const {
  std::vector<load::endpoint> all;
  for (unsigned number = 1; number <= count_; ++number) all.push_back(resp(number));
  return all;
}

std::string bare_nodes::log_of(unsigned number) const {
  return load::file_content(directory_.path() / ("n" + std::to_string(number) + ".log"));
}

}  // namespace bulwark::cluster_test
