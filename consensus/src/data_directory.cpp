// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/data_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <sstream>
#include <system_error>
#include <utility>

#include "bulwark/consensus/crc32c.hpp"
#include "bulwark/consensus/file_layer.hpp"
#include "errno_error.hpp"
#include "log_files.hpp"

namespace bulwark::consensus {
namespace {

constexpr std::string_view first_line = "bulwark data directory";
constexpr const char* lost_name = "lost-word";
constexpr unsigned format_version = 1;
constexpr std::size_t cluster_name_max = 255;

std::string checksum_line(std::string_view text) {
  char line[32];
  std::snprintf(line, sizeof line, "checksum %08x\n", crc32c(text));
  return line;
}

std::string utc_now() {
  const auto now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string encode_identity(const data_identity& identity) {
  std::ostringstream text;
  text << first_line << "\nformat " << format_version << "\ncluster " << identity.cluster << "\nnode "
       << number(identity.node) << "\ncreated " << utc_now() << '\n';
  return text.str() + checksum_line(text.str());
}

std::string encode_lost(const lost_word& what) {
  const auto text = "no vote up to slot " + std::to_string(number(what.no_vote_up_to)) +
                    "\nno ballot up to round " + std::to_string(what.no_round_up_to) + '\n';
  return text + checksum_line(text);
}

/// A crash leaves the file as it was, or as it is to be.
void write_whole(const std::filesystem::path& path, const std::string& contents) {
  auto& files = system_files();
  auto temporary = path;
  temporary += ".tmp";
  {
    const auto out = files.open(temporary, open_mode::create);
    write_all_at(*out, contents, 0);
    out->sync();
  }
  files.rename(temporary, path);
  files.sync_directory(path.parent_path());
}

/// The rest of a line that starts with the key and a blank.
std::string take_field(std::istringstream& lines, const std::string& key) {
  std::string line;
  if (!std::getline(lines, line) || !line.starts_with(key + ' ')) return {};
  return line.substr(key.size() + 1);
}

std::string describe(const std::string& cluster, const std::string& node) {
  return "node n" + node + " of cluster \"" + cluster + '"';
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 0x7f; });
}

}  // namespace

data_directory::data_directory(std::filesystem::path path, data_identity identity) : path_{std::move(path)} {
  if (identity.cluster.empty() || identity.cluster.size() > cluster_name_max ||
      !is_printable(identity.cluster))
    throw log_failure{log_error::foreign, "a cluster id has 1 to 255 printable characters"};
  try {
    system_files().create_directories(path_);
    lock();
    check_identity(identity);
    read_lost();
  } catch (const std::system_error& error) {
    if (lock_ >= 0) ::close(lock_);
    throw to_log_failure(error);
  } catch (...) {
    if (lock_ >= 0) ::close(lock_);
    throw;
  }
}

data_directory::~data_directory() {
  if (lock_ >= 0) ::close(lock_);
}

data_directory::data_directory(data_directory&& other) noexcept
    : path_{std::move(other.path_)}, lost_{other.lost_}, lock_{std::exchange(other.lock_, -1)} {}

data_directory& data_directory::operator=(data_directory&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(lost_, other.lost_);
  std::swap(lock_, other.lock_);
  return *this;
}

void data_directory::lock() {
  const auto file_path = (path_ / "lock").string();
  lock_ = ::open(file_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (lock_ < 0) throw_errno("open " + file_path);
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) throw_errno("lock " + file_path);
    char holder[32] = {};
    const auto got = ::pread(lock_, holder, sizeof holder - 1, 0);
    const std::string_view text{holder, got > 0 ? static_cast<std::size_t>(got) : 0};
    const auto pid = text.substr(0, text.find('\n'));
    throw log_failure{log_error::locked,
                      path_.string() + " is in use by " +
                          (pid.empty() ? "another process" : "process " + std::string{pid})};
  }
  // Only for the text above; the lock is the kernel's.
  const auto pid = std::to_string(::getpid()) + '\n';
  if (::ftruncate(lock_, 0) != 0 || ::pwrite(lock_, pid.data(), pid.size(), 0) < 0)
    throw_errno("write " + file_path);
}

void data_directory::check_identity(const data_identity& identity) const {
  const auto file_path = path_ / "identity";
  if (!std::filesystem::exists(file_path)) return write_identity(identity);
  const auto text = read_all(*system_files().open(file_path, open_mode::read));
  const auto checksum_at = text.rfind("checksum ");
  if (checksum_at == std::string::npos ||
      text.substr(checksum_at) != checksum_line(text.substr(0, checksum_at)))
    throw log_failure{log_error::damaged, file_path.string() + ": its checksum does not match"};
  std::istringstream lines{text};
  std::string title;
  std::getline(lines, title);
  const auto version = take_field(lines, "format");
  if (title != first_line || version != std::to_string(format_version))
    throw log_failure{log_error::damaged, file_path.string() + ": format \"" + version +
                                              "\" is not known, expected " + std::to_string(format_version)};
  const auto cluster = take_field(lines, "cluster");
  const auto node = take_field(lines, "node");
  if (cluster != identity.cluster || node != std::to_string(number(identity.node)))
    throw log_failure{log_error::foreign,
                      path_.string() + " belongs to " + describe(cluster, node) + ", expected " +
                          describe(identity.cluster, std::to_string(number(identity.node)))};
}

void data_directory::write_identity(const data_identity& identity) const {
  auto& files = system_files();
  // Segments without an identity mean that the identity was lost: to make a new one could adopt another
  // node's promises.
  if (std::filesystem::exists(log_path()) && !files.list(log_path()).empty())
    throw log_failure{log_error::damaged,
                      path_.string() + " holds a log, but its file `identity` is missing"};
  write_whole(path_ / "identity", encode_identity(identity));
  files.sync_directory(std::filesystem::absolute(path_).parent_path());
}

void data_directory::read_lost() {
  const auto file_path = path_ / lost_name;
  if (!std::filesystem::exists(file_path)) return;
  const auto text = read_all(*system_files().open(file_path, open_mode::read));
  std::istringstream lines{text};
  const auto next_number = [&lines](const std::string& key) {
    const auto field = take_field(lines, key);
    std::uint64_t found = 0;
    std::from_chars(field.data(), field.data() + field.size(), found);
    return found;
  };
  lost_word found;
  found.no_vote_up_to = slot{next_number("no vote up to slot")};
  found.no_round_up_to = next_number("no ballot up to round");
  if (text != encode_lost(found))
    throw log_failure{log_error::damaged, file_path.string() + ": not as it was written"};
  lost_ = found;
}

void data_directory::note_lost(const lost_word& what) {
  const lost_word all{std::max(lost_.no_vote_up_to, what.no_vote_up_to),
                      std::max(lost_.no_round_up_to, what.no_round_up_to)};
  if (all == lost_) return;
  try {
    write_whole(path_ / lost_name, encode_lost(all));
  } catch (const std::system_error& error) {
    throw to_log_failure(error);
  }
  lost_ = all;
}

}  // namespace bulwark::consensus
