// SPDX-License-Identifier: BSD-3-Clause
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>
#include <random>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "bulwark/actors/certificates.hpp"
#include "bulwark/cluster/commands.hpp"
#include "bulwark/cluster/directory_lock.hpp"
#include "bulwark/cluster/launcher.hpp"
#include "bulwark/cluster/log_file.hpp"
#include "bulwark/cluster/ports.hpp"
#include "bulwark/cluster/table.hpp"
#include "detached.hpp"
#include "saved_state_files.hpp"
#include "up_reporter.hpp"

namespace bulwark::cluster {

namespace {

std::string fresh_name() {
  std::random_device random;
  char text[32];
  std::snprintf(text, sizeof text, "local-%08x", static_cast<unsigned>(random()));
  return text;
}

void make_directory(const cluster_directory& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory.root().parent_path(), error);
  if (!error && (::mkdir(directory.root().c_str(), 0700) == 0 || errno == EEXIST)) return;
  const auto why = error ? error.message() : std::generic_category().message(errno);
  throw failure(exit_code::unhealthy, "cannot make the directory " + directory.root().string() + ": " + why,
                "choose another one with --dir DIR");
}

/// Those that are missing, or end soon.
void provide_certificates(const cluster_directory& directory, const cluster_config& config) {
  std::vector<std::uint32_t> numbers;
  for (const auto& node : config.nodes) numbers.push_back(node.number);
  try {
    make_certificates(
        {.directory = directory.certificates(), .cluster = config.cluster, .nodes = std::move(numbers)});
  } catch (const std::runtime_error& problem) {
    throw failure(exit_code::unhealthy, problem.what(),
                  "remove what is wrong from " + directory.certificates().string() +
                      "; what is missing there is made anew");
  }
}

cluster_config settle_config(const cluster_directory& directory, const up_options& options) {
  const auto stored = load_config(directory);
  if (stored && !options.restore.empty())
    throw failure(exit_code::usage, "there is a cluster in " + directory.root().string() + " already",
                  "a saved state is restored into a new one: name another --dir");
  auto config = settle(stored, options.wish, fresh_name());
  require_free_ports(config);
  if (config.tls) provide_certificates(directory, config);
  // Before there is a cluster: one that was restored in part must never run.
  if (!options.restore.empty()) begin_with(options.restore, directory, config);
  if (!stored || *stored != config) save_config(directory, config);
  return config;
}

up_reporter make_reporter(const common_options& common, const cluster_config& config, bool detached) {
  return up_reporter({.nodes = config.nodes.size(),
                      .json = common.json,
                      .colour = wants_colour(STDOUT_FILENO, common.no_colour),
                      .detached = detached,
                      .directory = common.directory,
                      .first_resp = config.nodes.front().resp});
}

exit_code run_in_foreground(const common_options& common, launcher_options launch, directory_lock& lock) {
  auto reporter = make_reporter(common, launch.config, false);
  launch.on_event = [&](const launcher_event& event) { std::cout << reporter.line_for(event) << std::flush; };
  launcher nodes(std::move(launch));
  nodes.run([&] { lock.release(); });
  return exit_code::ok;
}

/// The life of the background process. It tells its starter what happens until the cluster is ready, and its
/// log from then on.
void run_in_background(const common_options& common, launcher_options launch, directory_lock& lock,
                       starter_pipe& starter) {
  auto reporter = make_reporter(common, launch.config, true);
  up_reporter log_reporter({.nodes = launch.config.nodes.size(),
                            .detached = true,
                            .directory = common.directory,
                            .first_resp = launch.config.nodes.front().resp});
  const auto log = launch.directory.launcher_log();
  launch.on_event = [&](const launcher_event& event) {
    const auto line = log_reporter.line_for(event);
    if (!line.empty()) append_to_log(log, timestamp() + " " + line);
    starter.tell(reporter.line_for(event));
    if (event.what == launcher_event::kind::cluster_ready) starter.dismiss();
  };
  launcher nodes(std::move(launch));
  // A user who gives up waiting wants no cluster that comes up behind his back.
  nodes.watch_reader(starter.fd(), [&] {
    if (!starter.dismissed()) nodes.stop("whoever started it went away before it was ready");
  });
  nodes.run([&] { lock.release(); });
}

void print_tails(const launcher_options& launch) {
  for (const auto& node : launch.config.nodes) {
    const auto lines = last_lines(launch.directory.node_log(node.id), 5);
    for (const auto& line : lines) std::cerr << "  " << node.id << " | " << line << "\n";
  }
  for (const auto& line : last_lines(launch.directory.launcher_log(), 5))
    std::cerr << "  up | " << line << "\n";
  std::cerr << std::flush;
}

}  // namespace

exit_code run_snapshot_restore(const common_options& common, const std::string& file,
                               const cluster_wish& wish) {
  const auto directory = resolve_directory(common.directory);
  make_directory(directory);
  directory_lock lock(directory);
  up_options options;
  options.wish = wish;
  options.restore = file;
  const auto config = settle_config(directory, options);
  lock.release();
  const auto where = directory.root().string();
  if (common.json)
    std::cout << R"({"ok":true,"nodes":)" << config.nodes.size() << "}" << std::endl;
  else
    std::cout << config.nodes.size() << " nodes begin with the state in " << file
              << "; start them with `bulwark up --dir " << where << "`" << std::endl;
  return exit_code::ok;
}

exit_code run_up(const common_options& common, const up_options& options) {
  const auto directory = resolve_directory(common.directory);
  make_directory(directory);
  directory_lock lock(directory);
  launcher_options launch{.directory = directory,
                          .config = settle_config(directory, options),
                          .program = {},
                          .node_arguments = options.node_arguments,
                          .policy = {},
                          .on_event = {}};
  if (!options.detach) return run_in_foreground(common, std::move(launch), lock);

  const auto background = detach(directory.launcher_log(), [&](starter_pipe& starter) {
    lock.note_holder();
    run_in_background(common, launch, lock, starter);
  });
  lock.release();  // the background process shares it and keeps it
  const auto outcome =
      await_start(background, options.wait, [](const std::string& text) { std::cout << text << std::flush; });
  if (outcome.started) return exit_code::ok;
  if (!common.json) print_tails(launch);
  throw failure(exit_code::unhealthy, "the cluster did not get ready: " + outcome.error,
                "the logs are in " + directory.root().string());
}

}  // namespace bulwark::cluster
