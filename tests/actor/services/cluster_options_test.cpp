// SPDX-License-Identifier: BSD-3-Clause
// Goal: a node that other machines could reach without protection does not start, nor one whose numbers make
// no sense. Method: a table of options and of the word by which the problem is known; no node is started.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "bulwark/consensus/cluster_node.hpp"

namespace bulwark::test {
namespace {

using consensus::cluster_node_options;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

cluster_node_options options_that_work() {
  cluster_node_options options;
  options.self = 1;
  options.peers = {{2, {"127.0.0.1", 7002}}, {3, {"127.0.0.1", 7003}}};
  options.voters = {1, 2};
  return options;
}

TEST(cluster_node_options, that_work_have_no_problem) {
  EXPECT_THAT(options_that_work().validate(), IsEmpty());
}

TEST(cluster_node_options, that_cannot_work_are_named) {
  struct {
    const char* problem;
    std::function<void(cluster_node_options&)> change;
  } const rows[] = {
      {"self is 0", [](auto& options) { options.self = 0; }},
      {"peers names node 1, which is this one",
       [](auto& options) {
         options.peers[1] = {"127.0.0.1", 7001};
       }},
      {"load: change_permille is 0", [](auto& options) { options.load.change_permille = 0; }},
      {"voters names 4", [](auto& options) { options.voters.push_back(4); }},
  };
  for (const auto& row : rows) {
    auto options = options_that_work();
    row.change(options);
    EXPECT_THAT(options.validate(), HasSubstr(row.problem));
  }
}

TEST(cluster_node_options, listens_where_others_reach_it_only_with_tls_or_by_its_own_word) {
  for (const auto* host : {"0.0.0.0", "10.0.0.7", "::", "node.example"}) {
    auto options = options_that_work();
    options.listen.host = host;
    EXPECT_THAT(options.validate(), HasSubstr(std::string{"listen is "} + host));
    options.insecure = true;
    EXPECT_THAT(options.validate(), IsEmpty()) << host;
    options.insecure = false;
    options.tls = {.certificate = "node.crt", .key = "node.key", .authority = "ca.crt"};
    EXPECT_THAT(options.validate(), IsEmpty()) << host;
  }
  for (const auto* host : {"127.0.0.1", "127.1.2.3"}) {
    auto options = options_that_work();
    options.listen.host = host;
    EXPECT_THAT(options.validate(), IsEmpty()) << host;
  }
}

}  // namespace
}  // namespace bulwark::test
