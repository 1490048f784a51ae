// SPDX-License-Identifier: BSD-3-Clause
#include "up_reporter.hpp"

#include <utility>

#include "bulwark/cluster/table.hpp"
#include "json_fields.hpp"

namespace bulwark::cluster {

using kind = launcher_event::kind;

const char* to_string(kind what) noexcept {
  switch (what) {
    case kind::node_started: return "node_started";
    case kind::node_ready: return "node_ready";
    case kind::node_ended: return "node_ended";
    case kind::node_parked: return "node_parked";
    case kind::node_stopped: return "node_stopped";
    case kind::leader_changed: return "leader_changed";
    case kind::cluster_ready: return "cluster_ready";
    case kind::stopping: return "stopping";
    case kind::trouble: return "trouble";
  }
  return "?";
}

up_reporter::up_reporter(options how) : how_(std::move(how)) {}

std::string up_reporter::line_for(const launcher_event& event) {
  if (!how_.json) return text_for(event);
  nlohmann::ordered_json json;
  json["event"] = to_string(event.what);
  json["id"] = event.id.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(event.id);
  json["pid"] = event.pid > 0 ? nlohmann::ordered_json(event.pid) : nlohmann::ordered_json(nullptr);
  json["text"] = event.text;
  json["seconds"] = event.seconds;
  return compact(json) + "\n";
}

std::string up_reporter::text_for(const launcher_event& event) {
  const auto mark = [&](const char* sign, tint how) { return tinted(sign, how, how_.colour) + " "; };
  const auto after = [&] {
    return event.seconds > 0 ? "in " + spoken_time(event.seconds) : std::string("now");
  };
  switch (event.what) {
    case kind::node_started: return {};
    case kind::node_ready:
      return mark("✔", tint::good) + event.id + "  pid " + std::to_string(event.pid) + "  " + event.text +
             "  ready " + spoken_time(event.seconds) + "\n";
    case kind::node_ended:
      return mark("✘", tint::bad) + event.id + " ended: " + event.text + "; starts again " + after() + "\n";
    case kind::node_parked:
      return mark("✘", tint::bad) + event.id + " fails too often (" + event.text + "); next try " + after() +
             "\n";
    case kind::node_stopped: return mark("■", tint::dim) + event.id + " stopped (" + event.text + ")\n";
    case kind::leader_changed:
      leader_ = event.id;
      ballot_ = event.text;
      if (!ready_) return {};
      if (leader_.empty()) return mark("!", tint::warn) + "no leader\n";
      return mark("★", tint::good) + leader_ + " leads (ballot " + ballot_ + ")\n";
    case kind::cluster_ready: ready_ = true; return summary(event);
    case kind::stopping: return "stopping all nodes: " + event.text + "\n";
    case kind::trouble: return mark("!", tint::warn) + event.text + "\n";
  }
  return {};
}

std::string up_reporter::summary(const launcher_event& event) const {
  const auto count = std::to_string(how_.nodes);
  const auto where = how_.directory.empty() ? std::string() : " --dir " + how_.directory;
  const auto port = how_.first_resp.substr(how_.first_resp.rfind(':') + 1);
  std::string text = "  " + count + "/" + count + " ready in " + spoken_time(event.seconds) + ", leader " +
                     leader_ + " (ballot " + ballot_ + ")\n";
  text += "  redis-cli -p " + port + "     state: bulwark ps" + where + "     logs: bulwark logs -f" + where +
          "\n";
  text += how_.detached ? "  stop: bulwark down" + where + "\n" : "  Ctrl-C stops all\n";
  return text;
}

}  // namespace bulwark::cluster
