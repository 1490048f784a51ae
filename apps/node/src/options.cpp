// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/node/options.hpp"

#include <toml++/toml.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <sstream>
#include <string>
#include <vector>

#include "bulwark/actors/link.hpp"

namespace bulwark::node {

namespace {

constexpr int usage = 2;

std::uint32_t parse_number(const std::string& text, std::uint64_t most, const std::string& what) {
  std::uint32_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size() || number > most)
    throw std::invalid_argument{"\"" + text + "\" is no " + what};
  return number;
}

std::string value_text(const toml::node& value) {
  if (const auto* text = value.as_string()) return text->get();
  std::ostringstream out;
  value.visit([&out](const auto& plain) {
    if constexpr (toml::is_value<decltype(plain)>) out << plain;
  });
  return out.str();
}

/// The file as arguments of the command line, so that both are read by one set of rules.
std::vector<std::string> arguments_of_file(const std::string& path) {
  toml::table settings;
  try {
    settings = toml::parse_file(path);
  } catch (const toml::parse_error& problem) {
    std::ostringstream text;
    text << path << ':' << problem.source().begin.line << ": " << problem.description();
    throw options_exit{usage, text.str()};
  }
  std::vector<std::string> arguments;
  for (auto&& [key, value] : settings) {
    const std::string name{key.str()};
    if (name == "config") throw options_exit{usage, path + ": a configuration file cannot name another one"};
    if (value.is_table())
      throw options_exit{usage,
                         path + ": [" + name + "] is a table; expected only lines of the form name = value"};
    std::string text;
    if (const auto* list = value.as_array()) {
      for (const auto& one : *list) text += (text.empty() ? "" : ",") + value_text(one);
    } else {
      text = value_text(value);
    }
    arguments.push_back("--" + name + "=" + text);
  }
  return arguments;
}

/// The value of --config, looked for ahead of everything else.
std::string config_of(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--config" && i + 1 < arguments.size()) return arguments[i + 1];
    if (arguments[i].starts_with("--config=")) return arguments[i].substr(9);
  }
  return {};
}

std::map<std::uint32_t, endpoint> parse_peers(const std::string& text) {
  std::map<std::uint32_t, endpoint> peers;
  std::istringstream in{text};
  for (std::string one; std::getline(in, one, ',');) {
    if (one.empty()) continue;
    const auto sign = one.find('=');
    if (sign == std::string::npos)
      throw std::invalid_argument{"\"" + one +
                                  "\" is no peer; expected number=host:port, as in 2=127.0.0.1:7002"};
    const auto id = parse_number(one.substr(0, sign), 0xffffffff, "number of a peer; expected 1 or more");
    if (!peers.emplace(id, parse_endpoint(one.substr(sign + 1))).second)
      throw std::invalid_argument{"peer " + std::to_string(id) + " is named twice"};
  }
  return peers;
}

std::vector<std::uint32_t> parse_voters(const std::string& text) {
  std::vector<std::uint32_t> voters;
  std::istringstream in{text};
  for (std::string one; std::getline(in, one, ',');)
    if (!one.empty()) voters.push_back(parse_number(one, 0xffffffff, "number of a node; expected 1 or more"));
  std::sort(voters.begin(), voters.end());
  voters.erase(std::unique(voters.begin(), voters.end()), voters.end());
  return voters;
}

}  // namespace

std::string to_string(const endpoint& where) {
  const bool bare_ipv6 = where.host.find(':') != std::string::npos;
  return (bare_ipv6 ? "[" + where.host + "]" : where.host) + ":" + std::to_string(where.port);
}

endpoint parse_endpoint(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0)
    throw std::invalid_argument{"\"" + text + "\" is no address; expected host:port, as in 127.0.0.1:7001"};
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto port = parse_number(text.substr(colon + 1), 65535, "port; expected 0 to 65535");
  return {std::move(host), static_cast<std::uint16_t>(port)};
}

