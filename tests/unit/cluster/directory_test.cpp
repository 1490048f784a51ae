// SPDX-License-Identifier: BSD-3-Clause
// Goal: the directory of a cluster: where it is, what cluster.json keeps, who may run it, how its logs stay
// bounded. Method: pure functions by value; files in a temporary directory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "bulwark/cluster/cluster_config.hpp"
#include "bulwark/cluster/directory.hpp"
#include "bulwark/cluster/directory_lock.hpp"
#include "bulwark/cluster/failure.hpp"
#include "bulwark/cluster/log_file.hpp"

namespace bulwark::cluster {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

template <class F>
std::optional<exit_code> code_of(F f) {
  try {
    f();
  } catch (const failure& e) {
    return e.code();
  }
  return std::nullopt;
}

TEST(default_directory_of_a_cluster, honours_xdg_state_home_and_falls_back_to_home) {
  EXPECT_EQ(default_directory("/x", "/home/a"), "/x/bulwark/default");
  EXPECT_EQ(default_directory(nullptr, "/home/a"), "/home/a/.local/state/bulwark/default");
  EXPECT_EQ(default_directory("", "/home/a"), "/home/a/.local/state/bulwark/default");
  EXPECT_EQ(default_directory("relative", "/home/a"), "/home/a/.local/state/bulwark/default");
  EXPECT_EQ(code_of([] { default_directory(nullptr, nullptr); }), exit_code::usage);
}

TEST(default_directory_of_a_cluster, is_made_absolute_when_named) {
  EXPECT_EQ(resolve_directory("/a/b/../c/").root(), "/a/c");
  EXPECT_EQ(resolve_directory("here").root(), fs::current_path() / "here");
}

TEST(cluster_plan, gives_each_node_its_two_ports) {
  const auto config = plan_cluster(3, 7000, "c");
  ASSERT_EQ(config.nodes.size(), 3u);
  EXPECT_EQ(config.nodes[2], (node_entry{3, "n3", "127.0.0.1:7003", "127.0.0.1:7103"}));
}

TEST(cluster_plan, refuses_what_cannot_be) {
  EXPECT_EQ(code_of([] { plan_cluster(0, 7000, "c"); }), exit_code::usage);
  EXPECT_EQ(code_of([] { plan_cluster(100, 7000, "c"); }), exit_code::usage);
  EXPECT_EQ(code_of([] { plan_cluster(5, 0, "c"); }), exit_code::usage);
  EXPECT_EQ(code_of([] { plan_cluster(5, 65431, "c"); }), exit_code::usage);
  EXPECT_EQ(code_of([] { plan_cluster(5, 65430, "c"); }), std::nullopt);
}

TEST(cluster_plan, keeps_a_stored_cluster_and_lets_only_its_ports_move) {
  const auto stored = plan_cluster(3, 7000, "old");
  EXPECT_EQ(settle(std::nullopt, {}, "new"), plan_cluster(5, 7000, "new"));
  EXPECT_EQ(settle(stored, {}, "new"), stored);
  EXPECT_EQ(settle(stored, {.nodes = 3, .base_port = {}}, "new"), stored);
  EXPECT_EQ(settle(stored, {.nodes = {}, .base_port = 8000}, "new"), plan_cluster(3, 8000, "old"));
  EXPECT_EQ(code_of([&] { settle(stored, {.nodes = 5, .base_port = {}}, "new"); }), exit_code::usage);
}

TEST(cluster_plan, never_goes_back_from_tls) {
  auto plain = plan_cluster(3, 7000, "old");
  EXPECT_FALSE(settle(plain, {}, "new").tls);
  const auto safe = settle(plain, {.nodes = {}, .base_port = {}, .tls = true}, "new");
  EXPECT_TRUE(safe.tls);
  EXPECT_TRUE(settle(safe, {}, "new").tls);
  EXPECT_TRUE(settle(safe, {.nodes = {}, .base_port = 8000}, "new").tls);
  EXPECT_TRUE(settle(std::nullopt, {.nodes = {}, .base_port = {}, .tls = true}, "new").tls);
}

TEST(cluster_json, comes_back_as_it_was_written) {
  auto config = plan_cluster(4, 7000, "c");
  EXPECT_EQ(parse_cluster_config(to_json_text(config)), config);
  config.tls = true;
  EXPECT_EQ(parse_cluster_config(to_json_text(config)), config);
}

TEST(cluster_json, that_is_damaged_or_newer_is_refused) {
  for (const auto* text : {"", "{", "[]", "{}", R"({"format":1,"cluster":"c","base_port":1,"nodes":[]})",
                           R"({"format":1,"cluster":7,"base_port":1,"nodes":[]})",
                           R"({"format":99,"cluster":"c","base_port":1,"nodes":[]})"})
    EXPECT_EQ(code_of([&] { parse_cluster_config(text); }), exit_code::unhealthy) << text;
}

class files_of_a_cluster : public testing::Test {
 protected:
  files_of_a_cluster() : directory(make()) {}
  ~files_of_a_cluster() override { fs::remove_all(directory.root()); }

