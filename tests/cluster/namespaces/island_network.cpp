// SPDX-License-Identifier: BSD-3-Clause
#include "island_network.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <system_error>

#include "bulwark/load/process.hpp"

namespace bulwark::cluster_test {

namespace {

using cluster::unique_fd;

constexpr std::chrono::seconds command_limit{10};
/// Nobody's: the switch gives such a frame to all, and nobody takes it.
constexpr auto nowhere = "02:00:00:00:00:ff";

[[noreturn]] void throw_system_error(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

unique_fd present_namespace() {
  unique_fd here{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
  if (here.get() < 0) throw_system_error("open the network namespace");
  return here;
}

void enter(const unique_fd& place) {
  if (::setns(place.get(), CLONE_NEWNET) != 0) throw_system_error("enter a network namespace");
}

unique_fd new_namespace() {
  const auto home = present_namespace();
  if (::unshare(CLONE_NEWNET) != 0) throw_system_error("make a network namespace");
  auto made = present_namespace();
  enter(home);
  return made;
}

void ip(std::vector<std::string> words) {
  words.insert(words.begin(), "ip");
  const auto result = load::run(words, command_limit);
  if (result.exit_code == 0) return;
  std::string line;
  for (const auto& word : words) line += word + " ";
  throw std::runtime_error(line + "ended with " + std::to_string(result.exit_code) + ": " + result.err);
}

/// As `ip` takes it: by way of this process, which holds it.
std::string path_of(const unique_fd& place) {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(place.get());
}

std::string port_of(unsigned island) { return "port" + std::to_string(island); }
std::string hardware_address(unsigned island) {
  return "02:00:00:00:01:" + std::string(island < 10 ? "0" : "") + std::to_string(island);
}

}  // namespace

std::string island_network::obstacle() {
  try {
    const auto made = new_namespace();
    const visit there{made};
    if (const auto said = load::run({"ip", "link", "add", "probe", "type", "bridge"}, command_limit);
        said.exit_code != 0)
      return "`ip` of iproute2 cannot make a bridge: " + said.err;
    if (const auto said =
            load::run({"ip", "link", "add", "p1", "type", "veth", "peer", "name", "p2"}, command_limit);
        said.exit_code != 0)
      return "`ip` of iproute2 cannot make a pair of veth: " + said.err;
    return {};
  } catch (const std::system_error& problem) {
    return std::string{"network namespaces need root (CAP_SYS_ADMIN): "} + problem.what();
  }
}

island_network::visit::visit(const unique_fd& place) : home_{present_namespace()} { enter(place); }
island_network::visit::~visit() { ::setns(home_.get(), CLONE_NEWNET); }

island_network::island_network(unsigned count) : switch_{new_namespace()} {
  {
    const visit there{switch_};
    ip({"link", "add", "switch", "type", "bridge"});
    ip({"link", "set", "switch", "up"});
  }
  for (unsigned island = 1; island <= count; ++island) {
    islands_.push_back(new_namespace());
    furnish(island);
  }
}

void island_network::furnish(unsigned island) {
  {
    const visit there{switch_};
    ip({"link", "add", port_of(island), "type", "veth", "peer", "name", "eth0", "address",
        hardware_address(island), "netns", path_of(at(island))});
    ip({"link", "set", port_of(island), "master", "switch", "up"});
  }
  const visit there{*this, island};
  ip({"link", "set", "lo", "up"});
  ip({"address", "add", address(island) + "/24", "dev", "eth0"});
  ip({"link", "set", "eth0", "up"});
}

void island_network::cut(unsigned from, unsigned to) {
  const visit there{*this, from};
  ip({"neighbour", "replace", address(to), "lladdr", nowhere, "dev", "eth0", "nud", "permanent"});
  cuts_.insert({from, to});
}

void island_network::mend(unsigned from, unsigned to) {
  const visit there{*this, from};
  ip({"neighbour", "delete", address(to), "dev", "eth0"});
  cuts_.erase({from, to});
}

void island_network::cut_both(unsigned one, unsigned other) {
  cut(one, other);
  cut(other, one);
}

void island_network::separate(const std::vector<unsigned>& group) {
  for (const auto one : group)
    for (unsigned other = 1; other <= count(); ++other)
      if (std::ranges::find(group, other) == group.end()) cut_both(one, other);
}

void island_network::unplug(unsigned island) {
  const visit there{switch_};
  ip({"link", "set", port_of(island), "down"});
  unplugged_.insert(island);
}

void island_network::plug(unsigned island) {
  const visit there{switch_};
  ip({"link", "set", port_of(island), "up"});
  unplugged_.erase(island);
}

void island_network::rebuild(unsigned island) {
  {
    const visit there{switch_};
    ip({"link", "delete", port_of(island)});
  }
  islands_.at(island - 1) = new_namespace();
  furnish(island);
  unplugged_.erase(island);
  std::erase_if(cuts_, [&](const auto& one) { return one.first == island; });
}

void island_network::heal() {
  while (!cuts_.empty()) {
    const auto [from, to] = *cuts_.begin();
    mend(from, to);
  }
  while (!unplugged_.empty()) plug(*unplugged_.begin());
}

}  // namespace bulwark::cluster_test