std::string node_options::validate() const {
  using namespace std::chrono_literals;
  if (id == 0) return "--id is 0 or missing; expected the number of this node, 1 or more";
  if (cluster.empty()) return "--cluster-id is empty; expected a name";
  if (data.empty()) return "--data is missing; expected the directory for this node's data";
  if (peers.contains(id))
    return "--peers names node " + std::to_string(id) + ", which is this node; expected the others only";
  for (const auto voter : voters)
    if (voter != id && !peers.contains(voter))
      return "--voters names node " + std::to_string(voter) + "; expected this node or one of --peers";
  const auto votes = voters.empty() ? peers.size() + 1 : voters.size();
  if (accept_quorum > votes)
    return "--accept-quorum is " + std::to_string(accept_quorum) + "; expected at most " +
           std::to_string(votes) + ", which is how many nodes vote, or 0 for a majority";
  for (const auto& [peer, where] : peers) {
    if (peer == 0) return "--peers names node 0; expected numbers of 1 or more";
    if (where.port == 0)
      return "--peers names port 0 for node " + std::to_string(peer) + "; expected the port it is reached at";
  }
  if (interval < 1ms || interval > 1min)
    return "--interval-ms is " + std::to_string(interval.count()) + "; expected 1 to 60000";
  if (timeout < 1ms || timeout > 10min)
    return "--timeout-ms is " + std::to_string(timeout.count()) + "; expected 1 to 600000";
  if (election_timeout < 1ms || election_timeout > 10min)
    return "--election-timeout-ms is " + std::to_string(election_timeout.count()) + "; expected 1 to 600000";
  if (lease < 0ms || lease > interval + timeout)
    return "--lease-ms is " + std::to_string(lease.count()) + "; expected 0 (no leases) to " +
           std::to_string((interval + timeout).count()) + ", which is T_interval + T_timeout";
  if (drain < 0ms || drain > 10min)
    return "--drain-ms is " + std::to_string(drain.count()) + "; expected 0 to 600000";
  if (replace_after < 0s || replace_after > 24h)
    return "--replace-after-s is " + std::to_string(replace_after.count()) + "; expected 0 (never) to 86400";
  if (sessions < 1 || sessions > 256)
    return "--sessions is " + std::to_string(sessions) + "; expected 1 to 256";
  if (tls.any() && !tls.complete())
    return "TLS needs a certificate, its key and the authority's certificate; expected all three of "
           "--tls-cert, --tls-key and --tls-ca, or none";
  if (!insecure && !tls.any() && !is_loopback(listen.host))
    return "--listen is " + node::to_string(listen) +
           ", which other machines can reach; expected an address of this machine only (127.0.0.1), or "
           "certificates (--tls-cert, --tls-key, --tls-ca), or --insecure to do without protection";
  if (!insecure && !is_loopback(resp.host))
    return "--resp is " + node::to_string(resp) +
           ", which other machines can reach, and clients are served without TLS; expected an address of "
           "this machine only (127.0.0.1), or --insecure to do without protection";
  return {};
}

