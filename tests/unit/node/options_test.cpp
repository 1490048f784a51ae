// SPDX-License-Identifier: BSD-3-Clause
// Goal: a node listens where other machines reach it only if it is protected, or was told to do without.
// Method: a table of options; what is wrong with them must be said, and what was expected.
#include "bulwark/node/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>
#include <chrono>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace bulwark::node {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

node_options sound() {
  node_options options;
  options.id = 1;
  options.data = "data";
  return options;
}

const tls_files certified{"n1.crt", "n1.key", "ca.crt"};

TEST(node_options_test, other_machines_reach_peers_only_with_certificates_or_by_an_explicit_word) {
  auto options = sound();
  EXPECT_THAT(options.validate(), IsEmpty());
  options.listen.host = "192.0.2.1";
  EXPECT_THAT(options.validate(), HasSubstr("--listen is 192.0.2.1:0"));
  options.tls = certified;
  EXPECT_THAT(options.validate(), IsEmpty());
  options.tls = {};
  options.insecure = true;
  EXPECT_THAT(options.validate(), IsEmpty());
}

TEST(node_options_test, numbers_that_cannot_work_are_named_with_what_was_expected) {
  using namespace std::chrono_literals;
  struct {
    const char* problem;
    std::function<void(node_options&)> change;
  } const rows[] = {
      {"--id is 0 or missing", [](auto& options) { options.id = 0; }},
      {"--cluster-id is empty; expected a name", [](auto& options) { options.cluster.clear(); }},
      {"--data is missing", [](auto& options) { options.data.clear(); }},
      {"--peers names node 1, which is this node",
       [](auto& options) {
         options.peers[1] = {"127.0.0.1", 7001};
       }},
      {"--peers names node 0",
       [](auto& options) {
         options.peers[0] = {"127.0.0.1", 7001};
       }},
      {"--peers names port 0 for node 3", [](auto& options) { options.peers[3].port = 0; }},
      {"--voters names node 4",
       [](auto& options) {
         options.voters = {1, 4};
       }},
      {"--accept-quorum is 4; expected at most 3", [](auto& options) { options.accept_quorum = 4; }},
      {"--accept-quorum is 3; expected at most 2",
       [](auto& options) {
         options.voters = {1, 2};
         options.accept_quorum = 3;
       }},
      {"--interval-ms is 0; expected 1 to 60000", [](auto& options) { options.interval = 0ms; }},
      {"--interval-ms is 60001", [](auto& options) { options.interval = 60001ms; }},
      {"--timeout-ms is 0; expected 1 to 600000", [](auto& options) { options.timeout = 0ms; }},
      {"--timeout-ms is 600001", [](auto& options) { options.timeout = 600001ms; }},
      {"--election-timeout-ms is 0", [](auto& options) { options.election_timeout = 0ms; }},
      {"--election-timeout-ms is 600001", [](auto& options) { options.election_timeout = 600001ms; }},
      {"--lease-ms is -1", [](auto& options) { options.lease = -1ms; }},
      {"which is T_interval + T_timeout",
       [](auto& options) { options.lease = options.interval + options.timeout + 1ms; }},
      {"--drain-ms is -1", [](auto& options) { options.drain = -1ms; }},
      {"--drain-ms is 600001", [](auto& options) { options.drain = 600001ms; }},
      {"--replace-after-s is -1", [](auto& options) { options.replace_after = -1s; }},
      {"--replace-after-s is 86401", [](auto& options) { options.replace_after = 86401s; }},
      {"--sessions is 0; expected 1 to 256", [](auto& options) { options.sessions = 0; }},
      {"--sessions is 257", [](auto& options) { options.sessions = 257; }},
  };
  auto options = sound();
  options.peers = {{2, {"127.0.0.1", 7002}}, {3, {"127.0.0.1", 7003}}};
  options.accept_quorum = 3;
  options.lease = options.interval + options.timeout;
  ASSERT_THAT(options.validate(), IsEmpty());
  for (const auto& row : rows) {
    auto changed = options;
    row.change(changed);
    EXPECT_THAT(changed.validate(), HasSubstr(row.problem));
  }
}

TEST(node_options_test, certificates_of_peers_do_not_open_the_door_to_clients) {
  auto options = sound();
  options.tls = certified;
  options.resp.host = "192.0.2.1";
  EXPECT_THAT(options.validate(), HasSubstr("clients are served without TLS"));
}

TEST(node_options_test, a_part_of_the_certificates_is_not_enough) {
  auto options = sound();
  options.tls.certificate = "n1.crt";
  EXPECT_THAT(options.validate(), HasSubstr("expected all three of --tls-cert, --tls-key and --tls-ca"));
}

TEST(node_options_test, certificates_are_named_on_the_command_line_or_in_the_file) {
  const std::string file = testing::TempDir() + "node_options_test-" + std::to_string(::getpid()) + ".toml";
  std::ofstream{file} << "tls-cert = \"a.crt\"\ntls-key = \"a.key\"\ntls-ca = \"ca.crt\"\n";
  std::vector<std::string> words{"node", "--id", "1", "--data", "d", "--config", file, "--tls-key", "b.key"};
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  const auto options = parse_options(static_cast<int>(arguments.size()), arguments.data());
  std::filesystem::remove(file);
  EXPECT_EQ(options.tls, (tls_files{"a.crt", "b.key", "ca.crt"}));
}

}  // namespace
}  // namespace bulwark::node
