// SPDX-License-Identifier: BSD-3-Clause
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <exception>
#include <fstream>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "bulwark/supervision/recovery_store.hpp"

namespace bulwark {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view point_suffix = ".point";
constexpr std::size_t waiting_max = 2;  ///< one that is being written, and one behind it

[[noreturn]] void throw_system_error(const std::string& what) {
  throw std::system_error{errno, std::generic_category(), what};
}

/// A descriptor that is closed in the end.
class open_file {
 public:
  open_file(const fs::path& path, int flags)
      : path_{path}, fd_{::open(path.c_str(), flags | O_CLOEXEC, 0600)} {
    if (fd_ < 0) throw_system_error("cannot open " + path_.string());
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() { ::close(fd_); }

  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw_system_error("cannot write " + path_.string());
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void sync() const {
    if (::fsync(fd_) != 0) throw_system_error("cannot sync " + path_.string());
  }

 private:
  fs::path path_;
  int fd_;
};

class file_recovery_store final : public recovery_store {
 public:
  file_recovery_store(fs::path directory, std::string name)
      : directory_{std::move(directory)}, name_{std::move(name)} {
    if (name_.empty() || name_.find('/') != std::string::npos)
      throw std::invalid_argument{"\"" + name_ + "\" cannot name recovery points; expected a file name"};
    fs::create_directories(directory_);
    fs::remove(being_written());  // half of something, from a process that died
    for (const auto& entry : fs::directory_iterator{directory_})
      if (const auto number = number_of(entry.path().filename().string())) numbers_.push_back(*number);
    writer_ = std::jthread{[this](const std::stop_token& stop) { write_all(stop); }};
  }

  /// What waits is written first.
  ~file_recovery_store() override {
    writer_.request_stop();
    writer_.join();
  }

  std::vector<std::uint64_t> numbers() const override {
    const std::lock_guard guard{mutex_};
    return numbers_;
  }

  std::optional<std::string> read(std::uint64_t number) const override {
    {
      const std::lock_guard guard{mutex_};
      for (const auto& each : waiting_)
        if (each.number == number) return each.bytes;
    }
    std::ifstream in{file_of(number), std::ios::binary};
    if (!in) return std::nullopt;
    return std::string{std::istreambuf_iterator<char>{in}, {}};
  }

  void write(std::uint64_t number, std::string bytes, const std::vector<std::uint64_t>& drop) override {
    std::unique_lock guard{mutex_};
    changed_.wait(guard, [this] { return waiting_.size() < waiting_max; });
    numbers_.push_back(number);
    for (const auto old : drop) std::erase(numbers_, old);
    waiting_.push_back({number, std::move(bytes), drop});
    guard.unlock();
    changed_.notify_all();
  }

  void set_aside(std::uint64_t number) override {
    settle();
    {
      const std::lock_guard guard{mutex_};
      std::erase(numbers_, number);
    }
    std::error_code none;
    fs::rename(file_of(number), directory_ / (name_ + ".given-up"), none);
    if (none && none != std::errc::no_such_file_or_directory)
      throw std::system_error{none, "cannot set " + file_of(number).string() + " aside"};
  }

  void flush() override {
    settle();
    if (const auto last = lost(); last.why) std::rethrow_exception(last.why);
  }

  lost_point lost() override {
    const std::lock_guard guard{mutex_};
    return std::exchange(lost_, {});
  }

 private:
  struct job {
    std::uint64_t number;
    std::string bytes;
    std::vector<std::uint64_t> drop;
  };

  fs::path file_of(std::uint64_t number) const {
    return directory_ / (name_ + '.' + std::to_string(number) + std::string{point_suffix});
  }
  fs::path being_written() const { return directory_ / (name_ + ".writing"); }

  std::optional<std::uint64_t> number_of(std::string_view file) const {
    if (!file.starts_with(name_ + '.') || !file.ends_with(point_suffix)) return std::nullopt;
    file.remove_prefix(name_.size() + 1);
    file.remove_suffix(std::min(file.size(), point_suffix.size()));
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(file.data(), file.data() + file.size(), number);
    if (error != std::errc{} || end != file.data() + file.size()) return std::nullopt;
    return number;
  }

  void settle() {
    std::unique_lock guard{mutex_};
    changed_.wait(guard, [this] { return waiting_.empty(); });
  }

  void write_all(const std::stop_token& stop) {
    std::unique_lock guard{mutex_};
    while (changed_.wait(guard, stop, [this] { return !waiting_.empty(); })) {
      const auto& next = waiting_.front();  // stays there meanwhile, so that it can be read
      guard.unlock();
      std::exception_ptr problem;
      try {
        put(next);
      } catch (...) {
        problem = std::current_exception();
      }
      guard.lock();
      if (problem) {
        lost_ = {next.number, problem};
        std::erase(numbers_, next.number);
        std::error_code none;
        fs::remove(being_written(), none);       // what there is of it takes room
        fs::remove(file_of(next.number), none);  // and is no point to the next process either
        std::ranges::copy_if(next.drop, std::back_inserter(numbers_),
                             [&](std::uint64_t old) { return fs::exists(file_of(old), none); });
      }
      waiting_.pop_front();
      changed_.notify_all();
    }
  }

  void put(const job& what) const {
    {
      const open_file file{being_written(), O_WRONLY | O_CREAT | O_TRUNC};
      file.write(what.bytes);
      file.sync();
    }
    fs::rename(being_written(), file_of(what.number));
    open_file{directory_, O_RDONLY | O_DIRECTORY}.sync();
    for (const auto old : what.drop) fs::remove(file_of(old));
  }

  const fs::path directory_;
  const std::string name_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::uint64_t> numbers_;
  std::deque<job> waiting_;  ///< the first one is being written
  lost_point lost_;
  std::jthread writer_;
};

}  // namespace

std::shared_ptr<recovery_store> make_file_recovery_store(std::filesystem::path directory, std::string name) {
  return std::make_shared<file_recovery_store>(std::move(directory), std::move(name));
}

}  // namespace bulwark
