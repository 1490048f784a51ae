// SPDX-License-Identifier: BSD-3-Clause
// bulwark-log-bench: how many appends a second the log makes durable beside what the disk can do, and how
// long a replica takes to recover from a long log. One JSON object per line.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "bulwark/consensus/core/replica.hpp"
#include "bulwark/consensus/file_log_store.hpp"
#include "bulwark/kv/core/batch.hpp"
#include "bulwark/kv/core/machine.hpp"

namespace bulwark::bench {
namespace {

using namespace consensus;
using steady = std::chrono::steady_clock;

constexpr group_id the_group{1};
constexpr node_id the_node{1};
constexpr ballot the_ballot{1, the_node};
constexpr std::size_t keys = 10'000;

struct log_plan {
  std::filesystem::path directory;
  std::size_t entries = 1'000'000;
  std::size_t value_bytes = 256;
  double seconds = 3;
};

double seconds_since(steady::time_point begin) {
  return std::chrono::duration<double>(steady::now() - begin).count();
}

/// A put of the key-value service, as it stands in a slot of the log.
value put(std::size_t number, const std::string& what) {
  kv::batch_writer batch{kv::batch_limits{}};
  const auto key = "key" + std::to_string(number % keys);
  const std::string_view arguments[] = {key, what};
  batch.add(kv::command_id::set, arguments);
  return {{command{the_node, 1, number, std::move(batch).take()}}};
}

file_log_options log_options(const std::filesystem::path& directory) {
  file_log_options made;
  made.directory = directory;
  made.cluster = "bench";
  made.node = the_node;
  return made;
}

// -- appends

/// The same bytes to a file that was written once before: no log can be faster.
double raw_syncs(const log_plan& plan) {
  constexpr std::size_t room = 16u << 20;
  const auto path = plan.directory / "raw";
  auto& files = system_files();
  const auto made = files.open(path, open_mode::create);
  write_all_at(*made, std::string(room, '\0'), 0);
  made->sync();
  const std::string bytes(plan.value_bytes + 100, 'x');
  std::size_t done = 0;
  const auto begin = steady::now();
  while (seconds_since(begin) < plan.seconds) {
    write_all_at(*made, bytes, (done++ * bytes.size()) % (room - bytes.size()));
    made->sync();
  }
  const auto rate = static_cast<double>(done) / seconds_since(begin);
  files.remove(path);
  return rate;
}

double log_syncs(const log_plan& plan) {
  const auto directory = plan.directory / "appends";
  double rate = 0;
  {
    file_log_store log{log_options(directory)};
    const std::string what(plan.value_bytes, 'v');
    std::size_t done = 0;
    const auto begin = steady::now();
    while (seconds_since(begin) < plan.seconds) {
      ++done;
      const group_record one{the_group, accepted_entry{slot{done}, the_ballot, put(done, what)}};
      log.append({&one, 1});
    }
    rate = static_cast<double>(done) / seconds_since(begin);
  }
  std::filesystem::remove_all(directory);
  return rate;
}

void measure_appends(const log_plan& plan) {
  const auto raw = raw_syncs(plan);
  const auto log = log_syncs(plan);
  std::printf(R"({"measure":"appends","disk_per_s":%.0f,"log_per_s":%.0f,"ratio":%.2f})"
              "\n",
              raw, log, log / raw);
}

// -- recovery

void write_log(const log_plan& plan, const std::filesystem::path& directory) {
  constexpr std::size_t batch = 1000;
  file_log_store log{log_options(directory)};
  const std::string what(plan.value_bytes, 'v');
  std::vector<group_record> records;
  for (std::size_t at = 1; at <= plan.entries; ++at) {
    records.push_back({the_group, accepted_entry{slot{at}, the_ballot, put(at, what)}});
    if (records.size() < batch && at < plan.entries) continue;
    records.push_back({the_group, chosen_record{slot{at}}});
    log.append(records);
    records.clear();
  }
}

/// Drops the files from memory, so that they are read from the disk.
void forget_pages(const std::filesystem::path& directory) {
  for (const auto& one : std::filesystem::directory_iterator{directory}) {
    const int fd = ::open(one.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) throw std::system_error{errno, std::generic_category(), one.path()};
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    ::close(fd);
  }
}

double read_files(const std::filesystem::path& directory) {
  const auto begin = steady::now();
  std::vector<char> piece(1u << 20);
  for (const auto& one : std::filesystem::directory_iterator{directory}) {
    const auto from = system_files().open(one.path(), open_mode::read);
    std::uint64_t offset = 0;
    while (const auto got = from->read_at(piece, offset)) offset += got;
  }
  return seconds_since(begin);
}

/// Runs a replica until it has applied all that its log holds.
std::uint64_t replay(log_store& log, recovered_state recovered) {
  replica_options options;
  options.self = the_node;
  options.members = {the_node};
  options.incarnation = 2;
  kv::machine machine;
  replica core{options, std::move(recovered), steady::now()};
  std::vector<effect> effects;
  core.step(tick{}, steady::now(), effects);
  std::uint64_t applied = 0;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    auto one = std::move(effects[i]);
    if (const auto* what = std::get_if<apply>(&one)) {
      ++applied;
      for (const auto& each : what->what.commands) machine.apply(each.payload);
    } else if (const auto* wanted = std::get_if<fetch>(&one)) {
      effects.clear();
      i = static_cast<std::size_t>(-1);
      core.step(fetched{wanted->peer, log.read(the_group, wanted->first, wanted->last, wanted->bytes_max)},
                steady::now(), effects);
    }
  }
  return applied;
}

void measure_recovery(const log_plan& plan) {
  const auto directory = plan.directory / "recovery";
  write_log(plan, directory);
  forget_pages(directory);
  const auto reading = read_files(directory);
  forget_pages(directory);
  const auto begin = steady::now();
  file_log_store log{log_options(directory)};
  const auto opened = seconds_since(begin);
  const auto applied = replay(log, log.recover(the_group));
  const auto all = seconds_since(begin);
  std::filesystem::remove_all(directory);
  if (applied < plan.entries)
    throw std::runtime_error{"only " + std::to_string(applied) + " entries were applied"};
  std::printf(
      R"({"measure":"recovery","entries":%zu,"read_s":%.3f,"open_s":%.3f,"replay_s":%.3f,"beyond_reading_s":%.3f})"
      "\n",
      plan.entries, reading, opened, all - opened, all - reading);
}

}  // namespace
}  // namespace bulwark::bench

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  bulwark::bench::log_plan plan;
  plan.directory = fs::temp_directory_path() / ("bulwark-log-bench-" + std::to_string(::getpid()));
  CLI::App app{"Measures the log: durable appends beside the disk's own limit, and recovery.",
               "bulwark-log-bench"};
  app.add_option("--dir", plan.directory, "a new folder on the disk to be measured; removed at the end");
  app.add_option("--entries", plan.entries, "to recover")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--value-bytes", plan.value_bytes, "size of a value")->capture_default_str();
  app.add_option("--seconds", plan.seconds, "of each measure of appends")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  try {
    if (!fs::create_directories(plan.directory))
      throw std::runtime_error{"--dir: expected a folder that is not there yet, found " +
                               plan.directory.string()};
    bulwark::bench::measure_appends(plan);
    bulwark::bench::measure_recovery(plan);
    fs::remove_all(plan.directory);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bulwark-log-bench: %s\n", error.what());
    return 1;
  }
}
