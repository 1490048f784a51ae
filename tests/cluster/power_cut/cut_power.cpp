// SPDX-License-Identifier: BSD-3-Clause
#include "cut_power.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>

#include "disk_control.hpp"
#include "journal_reader.hpp"

namespace bulwark::power_cut {
namespace {

namespace fs = std::filesystem;
using kind = journal_entry::kind;

constexpr std::uint64_t sector = 512;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), "cut_power: " + what);
}

/// One power cut: chooses what is lost, and undoes it, the last first.
class undoing {
 public:
  undoing(fs::path directory, fs::path side, unsynced fate, std::uint64_t seed)
      : directory_{std::move(directory)}, side_{std::move(side)}, fate_{fate}, random_{seed} {}

  cut_report run() {
    auto all = read_journals(side_);
    const auto where = find_files();
    for (auto& [inode, writes] : all.of_files) {
      const auto found = where.find(inode);
      if (found != where.end() && !writes.empty()) undo_writes(found->second, writes);
    }
    undo_names(all.of_names);
    for (const auto& file : fs::directory_iterator{side_})
      if (file.path().filename().string().starts_with(journal_prefix)) fs::remove(file.path());
    for (const auto& file : fs::directory_iterator{side_ / kept_name}) fs::remove(file.path());
    return report_;
  }

 private:
  /// Every file that is there or was removed, by its inode.
  std::map<std::uint64_t, fs::path> find_files() const {
    std::map<std::uint64_t, fs::path> found;
    const auto look = [&](const fs::path& from) {
      for (const auto& one : fs::recursive_directory_iterator{from}) {
        struct stat facts {};
        if (::lstat(one.path().c_str(), &facts) == 0 && S_ISREG(facts.st_mode))
          found[facts.st_ino] = one.path();
      }
    };
    look(side_ / kept_name);
    if (fs::exists(directory_)) look(directory_);
    return found;
  }

  /// 0: nothing survives, 1: all does, 0.5: each part may or may not.
  double draw_survival() {
    return fate_ == unsynced::lost ? 0 : std::uniform_int_distribution<>{0, 2}(random_) / 2.0;
  }
  bool survives(double chance) { return std::bernoulli_distribution{chance}(random_); }

  // -- what stands in files

  void undo_writes(const fs::path& path, std::vector<noted>& writes) {
    const auto survival = draw_survival();
    if (survival == 1 && writes.front().entry.replaced == 0) return;
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) fail("open " + path.string());
    const bool truncated = std::any_of(writes.begin(), writes.end(),
                                       [](const noted& w) { return w.entry.what == kind::truncate; });
    if (truncated)
      undo_whole(fd, writes, survival);
    else
      undo_by_sectors(fd, writes, survival);
    ::close(fd);
  }

  /// The last so many, each as a whole.
  void undo_whole(int fd, const std::vector<noted>& writes, double survival) {
    for (std::size_t left = writes.size(); left > 0 && !(survival > 0 && survives(survival)); --left) {
      const auto& [entry, path, path_to, data] = writes[left - 1];
      const bool cut = entry.what == kind::truncate;
      if (::ftruncate(fd, static_cast<off_t>(entry.size_before)) != 0) fail("truncate");
      const auto begin = entry.offset;
      const auto end = std::min(entry.size_before, cut ? entry.size_before : begin + entry.length);
      if (begin < end) put(fd, begin, end, begin, data);
      ++report_.writes;
    }
  }

  void undo_by_sectors(int fd, const std::vector<noted>& writes, double survival) {
    std::set<std::uint64_t> surviving;
    const auto durable_size = writes.front().entry.size_before;
    auto size = durable_size;
    std::uint64_t live_size = 0;
    for (const auto& write : writes)
      live_size = std::max({live_size, write.entry.size_before, write.entry.offset + write.entry.length});
    for (auto write = writes.rbegin(); write != writes.rend(); ++write) {
      const auto& entry = write->entry;
      const auto end = entry.offset + entry.length;
      bool undone = false;
      for (auto at = entry.offset / sector; at * sector < end; ++at) {
        if (surviving.count(at) != 0) continue;
        if (entry.replaced == 0 && survival > 0 && survives(survival)) {
          surviving.insert(at);
          size = std::max(size, std::min((at + 1) * sector, live_size));
          continue;
        }
        put(fd, std::max(at * sector, entry.offset), std::min((at + 1) * sector, end), entry.offset,
            write->data);
        undone = true;
      }
      if (undone) ++report_.writes;
    }
    if (::ftruncate(fd, static_cast<off_t>(size)) != 0) fail("truncate");
  }

  /// What the data, which begins at `data_at`, says of these bytes; zeros where it says nothing.
  static void put(int fd, std::uint64_t begin, std::uint64_t end, std::uint64_t data_at,
                  const std::string& data) {
    std::string bytes(end - begin, '\0');
    for (auto at = begin; at < end && at - data_at < data.size(); ++at)
      bytes[at - begin] = data[at - data_at];
    if (::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(begin)) !=
        static_cast<ssize_t>(bytes.size()))
      fail("write");
  }

  // -- names

  void undo_names(const std::vector<noted>& names) {
    std::map<fs::path, std::size_t> left;  // to undo, by directory
    for (const auto& one : names) ++left[fs::path{one.path}.parent_path()];
    for (auto& [where, count] : left) {
      const auto survival = draw_survival();
      std::size_t surviving = 0;
      while (surviving < count && survives(survival)) ++surviving;
      count -= surviving;
    }
    for (auto one = names.rbegin(); one != names.rend(); ++one) {
      auto& count = left[fs::path{one->path}.parent_path()];
      if (count == 0) continue;
      --count;
      undo_name(*one);
      ++report_.names;
    }
  }

  /// The process may have been killed between the entry and the deed.
  void undo_name(const noted& one) {
    const auto& entry = one.entry;
    switch (entry.what) {
      case kind::create: fs::remove(one.path); break;
      case kind::make_directory: fs::remove_all(one.path); break;
      case kind::remove:
        if (!fs::exists(one.path)) bring_back(entry.inode, one.path);
        break;
      case kind::rename:
        if (inode_at(one.path_to) != entry.inode) break;
        fs::rename(one.path_to, one.path);
        if (entry.replaced != 0) bring_back(entry.replaced, one.path_to);
        break;
      default: throw std::runtime_error("cut_power: an entry of an unknown kind");
    }
  }

  void bring_back(std::uint64_t inode, const fs::path& path) const {
    if (!fs::exists(path.parent_path())) return;
    fs::create_hard_link(side_ / kept_name / std::to_string(inode), path);
  }

  static std::uint64_t inode_at(const fs::path& path) {
    struct stat facts {};
    return ::lstat(path.c_str(), &facts) == 0 ? facts.st_ino : 0;
  }

  const fs::path directory_;
  const fs::path side_;
  const unsynced fate_;
  std::mt19937_64 random_;
  cut_report report_;
};

}  // namespace

cut_report cut_power(const fs::path& directory, const fs::path& side, unsynced fate, std::uint64_t seed) {
  return undoing{directory, side, fate, seed}.run();
}

}  // namespace bulwark::power_cut
