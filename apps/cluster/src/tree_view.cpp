// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/cluster/tree_view.hpp"

#include "bulwark/cluster/failure.hpp"
#include "bulwark/cluster/table.hpp"
#include "json_fields.hpp"

namespace bulwark::cluster {

namespace {

using json = nlohmann::json;

constexpr int depth_max = 64;  // no real tree is that deep; a broken answer might be

/// One actor on one line, without its place in the tree.
std::string describe(const json& node, bool colour) {
  std::string text = field<std::string>(node, "id").value_or("?");
  if (const auto strategy = field<std::string>(node, "strategy"); strategy && !strategy->empty())
    text += tinted(" (" + *strategy + ")", tint::dim, colour);
  const auto state = field<std::string>(node, "state").value_or("?");
  if (state != "up" && state != "running" && state != "ready")
    text += "  " + tinted(state, state == "starting" ? tint::warn : tint::bad, colour);
  if (const auto uptime = field<double>(node, "uptime_s"))
    text += "  up " + spoken_time(*uptime);
  else if (const auto uptime_ms = field<double>(node, "uptime_ms"))
    text += "  up " + spoken_time(*uptime_ms / 1000);
  if (const auto mailbox = field<std::uint64_t>(node, "mailbox"); mailbox.value_or(0) > 0)
    text += "  mbox " + std::to_string(*mailbox);
  if (const auto restarts = field<std::uint64_t>(node, "restarts"); restarts.value_or(0) > 0)
    text += "  " + tinted("restarts " + std::to_string(*restarts), tint::warn, colour);
  if (const auto reason = field<std::string>(node, "last_reason"); reason && !reason->empty())
    text += tinted("  ← " + *reason, tint::dim, colour);
  return text;
}

void draw_children(const json& node, const std::string& indent, int depth, bool colour, std::string& out) {
  const auto children = node.find("children");
  if (children == node.end() || !children->is_array() || depth > depth_max) return;
  for (auto it = children->begin(); it != children->end(); ++it) {
    if (!it->is_object()) continue;
    const bool last = std::next(it) == children->end();
    out += indent + (last ? "└─ " : "├─ ") + describe(*it, colour) + "\n";
    draw_children(*it, indent + (last ? "   " : "│  "), depth + 1, colour, out);
  }
}

}  // namespace

std::string draw_tree(std::string_view answer, const std::string& title, bool colour) {
  const auto parsed = parse_object(answer);
  const auto tree = parsed.find("tree");
  if (tree == parsed.end() || !tree->is_object())
    throw failure(exit_code::unhealthy,
                  title + " did not tell its tree: " +
                      field<std::string>(parsed, "error").value_or("the answer holds none"));
  std::string out = title + "  " + describe(*tree, colour) + "\n";
  draw_children(*tree, "", 0, colour, out);
  return out;
}

}  // namespace bulwark::cluster
