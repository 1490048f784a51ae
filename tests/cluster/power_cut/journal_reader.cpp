// SPDX-License-Identifier: BSD-3-Clause
#include "journal_reader.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "disk_control.hpp"

namespace bulwark::power_cut {
namespace {

using kind = journal_entry::kind;

/// What a failed sync left behind: no later one makes it durable.
constexpr std::uint64_t doomed = 1;

void take(pending& all, noted&& one) {
  auto& [entry, path, path_to, data] = one;
  switch (entry.what) {
    case kind::write:
    case kind::truncate:
      entry.replaced = 0;
      all.of_files[entry.inode].push_back(std::move(one));
      break;
    case kind::sync:
      std::erase_if(all.of_files[entry.inode], [](const noted& w) { return w.entry.replaced != doomed; });
      break;
    case kind::sync_failed:
      for (auto& write : all.of_files[entry.inode]) write.entry.replaced = doomed;
      break;
    case kind::sync_directory:
      std::erase_if(all.of_names, [&where = path](const noted& n) {
        return std::filesystem::path{n.path}.parent_path() == where;
      });
      break;
    default: all.of_names.push_back(std::move(one));
  }
}

void read_journal(const std::string& text, const std::string& name, pending& all) {
  for (std::size_t at = 0; at < text.size();) {
    noted one;
    if (text.size() - at < sizeof one.entry) return;  // the process was killed as it wrote
    std::memcpy(&one.entry, text.data() + at, sizeof one.entry);
    if (one.entry.magic != journal_entry::magic_value)
      throw std::runtime_error(name + ": no entry at " + std::to_string(at));
    at += sizeof one.entry;
    const auto& e = one.entry;
    if (text.size() - at < e.path_bytes + std::uint64_t{e.path_to_bytes} + e.data_bytes) return;
    const auto next = [&](std::size_t bytes) {
      at += bytes;
      return text.substr(at - bytes, bytes);
    };
    one.path = next(e.path_bytes);
    one.path_to = next(e.path_to_bytes);
    one.data = next(e.data_bytes);
    take(all, std::move(one));
  }
}

}  // namespace

pending read_journals(const std::filesystem::path& side) {
  std::vector<std::filesystem::path> journals;
  for (const auto& file : std::filesystem::directory_iterator{side})
    if (file.path().filename().string().starts_with(journal_prefix)) journals.push_back(file.path());
  std::sort(journals.begin(), journals.end());
  pending all;
  for (const auto& journal : journals) {
    std::ostringstream text;
    text << std::ifstream{journal, std::ios::binary}.rdbuf();
    read_journal(text.str(), journal.string(), all);
  }
  return all;
}

}  // namespace bulwark::power_cut
