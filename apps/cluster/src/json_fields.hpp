// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace bulwark::cluster {

/// The field of an object, if it is there and of the right kind. What others send may be of another version
/// or broken, and a missing detail must not hide the rest.
template <class T>
std::optional<T> field(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return std::nullopt;
  const auto it = object.find(name);
  if (it == object.end()) return std::nullopt;
  bool fits = false;
  if constexpr (std::is_same_v<T, bool>)
    fits = it->is_boolean();
  else if constexpr (std::is_unsigned_v<T>)
    fits = it->is_number_unsigned();
  else if constexpr (std::is_integral_v<T>)
    fits = it->is_number_integer();
  else if constexpr (std::is_floating_point_v<T>)
    fits = it->is_number();
  else
    fits = it->is_string();
  if (!fits) return std::nullopt;
  return it->template get<T>();
}

/// A JSON object, or an empty one if the text is none.
inline nlohmann::json parse_object(std::string_view text) {
  auto json = nlohmann::json::parse(text, nullptr, false);
  return json.is_object() ? json : nlohmann::json::object();
}

/// The value, or null.
template <class T>
nlohmann::ordered_json or_null(const std::optional<T>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

/// JSON for people and pipes: bytes that are no UTF-8 are replaced, not refused.
inline std::string pretty(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

/// JSON on one line.
inline std::string compact(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace bulwark::cluster