  static cluster_directory make() {
    std::string name = (fs::temp_directory_path() / "bulwark-test-XXXXXX").string();
    return cluster_directory(::mkdtemp(name.data()));
  }

  cluster_directory directory;
};

TEST_F(files_of_a_cluster, the_configuration_is_stored_whole_and_leaves_no_draft) {
  EXPECT_EQ(load_config(directory), std::nullopt);
  EXPECT_EQ(code_of([&] { require_config(directory); }), exit_code::unreachable);
  const auto config = plan_cluster(3, 7000, "c");
  save_config(directory, config);
  EXPECT_EQ(load_config(directory), config);
  EXPECT_EQ(std::distance(fs::directory_iterator(directory.root()), fs::directory_iterator()), 1);
}

TEST_F(files_of_a_cluster, the_lock_has_one_holder_and_names_it) {
  std::optional<directory_lock> first(std::in_place, directory);
  try {
    directory_lock second(directory);
    FAIL();
  } catch (const failure& e) {
    EXPECT_THAT(e.what(), HasSubstr("pid " + std::to_string(::getpid())));
  }
  first.reset();
  EXPECT_EQ(code_of([&] { directory_lock third(directory); }), std::nullopt);
}

TEST_F(files_of_a_cluster, the_end_of_a_log_is_read_without_the_rest) {
  const auto log = directory.node_log("n1");
  EXPECT_TRUE(last_lines(log, 3).empty());
  append_to_log(log, "a\nb\nc\nhalf");
  EXPECT_THAT(last_lines(log, 3), ElementsAre("b", "c", "half"));
  EXPECT_THAT(last_lines(log, 99), ElementsAre("a", "b", "c", "half"));
}

TEST_F(files_of_a_cluster, a_follower_sees_whole_lines_once_and_survives_a_rotation) {
  const auto log = directory.node_log("n1");
  append_to_log(log, "before\n");
  log_follower follower(log);
  EXPECT_TRUE(follower.poll().empty());
  append_to_log(log, "one\ntw");
  EXPECT_THAT(follower.poll(), ElementsAre("one"));
  append_to_log(log, "o\n");
  EXPECT_THAT(follower.poll(), ElementsAre("two"));
  ASSERT_TRUE(rotate_log(log, 4));
  append_to_log(log, "new\n");
  EXPECT_THAT(follower.poll(), ElementsAre("new"));
}

TEST_F(files_of_a_cluster, a_log_over_its_bound_becomes_the_older_one_while_its_writer_goes_on) {
  const auto log = directory.node_log("n1");
  std::ofstream writer(log, std::ios::app);
  writer << "0123456789" << std::flush;
  EXPECT_FALSE(rotate_log(log, 10));
  EXPECT_TRUE(rotate_log(log, 9));
  EXPECT_EQ(fs::file_size(log), 0u);
  EXPECT_EQ(fs::file_size(directory.root() / "n1.log.1"), 10u);
  writer << "more" << std::flush;
  EXPECT_EQ(fs::file_size(log), 4u);
  EXPECT_FALSE(rotate_log(directory.node_log("missing"), 0));
}

}  // namespace
}  // namespace bulwark::cluster
