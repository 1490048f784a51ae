// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>
#include <iostream>

#include "bulwark/cluster/cluster_view.hpp"
#include "bulwark/cluster/commands.hpp"
#include "bulwark/cluster/control_client.hpp"
#include "bulwark/consensus/data_directory.hpp"
#include "bulwark/consensus/file_log_store.hpp"
#include "bulwark/consensus/saved_state.hpp"
#include "bulwark/kv/core/machine.hpp"
#include "json_fields.hpp"
#include "saved_state_files.hpp"

namespace bulwark::cluster {

using nlohmann::ordered_json;
using namespace std::chrono_literals;

namespace {

/// Longer than a node gives itself. One that dies ends the wait at once.
constexpr auto save_limit = 61min;

/// The group of the key-value service.
constexpr consensus::group_id service_group{};

}  // namespace

saved_facts verify_saved(const std::string& file) {
  const auto foreign = [&] {
    return failure(exit_code::unhealthy, file + ": the state is whole, but none of the key-value service",
                   "expected a file that `bulwark snapshot save` wrote, by this release or an older one");
  };
  try {
    consensus::saved_state_reader saved{file};
    kv::machine machine;
    const auto restorer = machine.begin_restore();
    bool fits = true;
    saved.read([&](std::string_view piece) { fits = fits && restorer->take(piece); });
    if (!fits || !restorer->finish()) throw foreign();
    return {saved.id(), machine.totals().keys};
  } catch (const consensus::log_failure& problem) {
    throw failure(exit_code::unhealthy, problem.what(), "expected a file that `bulwark snapshot save` wrote");
  }
}

void begin_with(const std::string& file, const cluster_directory& directory, const cluster_config& config) {
  verify_saved(file);
  try {
    for (const auto& node : config.nodes) {
      const consensus::node_id id{node.number};
      const consensus::data_directory data{directory.node_data(node.id), {config.cluster, id}};
      consensus::file_log_store log{
          {.directory = data.log_path(), .cluster = config.cluster, .node = id, .background = false}};
      consensus::saved_state_reader saved{file};
      const auto written = log.begin_snapshot(service_group, saved.id().at);
      saved.read([&](std::string_view piece) { written->append(piece); });
      written->seal();
      log.finish_snapshot(service_group, *written, true);
    }
  } catch (const consensus::log_failure& problem) {
    throw failure(exit_code::unhealthy, problem.what());
  }
}

exit_code run_snapshot_save(const common_options& common, const std::string& file) {
  const auto directory = resolve_directory(common.directory);
  const auto view = observe(directory, common.timeout);
  const auto leader = view.leader();
  if (leader.empty())
    throw failure(view.any_answer() ? exit_code::no_quorum : exit_code::unreachable, "no node leads now",
                  "see `bulwark status`");
  const ordered_json request{{"do", "save_state"}, {"file", std::filesystem::absolute(file).string()}};
  const auto answer = ask({directory.node_data(leader), compact(request)}, save_limit);
  const auto told = parse_object(answer.line);
  if (!answer.ok() || !field<bool>(told, "ok").value_or(false))
    throw failure(exit_code::unhealthy,
                  field<std::string>(told, "error").value_or(leader + " does not answer: " + answer.error));
  const auto at = field<std::uint64_t>(told, "slot").value_or(0);
  const auto size = field<std::uint64_t>(told, "bytes").value_or(0);
  if (common.json)
    std::cout << pretty({{"ok", true}, {"node", leader}, {"slot", at}, {"bytes", size}, {"file", file}});
  else
    std::cout << leader << " saved its state of slot " << at << ", " << size << " bytes, to " << file
              << std::endl;
  return exit_code::ok;
}

exit_code run_snapshot_verify(const common_options& common, const std::string& file) {
  const auto found = verify_saved(file);
  if (common.json)
    std::cout << pretty(
        {{"ok", true}, {"slot", number(found.id.at)}, {"bytes", found.id.total}, {"keys", found.keys}});
  else
    std::cout << file << " is whole: the state of slot " << number(found.id.at) << ", " << found.id.total
              << " bytes, " << found.keys << " keys" << std::endl;
  return exit_code::ok;
}

}  // namespace bulwark::cluster
