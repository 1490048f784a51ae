// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "local_commands.hpp"

namespace bulwark::kv {

namespace {

using arguments_view = std::span<const std::string_view>;

/// Matches `*` (anything) and `?` (any one character), ignoring case.
bool glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() &&
               (pattern[p] == '?' || equal_ignoring_case(pattern.substr(p, 1), text.substr(t, 1)))) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

/// Gathers the text of INFO: sections of `key:value` lines.
class info_text {
 public:
  explicit info_text(arguments_view sections) : wanted_{sections} {}

  /// Whether the section was asked for; then its lines follow.
  bool section(std::string_view title) {
    const auto matches = [&](std::string_view wish) {
      return equal_ignoring_case(wish, title) || equal_ignoring_case(wish, "all") ||
             equal_ignoring_case(wish, "default") || equal_ignoring_case(wish, "everything");
    };
    if (!wanted_.empty() && std::none_of(wanted_.begin(), wanted_.end(), matches)) return false;
    if (!text_.empty()) text_ += "\r\n";
    text_.append("# ").append(title).append("\r\n");
    return true;
  }

  void line(std::string_view key, std::string_view value) {
    text_.append(key).append(":").append(value).append("\r\n");
  }
  void line(std::string_view key, std::uint64_t value) { line(key, std::to_string(value)); }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  arguments_view wanted_;
  std::string text_;
};

void replication(info_text& info, const server_view& server, const std::optional<replica_view>& status) {
  const bool leads = status && status->leads();
  info.line("role", leads ? "master" : "slave");
  if (!leads) {
    const auto leader = status ? server.address_of(status->leader) : std::nullopt;
    info.line("master_host", leader ? leader->host : "?");
    info.line("master_port", leader ? leader->port : 0);
    info.line("master_link_status", status && status->quorum ? "up" : "down");
  }
  info.line("master_repl_offset", status ? status->applied : 0);
}

void bulwark_section(info_text& info, const server_facts& facts, const server_counts& counts,
                     const std::optional<replica_view>& status) {
  const auto view = status.value_or(replica_view{.role = "unknown", .ballot = "0"});
  info.line("bulwark_version", facts.version);
  info.line("node", facts.node);
  info.line("cluster", facts.cluster);
  info.line("replica_role", view.role);
  info.line("leader", view.leader == 0 ? std::string{} : "n" + std::to_string(view.leader));
  info.line("ballot", view.ballot);
  info.line("chosen", view.chosen);
  info.line("applied", view.applied);
  info.line("elections", view.elections);
  info.line("quorum", std::uint64_t{view.quorum});
  info.line("revision", counts.revision);
}

}  // namespace

void answer_info(arguments_view arguments, const server_view& server,
                 const std::optional<replica_view>& status, reply_builder& reply) {
  const auto facts = server.facts();
  const auto counts = server.counts();
  info_text info{arguments.subspan(1)};
  if (info.section("Server")) {
    info.line("redis_version", "7.0.0");  // clients choose their features by it
    info.line("redis_mode", "standalone");
    info.line("process_id", facts.process);
    info.line("tcp_port", facts.port);
    info.line("uptime_in_seconds", counts.uptime_seconds);
  }
  if (info.section("Clients")) {
    info.line("connected_clients", counts.connections);
    info.line("maxclients", facts.connections_max);
  }
  if (info.section("Memory")) {
    info.line("used_memory", counts.keys_bytes);
    info.line("maxmemory", facts.memory_bytes_max);
  }
  if (info.section("Persistence")) info.line("loading", "0");
  if (info.section("Stats")) {
    info.line("total_connections_received", counts.connections_accepted);
    info.line("rejected_connections", counts.connections_refused);
    info.line("total_commands_processed", counts.commands);
  }
  if (info.section("Replication")) replication(info, server, status);
  if (info.section("Cluster")) info.line("cluster_enabled", "0");
  if (info.section("Keyspace") && counts.keys > 0)
    info.line("db0", "keys=" + std::to_string(counts.keys) + ",expires=0,avg_ttl=0");
  if (info.section("Bulwark")) bulwark_section(info, facts, counts, status);
  reply.bulk(info.text());
}

void answer_role(const server_view& server, const std::optional<replica_view>& status, reply_builder& reply) {
  const auto offset = static_cast<std::int64_t>(status ? status->applied : 0);
  if (status && status->leads()) {
    reply.array(3);
    reply.bulk("master"), reply.integer(offset), reply.array(0);
    return;
  }
  const auto leader = status ? server.address_of(status->leader) : std::nullopt;
  reply.array(5);
  reply.bulk("slave");
  reply.bulk(leader ? leader->host : "?");
  reply.integer(leader ? leader->port : 0);
  reply.bulk(leader && status->quorum ? "connected" : "connect");
  reply.integer(offset);
}

void answer_config(arguments_view arguments, const server_view& server, reply_builder& reply) {
  if (!equal_ignoring_case(arguments[1], "get"))
    return reply.error(unknown_subcommand("CONFIG", arguments[1]));
  if (arguments.size() < 3) return reply.error("ERR wrong number of arguments for 'config|get' command");
  const auto facts = server.facts();
  const std::array<std::pair<std::string_view, std::string>, 8> all{{
      {"appendonly", "yes"},
      {"databases", "1"},
      {"maxclients", std::to_string(facts.connections_max)},
      {"maxmemory", std::to_string(facts.memory_bytes_max)},
      {"port", std::to_string(facts.port)},
      {"proto-max-bulk-len", std::to_string(facts.bulk_bytes_max)},
      {"save", ""},
      {"timeout", "0"},
  }};
  const auto asked = [&](const auto& entry) {
    const auto patterns = arguments.subspan(2);
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](auto pattern) { return glob(pattern, entry.first); });
  };
  reply.map(static_cast<std::size_t>(std::count_if(all.begin(), all.end(), asked)));
  for (const auto& entry : all)
    if (asked(entry)) reply.bulk(entry.first), reply.bulk(entry.second);
}

}  // namespace bulwark::kv
