// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/tree.hpp"

#include <algorithm>
#include <caf/all.hpp>
#include <cstdint>
#include <cstdio>

#include "bulwark/supervision/core/json_text.hpp"
#include "bulwark/supervision/supervisor.hpp"

namespace bulwark {

namespace {

void append_node_json(const tree_node& node, std::string& out) {
  out += "{\"id\":";
  append_json_string(out, node.id);
  out += ",\"kind\":";
  append_json_string(out, node.kind);
  out += ",\"state\":";
  append_json_string(out, node.state);
  char numbers[64];
  std::snprintf(numbers, sizeof numbers, ",\"restarts\":%llu,\"uptime_s\":%.3f",
                static_cast<unsigned long long>(node.restarts), static_cast<double>(node.uptime_ms) / 1000);
  out += numbers;
  if (!node.strategy.empty()) {
    out += ",\"strategy\":";
    append_json_string(out, node.strategy);
  }
  if (!node.last_reason.empty()) {
    out += ",\"last_reason\":";
    append_json_string(out, node.last_reason);
  }
  if (node.mailbox >= 0) out += ",\"mailbox\":" + std::to_string(node.mailbox);
  if (node.kind == to_string(child_type::supervisor)) {
    out += ",\"children\":[";
    for (const auto& below : node.children) {
      if (&below != &node.children.front()) out += ',';
      append_node_json(below, out);
    }
    out += ']';
  }
  out += '}';
}

/// One node on one line, without its place in the tree.
std::string describe_node(const tree_node& node) {
  auto text = node.id;
  if (!node.strategy.empty()) text += " (" + node.strategy + ')';
  text += "  " + node.state;
  if (node.uptime_ms > 0) {
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, " %.1f s", static_cast<double>(node.uptime_ms) / 1000);
    text += seconds;
  }
  if (node.mailbox > 0) text += "  mailbox " + std::to_string(node.mailbox);
  if (node.restarts > 0) text += "  restarts " + std::to_string(node.restarts);
  if (!node.last_reason.empty()) text += "  ← " + node.last_reason;
  return text + '\n';
}

void draw_below(const tree_node& node, const std::string& indent, std::string& out) {
  for (const auto& below : node.children) {
    const bool last = &below == &node.children.back();
    out += indent + (last ? "└─ " : "├─ ") + describe_node(below);
    draw_below(below, indent + (last ? "   " : "│  "), out);
  }
}

}  // namespace

tree_node tree_of(caf::actor_system& system, const caf::actor& supervisor, duration within) {
  tree_node tree;
  tree.kind = to_string(child_type::supervisor);
  tree.state = to_string(child_state::down);
  if (!supervisor) return tree;
  const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(within);
  const auto share = std::clamp<std::int64_t>(limit.count() * 3 / 4, 1, UINT32_MAX);
  caf::scoped_actor asker{system};
  asker->request(supervisor, caf::duration{limit}, get_tree{static_cast<std::uint32_t>(share)})
      .receive([&](tree_node& answer) { tree = std::move(answer); },
               [&](const caf::error& problem) {
                 if (problem == caf::sec::request_timeout) tree.state = "silent";
               });
  return tree;
}

std::string to_json(const tree_node& tree) {
  std::string out;
  append_node_json(tree, out);
  return out;
}

std::string to_text(const tree_node& tree) {
  auto out = describe_node(tree);
  draw_below(tree, {}, out);
  return out;
}

}  // namespace bulwark
