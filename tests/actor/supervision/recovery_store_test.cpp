// SPDX-License-Identifier: BSD-3-Clause
// Goal: points in files outlive the process, and trouble with the disk leaves the ones before.
// Method: a real directory; limits on the size of files stand for a full disk.
#include "bulwark/supervision/recovery_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <system_error>

#include "bulwark/supervision/recovery.hpp"

namespace bulwark {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

/// As long as it lives no file grows beyond a kilobyte.
class full_disk {
 public:
  full_disk() : handler_{std::signal(SIGXFSZ, SIG_IGN)} {
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    auto small = before_;
    small.rlim_cur = 1000;
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  }
  full_disk(const full_disk&) = delete;
  full_disk& operator=(const full_disk&) = delete;
  ~full_disk() {
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &before_), 0);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

class file_store : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "bulwark-points-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory = name;
  }
  void TearDown() override { fs::remove_all(directory); }

  [[nodiscard]] std::shared_ptr<recovery_store> open() const {
    return make_file_recovery_store(directory / "points", "tally");
  }

  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator{directory / "points"})
      all.push_back(entry.path().filename().string());
    return all;
  }

  fs::path directory;
};

TEST_F(file_store, what_was_written_is_there_for_the_next_process) {
  {
    const auto store = open();
    store->write(1, "one", {});
    store->write(2, "two", {});
    store->write(3, "three", {1});
    EXPECT_EQ(store->read(3), "three") << "also before it is safe";
  }
  const auto store = open();
  EXPECT_THAT(store->numbers(), UnorderedElementsAre(2, 3));
  EXPECT_EQ(store->read(2), "two");
  EXPECT_EQ(store->read(3), "three");
  EXPECT_EQ(store->read(1), std::nullopt);
  EXPECT_THAT(files(), UnorderedElementsAre("tally.2.point", "tally.3.point"));
}

TEST_F(file_store, half_of_a_point_and_files_of_others_are_not_taken_for_points) {
  fs::create_directories(directory / "points");
  for (const char* name : {"tally.writing", "tally.x.point", "tally..point", "tally.point",
                           "tally.7.point.old", "tally.-1.point", "other.4.point",
                           "tally.99999999999999999999.point", "tally.7x.point", "tally-7.point"})
    std::ofstream{directory / "points" / name} << "?";
  const auto store = open();
  EXPECT_THAT(store->numbers(), IsEmpty());
  EXPECT_FALSE(fs::exists(directory / "points" / "tally.writing"));
}

TEST_F(file_store, one_that_is_set_aside_is_kept_for_people_only) {
  const auto store = open();
  store->write(1, "one", {});
  store->write(2, "two", {});
  store->set_aside(2);
  store->set_aside(9);
  EXPECT_THAT(store->numbers(), ElementsAre(1));
  EXPECT_THAT(files(), UnorderedElementsAre("tally.1.point", "tally.given-up"));
}

TEST_F(file_store, one_that_cannot_be_set_aside_is_told_and_is_none_any_more) {
  const auto store = open();
  store->write(1, "one", {});
  fs::create_directories(directory / "points" / "tally.given-up" / "in the way");
  EXPECT_THROW(store->set_aside(1), std::system_error);
  EXPECT_THAT(store->numbers(), IsEmpty());
}

TEST_F(file_store, a_full_disk_costs_the_new_point_and_none_of_the_old_ones) {
  const auto store = open();
  store->write(1, "one", {});
  store->flush();

  {
    const full_disk full;
    store->write(2, std::string(100'000, 'x'), {1});
    EXPECT_THROW(store->flush(), std::system_error);
  }
  EXPECT_THAT(store->numbers(), ElementsAre(1));
  EXPECT_THAT(files(), ElementsAre("tally.1.point")) << "half a point takes no room";
  EXPECT_EQ(store->read(1), "one");
  EXPECT_EQ(store->read(2), std::nullopt);
  EXPECT_NO_THROW(store->flush()) << "an error is told once";
  store->write(3, "three", {1});
  store->flush();
  EXPECT_THAT(files(), ElementsAre("tally.3.point"));
}

TEST_F(file_store, a_disk_that_is_full_for_long_does_not_cost_the_state_that_was_safe) {
  std::vector<std::string> told;
  recovery service{{.store = open(),
                    .sink = [&](const supervision_event& event) { told.push_back(event.reason.text); },
                    .path = "tally"}};
  const auto first = service.begin(instant{}).incarnation;
  service.save(first, "old", instant{});
  service.save(first, "newer", instant{});
  EXPECT_TRUE(service.flush(instant{}));
  {
    const full_disk full;
    for (int more = 0; more < 5; ++more) service.save(first, std::string(100'000, 'x'), instant{});
    EXPECT_FALSE(service.flush(instant{}));
  }
  EXPECT_THAT(told, Contains(HasSubstr("File too large")));
  service.ended(first, instant{}, true);
  EXPECT_EQ(service.begin(instant{}).state, "newer");
  EXPECT_THAT(service.points(), ElementsAre(1, 2));
}

TEST_F(file_store, a_directory_that_went_away_is_told) {
  const auto store = open();
  fs::remove_all(directory / "points");
  store->write(1, "one", {});
  EXPECT_THROW(store->flush(), std::system_error);
  EXPECT_THAT(store->numbers(), IsEmpty());
}

TEST_F(file_store, places_that_cannot_hold_points_are_refused) {
  std::ofstream{directory / "file"} << "?";
  EXPECT_THROW(make_file_recovery_store(directory / "file", "tally"), std::system_error);
  EXPECT_THROW(make_file_recovery_store(directory, ""), std::invalid_argument);
  EXPECT_THROW(make_file_recovery_store(directory, "a/b"), std::invalid_argument);
}

TEST_F(file_store, more_points_than_the_disk_takes_at_once_arrive_in_order) {
  const auto store = open();
  for (std::uint64_t number = 1; number <= 50; ++number)
    store->write(number, std::string(1000, 'x'),
                 number > 2 ? std::vector{number - 2} : std::vector<std::uint64_t>{});
  store->flush();
  EXPECT_THAT(store->numbers(), ElementsAre(49, 50));
  EXPECT_THAT(files(), UnorderedElementsAre("tally.49.point", "tally.50.point"));
}

}  // namespace
}  // namespace bulwark
