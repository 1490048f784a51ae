// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/cluster/members_view.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "bulwark/cluster/table.hpp"
#include "json_fields.hpp"

namespace bulwark::cluster {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

tint tint_of_member(const std::string& state) {
  if (state == "up") return tint::good;
  if (state == "down" || state == "removed") return tint::bad;
  return tint::warn;
}

const json& list_in(const json& object, const char* name) {
  static const json none = json::array();
  const auto found = object.find(name);
  return found != object.end() && found->is_array() ? *found : none;
}

std::string joined(const json& texts) {
  std::string all;
  for (const auto& one : texts)
    if (one.is_string()) all += (all.empty() ? "" : " ") + one.get<std::string>();
  return all;
}

std::string member_table(const json& latest, bool colour) {
  using align = table::align;
  table out{{{"NODE", align::left},
             {"STATE", align::left},
             {"SINCE VIEW", align::right},
             {"INCARNATION", align::right},
             {"ADDRESS", align::left},
             {"WHY", align::left}}};
  for (const auto& one : list_in(latest, "members")) {
    const auto state = field<std::string>(one, "state").value_or("?");
    auto why = field<std::string>(one, "cause").value_or("");
    if (const auto accusers = joined(list_in(one, "accusers")); !accusers.empty())
      why = "accused by " + accusers;
    out.add({{field<std::string>(one, "id").value_or("?")},
             {state, tint_of_member(state)},
             {std::to_string(field<std::uint64_t>(one, "since_view").value_or(0))},
             {std::to_string(field<std::uint64_t>(one, "incarnation").value_or(0))},
             {field<std::string>(one, "address").value_or("?")},
             {why}});
  }
  return out.render(colour);
}

}  // namespace

members_answer show_members(const std::vector<std::pair<std::string, std::string>>& answers, bool json_wanted,
                            bool colour) {
  members_answer result;
  json latest = json::object();
  std::optional<std::uint64_t> view;
  ordered_json seen = ordered_json::object();
  std::string seen_text;
  for (const auto& [id, answer] : answers) {
    auto told = parse_object(answer);
    const auto at = field<std::uint64_t>(told, "view");
    seen[id] = or_null(at);
    seen_text += "  " + id + " " + (at ? std::to_string(*at) : "?");
    if (!at) continue;
    result.any = true;
    if (view && *at <= *view) continue;
    view = at;
    latest = std::move(told);
  }
  const auto up = std::count_if(list_in(latest, "members").begin(), list_in(latest, "members").end(),
                                [](const json& one) { return field<std::string>(one, "state") == "up"; });
  result.all_are_up = static_cast<std::size_t>(up) >= answers.size();
  if (json_wanted) {
    ordered_json out{{"view", or_null(view)}, {"seen", std::move(seen)}};
    for (const auto* name : {"members", "names", "history"}) out[name] = list_in(latest, name);
    result.text = pretty(out);
  } else if (view) {
    result.text =
        "view " + std::to_string(*view) + "; seen:" + seen_text + "\n" + member_table(latest, colour);
  }
  return result;
}

}  // namespace bulwark::cluster
