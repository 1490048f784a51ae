// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <stdexcept>

#include "bulwark/actors/certificates.hpp"
#include "bulwark/cluster/commands.hpp"

namespace bulwark::cluster {

namespace {

using time_point = std::chrono::system_clock::time_point;

std::string date_of(time_point when) {
  const auto seconds = std::chrono::system_clock::to_time_t(when);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  const auto size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text, size};
}

std::string in_words(const certificate_facts& facts, time_point now) {
  if (now < facts.not_before) return "not yet in force";
  if (now > facts.not_after) return "over";
  const auto days = std::chrono::floor<std::chrono::days>(facts.not_after - now).count();
  return "in force, for " + std::to_string(days) + " days more";
}

}  // namespace

exit_code run_certificate_make(const common_options& common, const certificate_options& wanted) {
  certificate_order order{.directory = wanted.directory, .cluster = wanted.cluster, .nodes = {}};
  order.valid = std::chrono::days{wanted.days};
  order.nodes.resize(wanted.nodes);
  std::iota(order.nodes.begin(), order.nodes.end(), 1u);
  std::vector<std::filesystem::path> written;
  try {
    written = make_certificates(order);
  } catch (const std::runtime_error& problem) {
    throw failure(exit_code::unhealthy, problem.what(),
                  "files that are there are kept: name another --dir, or remove those that do not fit");
  }
  if (common.json) {
    nlohmann::ordered_json json{{"ok", true}, {"written", nlohmann::ordered_json::array()}};
    for (const auto& file : written) json["written"].push_back(file.string());
    std::cout << json.dump() << std::endl;
    return exit_code::ok;
  }
  for (const auto& file : written) std::cout << "wrote " << file.string() << "\n";
  if (written.empty()) std::cout << "all certificates are there already\n";
  std::cout << "a node takes them by --tls-cert, --tls-key and --tls-ca; keep ca.key where no node runs"
            << std::endl;
  return exit_code::ok;
}

exit_code run_certificate_show(const common_options& common, const std::string& file) {
  certificate_facts facts;
  try {
    facts = read_certificate(file);
  } catch (const std::runtime_error& problem) {
    throw failure(exit_code::unhealthy, problem.what());
  }
  const auto now = std::chrono::system_clock::now();
  const bool in_force = now >= facts.not_before && now <= facts.not_after;
  if (common.json) {
    const nlohmann::ordered_json json{{"ok", true},
                                      {"subject", facts.subject},
                                      {"issuer", facts.issuer},
                                      {"names", facts.names},
                                      {"authority", facts.authority},
                                      {"not_before", date_of(facts.not_before)},
                                      {"not_after", date_of(facts.not_after)},
                                      {"in_force", in_force}};
    std::cout << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
    return in_force ? exit_code::ok : exit_code::unhealthy;
  }
  std::cout << "subject     " << facts.subject << (facts.authority ? " (an authority)" : "") << "\n"
            << "issuer      " << facts.issuer << "\n";
  for (const auto& name : facts.names) std::cout << "name        " << name << "\n";
  std::cout << "not before  " << date_of(facts.not_before) << "\n"
            << "not after   " << date_of(facts.not_after) << "\n"
            << "now         " << in_words(facts, now) << std::endl;
  return in_force ? exit_code::ok : exit_code::unhealthy;
}

}  // namespace bulwark::cluster
