// SPDX-License-Identifier: BSD-3-Clause
// Goal: a point is on the medium, under its name, before the ones that it replaces go.
// Method: this program has an fsync of its own, which looks at the directory or fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "bulwark/supervision/recovery_store.hpp"

namespace bulwark {
namespace {

/// Of the file or directory that is to be synced: false if that fails.
std::function<bool(const std::filesystem::path& what)> look_at_sync;

}  // namespace
}  // namespace bulwark

extern "C" int fsync(int fd) {
  const auto& look = bulwark::look_at_sync;
  if (look && !look(std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd)))) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

namespace bulwark {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

using file_names = std::vector<std::string>;

class synced_store : public testing::Test {
 protected:
  synced_store() {
    std::string name = std::filesystem::temp_directory_path() / "bulwark-synced-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    directory = std::filesystem::canonical(name);
    store = make_file_recovery_store(directory, "tally");
    store->write(1, "one", {});
    store->flush();
  }
  ~synced_store() override {
    store.reset();
    look_at_sync = nullptr;
    std::filesystem::remove_all(directory);
  }
  [[nodiscard]] file_names files() const {
    file_names all;
    for (const auto& entry : std::filesystem::directory_iterator{directory})
      all.push_back(entry.path().filename().string());
    return all;
  }

  std::filesystem::path directory;
  std::shared_ptr<recovery_store> store;
};

TEST_F(synced_store, a_point_is_on_the_medium_before_it_has_its_name_and_has_that_before_others_go) {
  std::vector<std::string> synced;
  std::vector<file_names> seen;
  std::vector<std::uintmax_t> sizes;
  look_at_sync = [&](const std::filesystem::path& what) {
    synced.push_back(what == directory ? "." : what.filename().string());
    seen.push_back(files());
    if (what != directory) sizes.push_back(std::filesystem::file_size(what));
    return true;
  };
  store->write(2, "two", {1});
  store->flush();
  ASSERT_THAT(synced, ElementsAre("tally.writing", "."));
  EXPECT_THAT(sizes, ElementsAre(3u));
  EXPECT_THAT(seen[0], UnorderedElementsAre("tally.1.point", "tally.writing"));
  EXPECT_THAT(seen[1], UnorderedElementsAre("tally.1.point", "tally.2.point"));
  EXPECT_THAT(files(), ElementsAre("tally.2.point"));
}

TEST_F(synced_store, a_point_that_does_not_reach_the_medium_is_lost_and_replaces_nothing) {
  look_at_sync = [&](const std::filesystem::path& what) { return what == directory; };
  store->write(2, "two", {1});
  EXPECT_THROW(store->flush(), std::system_error);
  EXPECT_THAT(store->numbers(), ElementsAre(1u));
  EXPECT_THAT(files(), ElementsAre("tally.1.point"));
}

TEST_F(synced_store, a_name_that_does_not_reach_the_medium_replaces_nothing) {
  look_at_sync = [&](const std::filesystem::path& what) { return what != directory; };
  store->write(2, "two", {1});
  EXPECT_THROW(store->flush(), std::system_error);
  EXPECT_THAT(store->numbers(), ElementsAre(1u));
  EXPECT_EQ(store->read(1), "one");
  EXPECT_THAT(files(), ElementsAre("tally.1.point")) << "the next process would take it for one that is safe";
}

TEST_F(synced_store, a_point_can_be_read_while_it_is_written) {
  std::vector<std::optional<std::string>> read;
  look_at_sync = [&](const std::filesystem::path& what) {
    if (what != directory) read.push_back(store->read(2));
    return true;
  };
  store->write(2, "two", {1});
  store->flush();
  EXPECT_THAT(read, ElementsAre(std::optional<std::string>{"two"}));
}

TEST_F(synced_store, what_is_set_aside_is_written_first) {
  look_at_sync = [&](const std::filesystem::path&) { return true; };
  store->write(2, "two", {1});
  store->set_aside(2);
  EXPECT_THAT(files(), ElementsAre("tally.given-up"));
  EXPECT_THAT(store->numbers(), IsEmpty());
}

TEST_F(synced_store, what_waits_is_written_before_the_end) {
  store->write(2, "two", {1});
  store->write(3, "three", {2});
  store.reset();
  EXPECT_THAT(files(), ElementsAre("tally.3.point"));
}

}  // namespace
}  // namespace bulwark
