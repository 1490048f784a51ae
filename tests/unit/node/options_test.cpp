// SPDX-License-Identifier: BSD-3-Clause
// Goal: a node listens where other machines reach it only if it is protected, or was told to do without.
// Method: a table of options; what is wrong with them must be said, and what was expected.
#include "bulwark/node/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>
#include <fstream>
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
