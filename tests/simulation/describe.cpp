// SPDX-License-Identifier: BSD-3-Clause
#include "describe.hpp"

#include <variant>

namespace bulwark::test {

using namespace consensus;

namespace {

template <class Message>
std::string lease_of(const Message& m) {
  return m.lease_ms > 0 ? " lease " + std::to_string(m.lease_ms) : std::string{};
}

struct describe_body {
  std::string operator()(const beat& m) const { return "beat " + std::to_string(m.round); }
  std::string operator()(const beat_ack& m) const {
    return "beat_ack " + std::to_string(m.round) + " candidate " + to_string(m.candidate) + " leader " +
           to_string(m.leader) + (m.content ? " content" : "") + " chosen " + to_string(m.chosen);
  }
  std::string operator()(const prepare& m) const {
    return "prepare " + to_string(m.under) + " chosen " + to_string(m.chosen);
  }
  std::string operator()(const promise& m) const {
    auto text = "promise " + to_string(m.under) + " chosen " + to_string(m.chosen);
    if (m.parts > 1) text += " part " + std::to_string(m.part + 1) + "/" + std::to_string(m.parts);
    for (const auto& one : m.accepted)
      text += " " + to_string(one.at) + "@" + to_string(one.under) + describe(one.what);
    return text;
  }
  std::string operator()(const accept& m) const {
    auto text = "accept " + to_string(m.under) + " " + to_string(m.first);
    for (const auto& one : m.values) text += " " + describe(one);
    text += " chosen " + to_string(m.chosen);
    return m.governed_by == slot::none ? text : text + " governed by " + to_string(m.governed_by);
  }
  std::string operator()(const accepted& m) const {
    return "accepted " + to_string(m.under) + " " + to_string(m.first) + ".." + to_string(m.last);
  }
  std::string operator()(const refused& m) const {
    return "refused " + to_string(m.under) + " promised " + to_string(m.promised);
  }
  std::string operator()(const chosen_up_to& m) const {
    return "chosen_up_to " + to_string(m.chosen) + " under " + to_string(m.under);
  }
  std::string operator()(const learn& m) const { return "learn " + to_string(m.first); }
  std::string operator()(const learned& m) const {
    std::string text = "learned";
    for (const auto& one : m.entries) text += " " + to_string(one.at) + describe(one.what);
    return text + " chosen " + to_string(m.chosen);
  }
  std::string operator()(const confirm& m) const {
    return "confirm " + to_string(m.under) + " round " + std::to_string(m.round) + lease_of(m);
  }
  std::string operator()(const confirmed& m) const {
    return "confirmed " + to_string(m.under) + " round " + std::to_string(m.round) + lease_of(m);
  }
  std::string operator()(const forward& m) const {
    return "forward " + to_string(m.under) + (m.kind == request_kind::read ? " read " : " write ") +
           std::to_string(m.what.request) + " (" + m.what.payload + ")";
  }
  std::string operator()(const forward_reply& m) const {
    return "forward_reply " + to_string(m.under) + " " + std::to_string(m.request) + " " +
           describe(m.result) + " (" + m.reply + ")";
  }
  std::string operator()(const snapshot_ask& m) const {
    return "snapshot_ask " + to_string(m.at) + " from byte " + std::to_string(m.offset);
  }
  std::string operator()(const snapshot_chunk& m) const {
    const auto& [of, offset, data] = m.part;
    return "snapshot_chunk " + to_string(of.at) + " bytes " + std::to_string(offset) + ".." +
           std::to_string(offset + data.size()) + " of " + std::to_string(of.total) + " chosen " +
           to_string(m.chosen);
  }
  std::string operator()(const take_over& m) const {
    return "take_over " + to_string(m.under) + " chosen " + to_string(m.chosen);
  }
  std::string operator()(const vouch&) const { return "vouch"; }
  std::string operator()(const vouched& m) const {
    return "vouched " + to_string(m.chosen) + " under " + to_string(m.under);
  }
  std::string operator()(const rest& m) const {
    return "rest " + to_string(m.under) + " chosen " + to_string(m.chosen) + " attempt " +
           std::to_string(m.attempt);
  }
  std::string operator()(const resting& m) const {
    return "resting " + to_string(m.under) + " attempt " + std::to_string(m.attempt);
  }
};

}  // namespace

std::string describe(const value& what) {
  if (is_configuration(what)) {
    const auto group = configuration_in(what, {});
    return "{" + (group ? to_string(*group) : "broken") + "}";
  }
  std::string text = "[";
  for (const auto& one : what.commands) text += (text.size() > 1 ? ", " : "") + one.payload;
  return text + "]";
}

std::string describe(const envelope& what) {
  return to_string(what.from) + " -> " + to_string(what.to) + " " + std::visit(describe_body{}, what.what);
}

std::string describe(const record& what) {
  if (const auto* made = std::get_if<promise_record>(&what)) return "promise " + to_string(made->promised);
  if (const auto* known = std::get_if<chosen_record>(&what)) return "chosen " + to_string(known->chosen);
  const auto& entry = std::get<accepted_entry>(what);
  return "accepted " + to_string(entry.at) + "@" + to_string(entry.under) + describe(entry.what);
}

std::string describe(outcome what) {
  switch (what) {
    case outcome::done: return "done";
    case outcome::not_done: return "not_done";
    case outcome::unknown: return "unknown";
    case outcome::no_leader: return "no_leader";
    case outcome::overloaded: return "overloaded";
  }
  return "?";
}

}  // namespace bulwark::test