node_options parse_options(int argc, char** argv) {
  node_options options;
  std::string resp = node::to_string(options.resp);
  std::string listen = node::to_string(options.listen);
  std::string peers;
  std::string voters;
  std::string config;
  std::string format = "text";
  std::string detector = to_string(options.detector);
  std::int64_t interval = options.interval.count();
  std::int64_t timeout = options.timeout.count();
  std::int64_t election_timeout = options.election_timeout.count();
  std::int64_t lease = options.lease.count();
  std::int64_t drain = options.drain.count();
  std::int64_t replace_after = options.replace_after.count();

  CLI::App app{"Runs one node in the foreground.", "bulwark node"};
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)->always_capture_default();
  app.add_option("--id", options.id, "number of this node, 1 or more");
  app.add_option("--resp", resp, "where clients are served (RESP); port 0 picks a free one");
  app.add_option("--listen", listen, "where peers are listened for; port 0 picks a free one");
  app.add_option("--peers", peers, "the other nodes, as 2=host:port,3=host:port");
  app.add_option("--voters", voters,
                 "who votes until the members are changed, as 1,2,3; the others follow; empty: all");
  app.add_option(
      "--accept-quorum", options.accept_quorum,
      "so many of the N who vote make a write, and N + 1 - so many elect a leader; the same at all "
      "nodes; 0: a majority");
  app.add_option("--priority", options.priority, "of the nodes that could lead, the highest goes first");
  app.add_option("--data", options.data, "directory for the node's data");
  app.add_option("--config", config, "TOML file with these options; the command line wins");
  app.add_option("--cluster-id", options.cluster, "name of the cluster; nodes of others are refused");
  app.add_option("--interval-ms", interval, "T_interval: time between heartbeats");
  app.add_option("--timeout-ms", timeout, "T_timeout: a peer silent for T_interval + T_timeout is gone");
  app.add_option("--election-timeout-ms", election_timeout,
                 "a leader silent for T_interval + this is replaced; no longer than T_timeout, and no "
                 "shorter than a lease");
  app.add_option(
      "--lease-ms", lease,
      "leases of the leader, by which it reads without asking the others, if clocks can be trusted; "
      "0: none");
  app.add_option(
         "--detector", detector,
         "who counts as suspect: fixed, by T_timeout alone, or phi, by how regularly a peer was heard so far")
      ->check(CLI::IsMember({"fixed", "phi"}));
  app.add_option("--replace-after-s", replace_after,
                 "a voter down for so long is replaced by a node without a vote, if one is up; 0: never");
  app.add_option("--drain-ms", drain, "how long requests in flight may take after SIGTERM");
  app.add_option("--sessions", options.sessions, "session workers for client connections");
  app.add_option("--tls-cert", options.tls.certificate,
                 "certificate of this node (PEM), which names it n1.CLUSTER; peers talk by TLS then");
  app.add_option("--tls-key", options.tls.key, "its private key (PEM)");
  app.add_option("--tls-ca", options.tls.authority, "certificates of those who may sign for nodes (PEM)");
  app.add_flag("--insecure", options.insecure, "allow addresses that other machines can reach, without TLS");
  app.add_option("--log-level", options.log_level, "least level to log")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}));
  app.add_option("--log-format", format, "form of the log")->check(CLI::IsMember({"text", "json"}));

  std::vector<std::string> arguments{argv + 1, argv + argc};
  if (const auto path = config_of(arguments); !path.empty()) {
    const auto from_file = arguments_of_file(path);
    arguments.insert(arguments.begin(), from_file.begin(), from_file.end());
  }
  try {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    app.parse(std::move(arguments));
    options.resp = parse_endpoint(resp);
    options.listen = parse_endpoint(listen);
    options.peers = parse_peers(peers);
    options.voters = parse_voters(voters);
    options.detector = parse_detector_kind(detector).value_or(options.detector);
  } catch (const CLI::CallForHelp&) {
    throw options_exit{0, app.help()};
  } catch (const CLI::ParseError& problem) {
    throw options_exit{usage, problem.what()};
  } catch (const std::invalid_argument& problem) {
    throw options_exit{usage, problem.what()};
  }
  options.interval = std::chrono::milliseconds{interval};
  options.timeout = std::chrono::milliseconds{timeout};
  options.election_timeout = std::chrono::milliseconds{election_timeout};
  options.lease = std::chrono::milliseconds{lease};
  options.drain = std::chrono::milliseconds{drain};
  options.replace_after = std::chrono::seconds{replace_after};
  options.format = format == "json" ? log_format::json : log_format::text;
  if (const auto problem = options.validate(); !problem.empty()) throw options_exit{usage, problem};
  return options;
}

}  // namespace bulwark::node
