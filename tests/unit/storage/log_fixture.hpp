// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "bulwark/consensus/file_log_store.hpp"
#include "simulated_disk.hpp"

namespace bulwark::test {

inline const std::string log_directory = "/node/log";
inline constexpr consensus::group_id main_group{1};

/// A log on the simulated disk, with segments small enough to fill a few of them.
inline consensus::file_log_options log_options_on(simulated_disk& disk) {
  return {.directory = log_directory,
          .cluster = "test",
          .node = consensus::node_id{1},
          .segment_bytes = 8192,
          .background = false,
          .files = &disk};
}

inline consensus::group_record entry_record(std::uint64_t at, std::uint64_t round, std::string payload,
                                            consensus::group_id group = main_group) {
  return {group, consensus::accepted_entry{consensus::slot{at},
                                           {round, consensus::node_id{2}},
                                           {{{consensus::node_id{2}, 7, at, std::move(payload)}}}}};
}

inline consensus::group_record promise_of(std::uint64_t round, consensus::group_id group = main_group) {
  return {group, consensus::promise_record{{round, consensus::node_id{3}}}};
}

inline consensus::group_record chosen_to(std::uint64_t at, consensus::group_id group = main_group) {
  return {group, consensus::chosen_record{consensus::slot{at}}};
}

/// What a log should hold: the reference that stores are compared with.
struct log_model {
  struct group {
    consensus::ballot promised;
    consensus::slot chosen{};
    std::map<consensus::slot, consensus::accepted_entry> entries;

    friend bool operator==(const group&, const group&) = default;
  };
  std::map<consensus::group_id, group> groups;

  void apply(const std::vector<consensus::group_record>& batch) {
    for (const auto& one : batch) {
      auto& g = groups[one.group];
      if (const auto* p = std::get_if<consensus::promise_record>(&one.what))
        g.promised = std::max(g.promised, p->promised);
      if (const auto* c = std::get_if<consensus::chosen_record>(&one.what))
        g.chosen = std::max(g.chosen, c->chosen);
      if (const auto* e = std::get_if<consensus::accepted_entry>(&one.what)) g.entries[e->at] = *e;
    }
  }

  friend bool operator==(const log_model&, const log_model&) = default;
};

/// Everything that the store gives back of the groups, in the form of a model. Slots are asked for up to
/// `last`. Ballots of chosen entries are not given back by stores; they are compared as {}.
inline log_model read_back(consensus::log_store& store, const std::vector<consensus::group_id>& groups,
                           std::uint64_t last) {
  log_model out;
  for (const auto id : groups) {
    const auto state = store.recover(id);
    log_model::group g{state.promised, state.chosen, {}};
    for (std::uint64_t at = 1; at <= consensus::number(state.chosen) && at <= last; ++at)
      for (const auto& e : store.read(id, consensus::slot{at}, consensus::slot{at}, 1))
        g.entries[e.at] = {e.at, {}, e.what};
    for (const auto& e : state.entries) g.entries[e.at] = e;
    if (g != log_model::group{}) out.groups[id] = g;
  }
  return out;
}

/// The model with the ballots of chosen entries forgotten, to be compared with read_back().
inline log_model readable(log_model model) {
  for (auto& [id, g] : model.groups)
    for (auto& [at, e] : g.entries)
      if (at <= g.chosen) e.under = {};
  return model;
}

/// Batches as a replica writes them: promises, runs of entries, rewritten slots, watermarks, in several
/// groups.
inline std::vector<consensus::group_record> random_batch(std::mt19937_64& random, std::uint64_t last_slot,
                                                         unsigned groups, std::size_t payload_max) {
  std::vector<consensus::group_record> batch;
  const auto count = 1 + random() % 6;
  for (std::uint64_t i = 0; i < count; ++i) {
    const consensus::group_id group{static_cast<std::uint32_t>(1 + random() % groups)};
    switch (random() % 4) {
      case 0: batch.push_back(promise_of(random() % 1000, group)); break;
      case 1: batch.push_back(chosen_to(random() % (last_slot / 2), group)); break;
      default:
        batch.push_back(entry_record(1 + random() % last_slot, random() % 1000,
                                     std::string(random() % (payload_max + 1), static_cast<char>(random())),
                                     group));
    }
  }
  return batch;
}

}  // namespace bulwark::test
