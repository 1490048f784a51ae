// SPDX-License-Identifier: BSD-3-Clause
// Goal: a data directory serves one process of one node of one cluster.
// Method: real directories under the test's temporary one; a forked child proves that the lock ends with its
// holder.
#include "bulwark/consensus/data_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace bulwark::consensus {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class data_directory_test : public testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::path{testing::TempDir()} /
            ("bulwark_data_" + std::to_string(::getpid()) +
             testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(path_);
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  /// What opening is refused with; fails the test if it is not.
  log_failure refusal(const data_identity& identity) {
    try {
      data_directory directory{path_, identity};
    } catch (const log_failure& failure) {
      return failure;
    }
    ADD_FAILURE() << "not refused";
    return {log_error::failed, ""};
  }

  std::filesystem::path path_;
  const data_identity mine_{"blue", node_id{3}};
};

TEST_F(data_directory_test, is_made_when_missing_and_opened_again_later) {
  for (int life = 0; life < 2; ++life) {
    const data_directory directory{path_ / "deep" / "er", mine_};
    EXPECT_EQ(directory.path(), path_ / "deep" / "er");
  }
}

TEST_F(data_directory_test, a_second_holder_is_refused_and_told_who_the_first_is) {
  const data_directory first{path_, mine_};
  const auto refused = refusal(mine_);
  EXPECT_EQ(refused.code(), log_error::locked);
  EXPECT_THAT(refused.what(), HasSubstr("process " + std::to_string(::getpid())));
}

TEST_F(data_directory_test, the_lock_moves_with_the_object) {
  data_directory first{path_, mine_};
  const data_directory second{std::move(first)};
  EXPECT_EQ(refusal(mine_).code(), log_error::locked);
}

TEST_F(data_directory_test, the_lock_of_a_killed_process_is_free) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const auto child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const data_directory held{path_, mine_};
    (void)!::write(ready[1], "x", 1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  const auto refused = refusal(mine_);
  EXPECT_EQ(refused.code(), log_error::locked);
  EXPECT_THAT(refused.what(), HasSubstr(std::to_string(child)));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  const data_directory mine_now{path_, mine_};
}

TEST_F(data_directory_test, another_cluster_or_node_is_refused_with_what_was_found_and_expected) {
  { const data_directory first{path_, mine_}; }
  const auto other_cluster = refusal({"green", node_id{3}});
  EXPECT_EQ(other_cluster.code(), log_error::foreign);
  EXPECT_THAT(other_cluster.what(), AllOf(HasSubstr("belongs to node n3 of cluster \"blue\""),
                                          HasSubstr("expected node n3 of cluster \"green\"")));
  const auto other_node = refusal({"blue", node_id{4}});
  EXPECT_EQ(other_node.code(), log_error::foreign);
  EXPECT_THAT(other_node.what(), HasSubstr("expected node n4"));
  const data_directory still_mine{path_, mine_};
}

TEST_F(data_directory_test, an_identity_that_was_tampered_with_is_damaged) {
  { const data_directory first{path_, mine_}; }
  std::ostringstream text;
  text << std::ifstream{path_ / "identity"}.rdbuf();
  auto changed = text.str();
  changed.replace(changed.find("node 3"), 6, "node 4");
  std::ofstream{path_ / "identity"} << changed;
  EXPECT_EQ(refusal({"blue", node_id{4}}).code(), log_error::damaged);
  std::ofstream{path_ / "identity"} << "";
  EXPECT_EQ(refusal(mine_).code(), log_error::damaged);
}

TEST_F(data_directory_test, a_log_without_an_identity_is_not_adopted) {
  std::filesystem::create_directories(path_ / "log");
  std::ofstream{path_ / "log" / "0000000000000001.log"} << "x";
  EXPECT_EQ(refusal(mine_).code(), log_error::damaged);
}

TEST_F(data_directory_test, what_a_node_must_not_do_any_more_is_kept_and_never_goes_back) {
  {
    data_directory first{path_, mine_};
    EXPECT_EQ(first.lost(), lost_word{});
    first.note_lost({slot{17}, 3});
    first.note_lost({slot{5}, 4});
  }
  const data_directory second{path_, mine_};
  EXPECT_EQ(second.lost(), (lost_word{slot{17}, 4}));
}

TEST_F(data_directory_test, a_note_on_a_lost_word_that_was_tampered_with_is_damaged) {
  { data_directory{path_, mine_}.note_lost({slot{17}, 3}); }
  for (const auto* text : {"", "no vote up to slot 3\nno ballot up to round 3\n",
                           "no vote up to slot 18\nno ballot up to round 3\nchecksum 00000000\n"}) {
    std::ofstream{path_ / "lost-word"} << text;
    EXPECT_EQ(refusal(mine_).code(), log_error::damaged) << text;
  }
}

TEST_F(data_directory_test, a_cluster_name_that_could_not_be_written_is_refused) {
  for (const auto& name : {std::string{}, std::string{"a\nb"}, std::string(256, 'x')})
    EXPECT_EQ(refusal({name, node_id{1}}).code(), log_error::foreign);
}

}  // namespace
}  // namespace bulwark::consensus
