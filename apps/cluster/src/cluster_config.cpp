// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/cluster/cluster_config.hpp"

#include <fcntl.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "bulwark/cluster/failure.hpp"
#include "bulwark/cluster/unique_fd.hpp"
#include "errno_error.hpp"

namespace bulwark::cluster {

namespace {

constexpr std::uint32_t default_nodes = 5;
constexpr std::uint32_t resp_offset = 100;

void write_all(int fd, std::string_view text, const std::string& name) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_errno("cannot write " + name);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void sync_directory(const std::filesystem::path& path) {
  const unique_fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) throw_errno("cannot sync " + path.string());
}

}  // namespace

const node_entry* cluster_config::find(std::string_view id) const {
  for (const auto& node : nodes)
    if (node.id == id) return &node;
  return nullptr;
}

cluster_config plan_cluster(std::uint32_t nodes, std::uint16_t base_port, std::string cluster,
                            std::uint32_t voters) {
  if (nodes == 0 || nodes > cluster_config::nodes_max)
    throw failure(exit_code::usage, "a cluster of " + std::to_string(nodes) + " nodes cannot be",
                  "--nodes takes 1 to " + std::to_string(cluster_config::nodes_max));
  if (base_port < 1 || base_port + resp_offset + nodes > 65535)
    throw failure(exit_code::usage,
                  "base port " + std::to_string(base_port) + " leaves no room for the nodes' ports",
                  "node i uses the ports P+i and P+100+i: --base-port takes 1 to " +
                      std::to_string(65535 - resp_offset - nodes));
  if (voters > nodes)
    throw failure(exit_code::usage,
                  "of " + std::to_string(nodes) + " nodes, " + std::to_string(voters) + " cannot vote",
                  "--voters takes 1 to " + std::to_string(nodes));
  cluster_config result{std::move(cluster), base_port, {}, voters};
  for (std::uint32_t i = 1; i <= nodes; ++i)
    result.nodes.push_back({i, "n" + std::to_string(i), "127.0.0.1:" + std::to_string(base_port + i),
                            "127.0.0.1:" + std::to_string(base_port + resp_offset + i)});
  return result;
}

std::string to_json_text(const cluster_config& config) {
  nlohmann::ordered_json json;
  json["format"] = cluster_config::format;
  json["cluster"] = config.cluster;
  json["base_port"] = config.base_port;
  if (config.voters > 0) json["voters"] = config.voters;
  if (config.accept_quorum > 0) json["accept_quorum"] = config.accept_quorum;
  if (config.tls) json["tls"] = true;
  auto& nodes = json["nodes"] = nlohmann::ordered_json::array();
  for (const auto& node : config.nodes)
    nodes.push_back({{"number", node.number}, {"id", node.id}, {"listen", node.listen}, {"resp", node.resp}});
  return json.dump(2) + "\n";
}

cluster_config parse_cluster_config(std::string_view text) {
  try {
    const auto json = nlohmann::json::parse(text);
    const int format = json.at("format").get<int>();
    if (format != cluster_config::format)
      throw failure(exit_code::unhealthy,
                    "cluster.json has format " + std::to_string(format) + ", this program knows format " +
                        std::to_string(cluster_config::format),
                    "use the version of bulwark that wrote it");
    cluster_config result{
        json.at("cluster").get<std::string>(), json.at("base_port").get<std::uint16_t>(), {}};
    if (json.contains("voters")) result.voters = json.at("voters").get<std::uint32_t>();
    result.accept_quorum = json.value("accept_quorum", std::uint32_t{0});
    result.tls = json.value("tls", false);
    for (const auto& node : json.at("nodes"))
      result.nodes.push_back({node.at("number").get<std::uint32_t>(), node.at("id").get<std::string>(),
                              node.at("listen").get<std::string>(), node.at("resp").get<std::string>()});
    if (result.nodes.empty()) throw failure(exit_code::unhealthy, "cluster.json names no nodes");
    return result;
  } catch (const nlohmann::json::exception& e) {
    throw failure(exit_code::unhealthy, std::string("cluster.json cannot be understood: ") + e.what(),
                  "restore it, or start afresh with another --dir");
  }
}

std::optional<cluster_config> load_config(const cluster_directory& directory) {
  if (!std::filesystem::exists(directory.config_file())) return std::nullopt;
  std::ifstream in(directory.config_file(), std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) throw failure(exit_code::unhealthy, "cannot read " + directory.config_file().string());
  return parse_cluster_config(text);
}

cluster_config require_config(const cluster_directory& directory) {
  auto config = load_config(directory);
  if (!config)
    throw failure(exit_code::unreachable, "there is no cluster in " + directory.root().string(),
                  "start one with `bulwark up`, or name its directory with --dir DIR");
  return *std::move(config);
}

void save_config(const cluster_directory& directory, const cluster_config& config) {
  const auto final_name = directory.config_file();
  auto draft = final_name;
  draft += ".new";
  {
    const unique_fd fd(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd) throw_errno("cannot create " + draft.string());
    write_all(fd.get(), to_json_text(config), draft.string());
    if (::fsync(fd.get()) != 0) throw_errno("cannot sync " + draft.string());
  }
  std::filesystem::rename(draft, final_name);
  sync_directory(directory.root());
}

cluster_config settle(const std::optional<cluster_config>& stored, const cluster_wish& wish,
                      const std::string& fresh_name) {
  if (!stored) {
    auto fresh = plan_cluster(wish.nodes.value_or(default_nodes),
                              wish.base_port.value_or(cluster_config::default_port), fresh_name,
                              wish.voters.value_or(0));
    fresh.tls = wish.tls;
    fresh.accept_quorum = wish.accept_quorum.value_or(0);
    const auto voters = fresh.voters > 0 ? fresh.voters : static_cast<std::uint32_t>(fresh.nodes.size());
    if (fresh.accept_quorum > voters)
      throw failure(exit_code::usage,
                    "of " + std::to_string(voters) + " voters, " + std::to_string(fresh.accept_quorum) +
                        " cannot accept",
                    "--accept-quorum takes 1 to " + std::to_string(voters) + ", or 0 for a majority");
    return fresh;
  }
  const auto count = static_cast<std::uint32_t>(stored->nodes.size());
  if (wish.nodes && *wish.nodes != count)
    throw failure(exit_code::usage,
                  "the cluster in this directory has " + std::to_string(count) + " nodes, not " +
                      std::to_string(*wish.nodes),
                  "leave --nodes out to run it as it is, or use another --dir for a new cluster");
  if (wish.voters && *wish.voters != (stored->voters > 0 ? stored->voters : count))
    throw failure(exit_code::usage,
                  "the cluster in this directory began with " +
                      std::to_string(stored->voters > 0 ? stored->voters : count) + " voters, not " +
                      std::to_string(*wish.voters),
                  "leave --voters out; `bulwark member add` and `remove` change who votes");
  if (wish.accept_quorum && *wish.accept_quorum != stored->accept_quorum)
    throw failure(exit_code::usage,
                  "the cluster in this directory began with the accept quorum " +
                      std::to_string(stored->accept_quorum) + ", not " + std::to_string(*wish.accept_quorum),
                  "leave --accept-quorum out: who chose what is in the log must still count");
  auto settled = *stored;
  if (wish.base_port && *wish.base_port != stored->base_port)
    settled = plan_cluster(count, *wish.base_port, stored->cluster, stored->voters);
  settled.accept_quorum = stored->accept_quorum;
  settled.tls = stored->tls || wish.tls;
  return settled;
}

}  // namespace bulwark::cluster
