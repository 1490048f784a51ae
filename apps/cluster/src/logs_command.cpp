// SPDX-License-Identifier: BSD-3-Clause
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <utility>

#include "bulwark/cluster/commands.hpp"
#include "bulwark/cluster/log_file.hpp"
#include "bulwark/cluster/log_view.hpp"
#include "bulwark/cluster/table.hpp"
#include "bulwark/cluster/unique_fd.hpp"
#include "json_fields.hpp"

namespace bulwark::cluster {

namespace {

/// Prints log lines, each with its node in front if there are several.
class log_printer {
 public:
  log_printer(const common_options& common, std::vector<std::string> ids)
      : json_(common.json), colour_(wants_colour(STDOUT_FILENO, common.no_colour)), ids_(std::move(ids)) {
    for (const auto& id : ids_) width_ = std::max(width_, id.size());
  }

  void print(std::size_t which, const std::vector<std::string>& lines) const {
    const auto& id = ids_[which];
    for (const auto& line : lines) {
      if (json_)
        std::cout << compact({{"node", id}, {"line", line}}) << '\n';
      else if (ids_.size() > 1)
        std::cout << tinted(id + std::string(width_ - id.size(), ' ') + " |", tint::dim, colour_) << ' '
                  << line << '\n';
      else
        std::cout << line << '\n';
    }
    std::cout << std::flush;
  }

 private:
  bool json_;
  bool colour_;
  std::vector<std::string> ids_;
  std::size_t width_ = 0;
};

/// Waits until something is written to a file in the directory, at most a second: the change may have come
/// before.
void await_change(int inotify) {
  pollfd waiting{inotify, POLLIN, 0};
  if (::poll(&waiting, 1, 1000) <= 0) return;
  alignas(inotify_event) char events[4096];
  while (::read(inotify, events, sizeof events) > 0) {
  }
}

}  // namespace

exit_code run_logs(const common_options& common, const std::string& node, std::size_t lines, bool follow) {
  const auto directory = resolve_directory(common.directory);
  const auto config = require_config(directory);
  std::vector<std::string> ids;
  for (const auto& n : config.nodes)
    if (node.empty() || node == n.id) ids.push_back(n.id);
  if (ids.empty())
    throw failure(exit_code::usage, "there is no node \"" + node + "\" in this cluster",
                  "expected " + config.nodes.front().id + " to " + config.nodes.back().id);
  const log_printer printer(common, ids);
  std::vector<log_follower> followers;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto file = directory.node_log(ids[i]);
    followers.emplace_back(file);  // before the reading, so that no line falls between
    printer.print(i, last_lines(file, lines));
  }
  if (!follow) return exit_code::ok;

  const unique_fd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify || ::inotify_add_watch(inotify.get(), directory.root().c_str(), IN_MODIFY | IN_CREATE) < 0)
    throw failure(exit_code::unhealthy, "cannot watch " + directory.root().string());
  while (std::cout) {
    await_change(inotify.get());
    for (std::size_t i = 0; i < ids.size(); ++i) printer.print(i, followers[i].poll());
  }
  return exit_code::ok;
}

exit_code run_log_inspect(const common_options& common, const std::string& where, bool records) {
  std::filesystem::path data = where;
  if (!std::filesystem::is_directory(data)) {
    const auto directory = resolve_directory(common.directory);
    if (!require_config(directory).find(where))
      throw failure(exit_code::usage, "\"" + where + "\" is no directory, and no node of this cluster",
                    "expected n1, n2, …, or the data directory of a node");
    data = directory.node_data(where);
  }
  return show_log(data, records ? log_detail::records : log_detail::segments, common.json, std::cout);
}

}  // namespace bulwark::cluster
