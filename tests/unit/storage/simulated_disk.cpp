// SPDX-License-Identifier: BSD-3-Clause
#include "simulated_disk.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace bulwark::test {
namespace {

constexpr std::uint64_t sector = 512;

void copy_sector(const std::string& from, std::string& to, std::uint64_t index) {
  const auto begin = index * sector;
  const auto end = std::min<std::uint64_t>(begin + sector, from.size());
  if (begin >= end) return;
  if (to.size() < end) to.resize(end, '\0');
  to.replace(begin, end - begin, from, begin, end - begin);
}

}  // namespace

class simulated_disk::open_file final : public consensus::file {
 public:
  open_file(simulated_disk& disk, std::shared_ptr<inode> node) : disk_{disk}, node_{std::move(node)} {}

  std::size_t read_at(std::span<char> out, std::uint64_t offset) override {
    const std::lock_guard lock{disk_.mutex_};
    if (!disk_.powered_) throw power_failed{};
    const auto& seen = node_->seen;
    if (offset >= seen.size()) return 0;
    const auto size = std::min<std::uint64_t>(out.size(), seen.size() - offset);
    std::copy_n(seen.begin() + static_cast<std::ptrdiff_t>(offset), size, out.begin());
    return size;
  }

  std::size_t write_some_at(std::string_view data, std::uint64_t offset) override {
    const std::lock_guard lock{disk_.mutex_};
    if (disk_.short_writes_) data = data.substr(0, std::max<std::size_t>(1, data.size() / 3));
    const auto write = [&](std::string_view part) {
      const auto end = offset + part.size();
      const auto grown = end > node_->seen.size() ? end - node_->seen.size() : 0;
      if (disk_.used() + grown > disk_.capacity_)
        throw std::system_error{ENOSPC, std::generic_category(), "write"};
      if (node_->seen.size() < end) node_->seen.resize(end, '\0');
      node_->seen.replace(offset, part.size(), part);
      for (auto s = offset / sector; s * sector < end; ++s) node_->dirty.insert(s);
    };
    // A write that fails or loses power may have done a part of its work.
    disk_.begin_call([&] { write(data.substr(0, data.size() / 2)); });
    write(data);
    return data.size();
  }

  void sync() override {
    const std::lock_guard lock{disk_.mutex_};
    disk_.begin_call([&] {
      if (disk_.powered_) node_->dirty.clear();
    });
    for (const auto s : node_->dirty) copy_sector(node_->seen, node_->durable, s);
    node_->dirty.clear();
  }

  std::uint64_t size() override {
    const std::lock_guard lock{disk_.mutex_};
    return node_->seen.size();
  }

 private:
  simulated_disk& disk_;
  std::shared_ptr<inode> node_;
};

std::uint64_t simulated_disk::calls() const {
  const std::lock_guard lock{mutex_};
  return calls_;
}

void simulated_disk::fail_call(std::uint64_t number, int error) {
  const std::lock_guard lock{mutex_};
  failures_[number] = error;
}

void simulated_disk::cut_power_at(std::uint64_t number) {
  const std::lock_guard lock{mutex_};
  power_cut_at_ = number;
}

void simulated_disk::write_short(bool on) {
  const std::lock_guard lock{mutex_};
  short_writes_ = on;
}

void simulated_disk::set_capacity(std::uint64_t bytes) {
  const std::lock_guard lock{mutex_};
  capacity_ = bytes;
}

void simulated_disk::restore_power(std::uint64_t seed) {
  const std::lock_guard lock{mutex_};
  std::mt19937_64 random{seed};
  const auto kept = unsynced_.empty() ? 0 : random() % (unsynced_.size() + 1);
  for (std::size_t i = 0; i < kept; ++i) unsynced_[i](durable_);
  unsynced_.clear();
  for (auto& [name, node] : durable_) {
    for (const auto s : node->dirty)
      if (random() % 2 == 0) copy_sector(node->seen, node->durable, s);
    node->dirty.clear();
    node->seen = node->durable;
  }
  seen_ = durable_;
  powered_ = true;
  power_cut_at_.reset();
  failures_.clear();
}

std::string simulated_disk::contents(const std::filesystem::path& path) const {
  const std::lock_guard lock{mutex_};
  return seen_.at(path.string())->seen;
}

void simulated_disk::put(const std::filesystem::path& path, std::string contents) {
  const std::lock_guard lock{mutex_};
  auto node = std::make_shared<inode>();
  node->seen = contents;
  node->durable = std::move(contents);
  seen_[path.string()] = node;
  durable_[path.string()] = node;
}

std::unique_ptr<consensus::file> simulated_disk::open(const std::filesystem::path& path,
                                                      consensus::open_mode mode) {
  const std::lock_guard lock{mutex_};
  if (mode == consensus::open_mode::create) {
    begin_call();
    auto node = std::make_shared<inode>();
    change_names([name = path.string(), node](names& all) { all[name] = node; });
    return std::make_unique<open_file>(*this, node);
  }
  if (!powered_) throw power_failed{};
  const auto found = seen_.find(path.string());
  if (found == seen_.end()) throw std::system_error{ENOENT, std::generic_category(), "open " + path.string()};
  return std::make_unique<open_file>(*this, found->second);
}

void simulated_disk::create_directories(const std::filesystem::path& /*path*/) {}

void simulated_disk::rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  const std::lock_guard lock{mutex_};
  begin_call();
  change_names([from = from.string(), to = to.string()](names& all) {
    const auto moved = all.extract(from);
    if (!moved.empty()) all[to] = moved.mapped();
  });
}

void simulated_disk::remove(const std::filesystem::path& path) {
  const std::lock_guard lock{mutex_};
  begin_call();
  change_names([name = path.string()](names& all) { all.erase(name); });
}

void simulated_disk::sync_directory(const std::filesystem::path& /*path*/) {
  const std::lock_guard lock{mutex_};
  begin_call();
  for (const auto& change : unsynced_) change(durable_);
  unsynced_.clear();
}

std::vector<std::string> simulated_disk::list(const std::filesystem::path& path) {
  const std::lock_guard lock{mutex_};
  if (!powered_) throw power_failed{};
  std::vector<std::string> out;
  for (const auto& [name, node] : seen_)
    if (std::filesystem::path{name}.parent_path() == path)
      out.push_back(std::filesystem::path{name}.filename().string());
  return out;
}

void simulated_disk::begin_call(const std::function<void()>& when_failing) {
  if (!powered_) throw power_failed{};
  const auto number = calls_++;
  if (power_cut_at_ == number) {
    powered_ = false;
    if (when_failing) when_failing();
    throw power_failed{};
  }
  if (const auto failure = failures_.find(number); failure != failures_.end()) {
    if (when_failing) when_failing();
    throw std::system_error{failure->second, std::generic_category(), "simulated"};
  }
}

std::uint64_t simulated_disk::used() const {
  std::uint64_t sum = 0;
  for (const auto& [name, node] : seen_) sum += node->seen.size();
  return sum;
}

void simulated_disk::change_names(const std::function<void(names&)>& change) {
  change(seen_);
  unsynced_.push_back(change);
}

}  // namespace bulwark::test
