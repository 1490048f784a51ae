// SPDX-License-Identifier: BSD-3-Clause
#include "fault_report.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

namespace bulwark::cluster_test {

namespace {

std::string seconds_text(duration span) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", std::chrono::duration<double>{span}.count());
  return text;
}

std::string seconds_text(const std::optional<duration>& span) { return span ? seconds_text(*span) : ""; }

std::string node_text(std::uint32_t node) { return "n" + std::to_string(node); }

void keep_first(std::map<std::uint32_t, instant>& first, std::uint32_t node, instant at) {
  const auto [known, is_new] = first.emplace(node, at);
  if (!is_new) known->second = std::min(known->second, at);
}

/// The latest of them, if there is one for each victim.
std::optional<duration> last_of(const std::map<std::uint32_t, instant>& first, const fault& since) {
  if (since.victims.empty() || first.size() < since.victims.size()) return std::nullopt;
  return std::ranges::max_element(first, {}, [](const auto& one) { return one.second; })->second - since.at;
}

/// A name that went from one owner to another.
struct handed_over {
  std::string name;
  island_history::reign before, after;
};

std::vector<handed_over> handed_over_since(const fault& what, const island_history& history,
                                           const std::vector<std::string>& names) {
  std::vector<handed_over> found;
  for (const auto& name : names) {
    const auto all = history.reigns(name);
    for (std::size_t i = 1; i < all.size(); ++i)
      if (all[i].first >= what.at) found.push_back({name, all[i - 1], all[i]});
  }
  return found;
}

/// When the first and the last of those who told it came to a view.
struct view_times {
  membership_change what;
  instant first{}, last{};
};

std::map<std::uint64_t, view_times> views_since(const fault& what, const island_history& history) {
  std::map<std::uint64_t, view_times> views;
  for (const auto& event : history.events())
    if (const auto* view = std::get_if<told::view>(&event.what)) {
      auto& known =
          views.try_emplace(view->what.view, view_times{view->what, event.at, event.at}).first->second;
      known.first = std::min(known.first, event.at);
      known.last = std::max(known.last, event.at);
    }
  std::erase_if(views, [&](const auto& one) { return one.second.first < what.at; });
  return views;
}

}  // namespace

fault_figures figures_of(const fault& what, const island_history& history,
                         const std::vector<std::string>& names) {
  std::map<std::uint32_t, instant> silent, down;
  std::map<std::pair<std::uint32_t, std::uint32_t>, instant> known;  // by teller and victim
  fault_figures figures;
  for (const auto& event : history.events()) {
    if (event.at < what.at || what.victims.contains(event.node)) continue;
    if (const auto* verdict = std::get_if<told::verdict>(&event.what))
      if (verdict->what.to != peer_state::up && what.victims.contains(verdict->what.peer))
        keep_first(silent, verdict->what.peer, event.at);
    const auto* view = std::get_if<told::view>(&event.what);
    if (!view || view->what.to != member_state::down || !what.victims.contains(view->what.life.node))
      continue;
    keep_first(down, view->what.life.node, event.at);
    known.emplace(std::pair{event.node, view->what.life.node}, event.at);
  }
  figures.suspected = last_of(silent, what);
  figures.agreed = last_of(down, what);
  if (figures.agreed)
    figures.all_know =
        std::ranges::max_element(known, {}, [](const auto& one) { return one.second; })->second - what.at;
  for (const auto& one : handed_over_since(what, history, names)) {
    if (!what.victims.contains(one.before.node) || one.before.first >= what.at ||
        one.after.node == one.before.node)
      continue;
    ++figures.names_moved;
    figures.moved = std::max(figures.moved.value_or(duration::zero()), one.after.first - what.at);
  }
  for (const auto& [number, view] : views_since(what, history))
    if (view.what.to == member_state::down) ++figures.lives_ended;
  return figures;
}

std::string timeline_of(const fault& what, const island_history& history,
                        const std::vector<std::string>& names, std::size_t lines_max) {
  std::multimap<instant, std::string> lines;
  const auto since = [&](instant at) { return (at < what.at ? "" : "+") + seconds_text(at - what.at); };
  lines.emplace(what.at, what.what);
  if (what.until > what.at) lines.emplace(what.until, "mended");
  for (const auto& event : history.events()) {
    if (event.at < what.at) continue;
    if (const auto* one = std::get_if<told::verdict>(&event.what))
      lines.emplace(event.at, node_text(event.node) +
                                  (one->what.to == peer_state::up ? " hears " : " misses ") +
                                  node_text(one->what.peer) +
                                  (one->what.to == peer_state::down ? ", connection lost" : "") +
                                  ", silent for " + seconds_text(one->what.silence) + " s");
    if (const auto* one = std::get_if<told::leader>(&event.what); one && one->node != 0)
      lines.emplace(event.at, node_text(event.node) + " follows " + node_text(one->node));
    if (std::holds_alternative<told::started>(event.what))
      lines.emplace(event.at, node_text(event.node) + " starts");
  }
  for (const auto& [number, view] : views_since(what, history))
    lines.emplace(view.first, to_string(view.what) + "; all know at " + since(view.last));
  for (const auto& one : handed_over_since(what, history, names))
    lines.emplace(one.after.first, one.name + " acts on " + node_text(one.after.node) + ", token " +
                                       std::to_string(one.after.token) + "; before: " +
                                       node_text(one.before.node) + " until " + since(one.before.last));
  std::string text;
  for (const auto& [at, line] : lines) {
    if (lines_max-- == 0) return text + "…\n";
    auto time = since(at);
    text += std::string(time.size() < 8 ? 8 - time.size() : 0, ' ') + std::move(time) + " s  " + line + "\n";
  }
  return text;
}

std::string row_of(const fault& what, const fault_figures& figures, duration whole) {
  return "| " + what.what + " | " + seconds_text(figures.suspected) + " | " + seconds_text(figures.agreed) +
         " | " + seconds_text(figures.all_know) + " | " + std::to_string(figures.names_moved) + " | " +
         seconds_text(figures.moved) + " | " + std::to_string(figures.lives_ended) + " | " +
         seconds_text(whole) + " |";
}

}  // namespace bulwark::cluster_test
