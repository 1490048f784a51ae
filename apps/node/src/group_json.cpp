// SPDX-License-Identifier: BSD-3-Clause
#include "group_json.hpp"

#include <charconv>
#include <map>

#include "bulwark/consensus/core/configuration.hpp"

namespace bulwark::node {

nlohmann::json failure(const std::string& text) { return {{"ok", false}, {"error", text}}; }

std::uint32_t number_of(const std::string& name) {
  std::uint32_t number = 0;
  const auto* end = name.data() + name.size();
  const bool good =
      name.size() > 1 && name.front() == 'n' && std::from_chars(name.data() + 1, end, number).ptr == end;
  return good ? number : 0;
}

nlohmann::json names_of(const std::vector<std::uint32_t>& nodes) {
  auto names = nlohmann::json::array();
  for (const auto node : nodes) names.push_back("n" + std::to_string(node));
  return names;
}

std::optional<consensus::change_group> to_change(const nlohmann::json& what) {
  using consensus::change_kind;
  static const std::map<std::string, change_kind> kinds{{"add", change_kind::add},
                                                        {"promote", change_kind::promote},
                                                        {"remove", change_kind::remove},
                                                        {"replace", change_kind::replace}};
  const auto text = [&](const char* name) {
    const auto found = what.find(name);
    return found != what.end() && found->is_string() ? found->get<std::string>() : std::string{};
  };
  const auto kind = kinds.find(text("change"));
  const auto node = number_of(text("node")), by = number_of(text("by"));
  if (kind == kinds.end() || node == 0 || (kind->second == change_kind::replace && by == 0))
    return std::nullopt;
  return consensus::change_group{static_cast<std::uint8_t>(kind->second), node, by, {}};
}

nlohmann::json to_json(const consensus::group_change_result& result) {
  const consensus::change_outcome how{result.outcome};
  const std::string text = to_string(how);
  if (how == consensus::change_outcome::changed || how == consensus::change_outcome::already_so)
    return {{"ok", true}, {"outcome", text}};
  auto answer = failure("the members were not changed: " + text);
  answer["outcome"] = text;
  if (how == consensus::change_outcome::lost)
    answer["error"] = "whether the members were changed is not known: the leadership was lost";
  return answer;
}

}  // namespace bulwark::node
