// SPDX-License-Identifier: BSD-3-Clause
#include "serving_nodes.hpp"

#include <caf/all.hpp>

#include "bulwark/consensus/messages.hpp"

namespace bulwark::cluster_test {

using namespace std::chrono_literals;

serving_nodes::serving_nodes(std::uint32_t count, std::chrono::milliseconds timeout)
    : count_{count}, timeout_{timeout}, asker_{asker_options(timeout)} {
  for (std::uint32_t number = 1; number <= count_; ++number) start(number);
}

consensus::cluster_node_options serving_nodes::asker_options(std::chrono::milliseconds timeout) const {
  auto options = options_of_node(count_ + 1, count_, root_.path(), ports_.base());
  options.timeout = timeout;
  return options;
}

void serving_nodes::start(std::uint32_t number) {
  const std::vector<std::string> line{
      SERVING_NODE,          std::to_string(number),        std::to_string(count_),
      root_.path().string(), std::to_string(ports_.base()), std::to_string(timeout_.count())};
  processes_.insert_or_assign(number,
                              load::process{line, root_.path() / ("n" + std::to_string(number) + ".log")});
}

std::optional<int> serving_nodes::await_end(std::uint32_t number) {
  return processes_.at(number).wait(std::chrono::steady_clock::now() + 120s);
}

std::optional<member> serving_nodes::member_of(std::uint32_t number) const {
  const auto group = asker_.node->group();
  const auto* found = group ? group->nodes().find(number) : nullptr;
  return found ? std::optional{*found} : std::nullopt;
}

name_entry serving_nodes::owner(const std::string& name) const {
  const auto group = asker_.node->group();
  const auto* entry = group ? group->names().whereis(name) : nullptr;
  return entry ? *entry : name_entry{};
}

std::uint32_t serving_nodes::leader() {
  std::uint32_t who = 0;
  asker_.self->request(asker_.node->replica(), 5s, consensus::get_replica_status{})
      .receive([&](const consensus::replica_report& is) { who = is.leader; }, [](const caf::error&) {});
  return who;
}

std::vector<load::endpoint> serving_nodes::client_endpoints() const {
  std::vector<load::endpoint> all;
  for (std::uint32_t number = 1; number <= count_; ++number)
    all.push_back({"127.0.0.1", clients_port(number, ports_.base())});
  return all;
}

std::string serving_nodes::log_of(std::uint32_t number) const {
  return load::file_content(root_.path() / ("n" + std::to_string(number) + ".log"));
}

bool serving_nodes::await(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + 90s;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    asker_.self->receive([](caf::ok_atom) {}, caf::after(5ms) >> [] {});
  }
  return true;
}

}  // namespace bulwark::cluster_test
