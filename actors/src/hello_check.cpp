// SPDX-License-Identifier: BSD-3-Clause
#include "hello_check.hpp"

#include <algorithm>

#include "bulwark/actors/certificates.hpp"

namespace bulwark {

namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& one : names) text += (text.empty() ? "" : ", ") + one;
  return text.empty() ? "nobody" : text;
}

}  // namespace

std::string objection_to(const wire::hello& from_peer, const connector_options& options) {
  const auto& self = options.self;
  const auto name = [](std::uint32_t node) { return "n" + std::to_string(node); };
  if (from_peer.protocol != wire::protocol_version)
    return name(from_peer.from) + " speaks protocol " + std::to_string(from_peer.protocol) + ", " +
           name(self.node) + " speaks " + std::to_string(wire::protocol_version);
  if (from_peer.cluster != self.cluster)
    return name(from_peer.from) + " belongs to the cluster \"" + from_peer.cluster + "\", " +
           name(self.node) + " to \"" + self.cluster + "\"";
  if (from_peer.from == self.node)
    return from_peer.incarnation == self.incarnation ? "an address leads " + name(self.node) + " to itself"
                                                     : "another process claims to be " + name(self.node);
  if (from_peer.to != self.node)
    return name(from_peer.from) + " looks for " + name(from_peer.to) + ", this is " + name(self.node);
  if (!options.links.contains(from_peer.from))
    return name(from_peer.from) + " is no peer of " + name(self.node);
  if (from_peer.from < self.node)
    return name(from_peer.from) + " dialled " + name(self.node) + ", but the higher number dials";
  return {};
}

std::string objection_to(const wire::hello& from_peer, const std::vector<std::string>& names,
                         const std::string& cluster) {
  const auto expected = certificate_name(from_peer.from, cluster);
  if (std::ranges::find(names, expected) != names.end()) return {};
  return "who claims to be n" + std::to_string(from_peer.from) + " has the certificate of " + joined(names) +
         "; expected " + expected;
}

}  // namespace bulwark
