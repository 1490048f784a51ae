// SPDX-License-Identifier: BSD-3-Clause
#include "islands.hpp"

#include <algorithm>
#include <csignal>
#include <ctime>
#include <fstream>
#include <iostream>
#include <sstream>

namespace bulwark::cluster_test {

namespace {

using std::chrono::steady_clock;

/// Owners act every 10 ms; who was not seen to act for so long does not act.
constexpr auto lately = 300ms;
constexpr auto look_every = 20ms;
/// A machine that stands still for so long makes detectors err.
constexpr auto stall_max = 150ms;

}  // namespace

const std::vector<std::string>& islands::names() {
  static const std::vector<std::string> all{"ash", "birch", "cedar", "fir", "oak", "pine"};
  return all;
}

void islands::SetUp() {
  if (const auto obstacle = island_network::obstacle(); !obstacle.empty()) GTEST_SKIP() << obstacle;
  directory_.emplace("bulwark-islands");
  network_.emplace(nodes);
  for (unsigned node = 1; node <= nodes; ++node) start(node);
  fault_ = {"start", steady_clock::now(), {}, {}};
  const bool whole = await_whole(20s);
  if (!whole || steady_clock::now() - fault_.at > 5s)
    std::cout << "a slow start\n" << timeline_of(fault_, history_, names());
  ASSERT_TRUE(whole) << why_not_whole();
  ASSERT_TRUE(await(5s, [this] { return leader() != 0; }));
  ASSERT_NE(follower(), 0u) << "no follower owns a name";
}

void islands::TearDown() {
  if (!network_) return;
  take_all();
  const auto problems = history_.problems();
  for (const auto& one : problems) ADD_FAILURE() << one;
  if (!HasFailure() && !unjudged_.empty()) GTEST_SKIP() << unjudged_;
  if (!HasFailure()) return;
  for (unsigned node = 1; node <= nodes; ++node)
    std::cout << "-- log of n" << node << "\n" << load::file_content(file_of(node, "log"));
}

std::filesystem::path islands::file_of(unsigned node, const std::string& kind) const {
  return directory_->path() / ("n" + std::to_string(node) + "." + kind);
}

void islands::start(unsigned node) {
  std::vector<std::string> words{ISLAND_NODE, std::to_string(node), std::to_string(nodes),
                                 file_of(node, "data"), file_of(node, "events")};
  words.insert(words.end(), names().begin(), names().end());
  const island_network::visit there{*network_, node};
  processes_.insert_or_assign(node, load::process{words, file_of(node, "log")});
}

void islands::kill(unsigned node) {
  auto& process = processes_.at(node);
  process.signal(SIGKILL);
  ASSERT_TRUE(process.wait(steady_clock::now() + 10s)) << "n" << node << " does not end";
}

void islands::take_all() {
  for (unsigned node = 1; node <= nodes; ++node) take(node, tails_[node]);
}

void islands::take(unsigned node, tail& of) {
  std::ifstream file{file_of(node, "events"), std::ios::binary};
  file.seekg(of.read);
  std::ostringstream got;
  got << file.rdbuf();
  of.read += static_cast<std::streamoff>(got.str().size());
  of.rest += got.str();
  std::size_t from = 0;
  for (std::size_t end = 0; (end = of.rest.find('\n', from)) != std::string::npos; from = end + 1) {
    const auto line = of.rest.substr(from, end - from);
    const auto event = parse_island_event(line);
    if (event)
      history_.take(*event);
    else
      ADD_FAILURE() << "n" << node << " wrote what is no event: " << line;
  }
  of.rest.erase(0, from);
}

bool islands::await(duration patience, const std::function<bool()>& is_so) {
  const auto deadline = steady_clock::now() + patience;
  const timespec rest{0, std::chrono::nanoseconds{look_every}.count()};
  for (;;) {
    take_all();
    if (is_so()) return true;
    const auto before = steady_clock::now();
    if (before >= deadline) return false;
    ::nanosleep(&rest, nullptr);
    stall_ = std::max<duration>(stall_, steady_clock::now() - before - look_every);
  }
}

void islands::pass(duration span) {
  await(span, [] { return false; });
}

std::string islands::why_not_whole() const {
  // What was acted upon before the end of the fault was so by processes that may be gone.
  return history_.why_not_whole(nodes, names(), std::max(steady_clock::now() - lately, fault_.until));
}

bool islands::await_whole(duration patience) {
  return await(patience, [&] { return why_not_whole().empty(); });
}

void islands::begin(std::string what, std::set<std::uint32_t> victims) {
  fault_ = {std::move(what), steady_clock::now(), std::move(victims), {}};
  stall_ = {};
}

void islands::end() {
  fault_.until = steady_clock::now();
  const bool whole = await_whole(whole_within);
  const auto took = steady_clock::now() - fault_.until;
  std::cout << timeline_of(fault_, history_, names())
            << row_of(fault_, figures_of(fault_, history_, names()), took) << "\n";
  if (stall_ >= stall_max)
    std::cout << "the whole machine stood still for "
              << std::chrono::duration_cast<std::chrono::milliseconds>(stall_).count() << " ms\n";
  EXPECT_TRUE(whole) << why_not_whole();
}

bool islands::others_know_down(const std::set<std::uint32_t>& victims) const {
  for (std::uint32_t node = 1; node <= nodes; ++node)
    for (const auto victim : victims)
      if (!victims.contains(node) && history_.state_seen_by(node, victim) != member_state::down) return false;
  return true;
}

bool islands::names_act_outside(const std::set<std::uint32_t>& victims) const {
  const auto since = steady_clock::now() - lately;
  return std::ranges::all_of(names(), [&](const auto& name) {
    const auto reigns = history_.reigns(name);
    return std::ranges::count_if(reigns, [&](const auto& one) {
             return one.last >= since && !victims.contains(one.node);
           }) == 1;
  });
}

void islands::expect_not_ended(const std::set<std::uint32_t>& whom) {
  if (stall_ < stall_max) {
    EXPECT_FALSE(was_ended(whom));
    return;
  }
  unjudged_ = "whether a node was ended is not judged: the whole machine stood still for " +
              std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(stall_).count()) +
              " ms (" + (was_ended(whom) ? "one was" : "none was") + ")";
}

bool islands::was_ended(const std::set<std::uint32_t>& whom) const {
  return std::ranges::any_of(history_.events(), [&](const auto& event) {
    const auto* view = std::get_if<told::view>(&event.what);
    return event.at >= fault_.at && view && view->what.to == member_state::down &&
           whom.contains(view->what.life.node);
  });
}

std::uint32_t islands::leader() const {
  for (std::uint32_t node = 1; node <= nodes; ++node)
    if (history_.leader_seen_by(node) == node) return node;
  return 0;
}

std::uint32_t islands::follower(const std::set<std::uint32_t>& except) const {
  for (const auto& name : names()) {
    const auto owner = history_.reigns(name).back().node;
    if (owner != leader() && !except.contains(owner)) return owner;
  }
  return 0;
}

}  // namespace bulwark::cluster_test
