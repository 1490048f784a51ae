// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/recovery.hpp"

#include <boost/crc.hpp>
#include <exception>
#include <stdexcept>
#include <utility>

namespace bulwark {

namespace {

constexpr std::string_view point_magic{"bwrp"};
constexpr std::uint8_t point_version = 1;
constexpr std::size_t point_header = 4 + 1 + 4 + 8;  ///< before the checksum

template <class Integer>
void put(std::string& out, Integer value) {
  for (std::size_t byte = 0; byte < sizeof(Integer); ++byte)
    out.push_back(static_cast<char>(value >> (8 * byte) & 0xff));
}

template <class Integer>
Integer get(std::string_view bytes, std::size_t at) {
  Integer value = 0;
  for (std::size_t byte = sizeof(Integer); byte > 0; --byte)
    value = static_cast<Integer>(value << 8 | static_cast<unsigned char>(bytes[at + byte - 1]));
  return value;
}

std::uint32_t checksum(std::string_view header, std::string_view state) {
  boost::crc_optimal<32, 0x1edc6f41, 0xffffffff, 0xffffffff, true, true> crc;
  crc.process_bytes(header.data(), header.size());
  crc.process_bytes(state.data(), state.size());
  return crc.checksum();
}

recovery_options checked(recovery_options options) {
  if (const auto problem = options.rules.validate(); !problem.empty()) throw std::invalid_argument{problem};
  if (!options.store) throw std::invalid_argument{"the recovery store is null; expected one"};
  return options;
}

}  // namespace

std::string encode_recovery_point(std::string_view state, std::uint32_t state_version) {
  std::string point{point_magic};
  put(point, point_version);
  put(point, state_version);
  put(point, static_cast<std::uint64_t>(state.size()));
  put(point, checksum(point, state));
  return point.append(state);
}

std::string decode_recovery_point(std::string_view point, std::uint32_t state_version, std::string& state) {
  if (point.size() < point_header + 4 || !point.starts_with(point_magic))
    return "it is no recovery point, or cut short";
  if (const auto version = get<std::uint8_t>(point, 4); version != point_version)
    return "its format has version " + std::to_string(version) + "; expected " +
           std::to_string(point_version);
  const auto body = point.substr(point_header + 4);
  if (get<std::uint64_t>(point, 9) != body.size()) return "it is cut short";
  if (get<std::uint32_t>(point, point_header) != checksum(point.substr(0, point_header), body))
    return "its checksum is wrong";
  if (const auto version = get<std::uint32_t>(point, 5); version != state_version)
    return "its state has version " + std::to_string(version) + "; expected " + std::to_string(state_version);
  state = body;
  return {};
}

recovery::recovery(recovery_options options)
    : options_{checked(std::move(options))}, points_{options_.rules, options_.store->numbers()} {}

void recovery::report_to(const event_sink& sink, const std::string& path) {
  const std::lock_guard guard{mutex_};
  if (options_.sink) return;
  options_.sink = sink;
  options_.path = path;
}

void recovery::tell(event_kind kind, std::uint64_t point, const std::string& text, instant now) const {
  if (!options_.sink) return;
  supervision_event event{kind, options_.path, {exit_kind::normal, text}};
  event.generation = point;
  event.at = now;
  options_.sink(event);
}

void recovery::set_aside(std::uint64_t point, const std::string& reason, instant now) {
  auto text = reason;
  try {
    options_.store->set_aside(point);
  } catch (const std::exception& problem) {
    text += "; it could not be set aside: " + std::string{problem.what()};
  }
  tell(event_kind::point_given_up, point, text, now);
}

/// Learns what became of the points that were on their way.
void recovery::look_at_store(instant now) {
  std::uint64_t point = 0;
  try {
    const auto lost = options_.store->lost();
    point = lost.number;
    points_.exist(options_.store->numbers());
    if (lost.why) std::rethrow_exception(lost.why);
  } catch (const std::exception& problem) {
    tell(event_kind::point_lost, point, problem.what(), now);
  }
}

recovery::beginning recovery::begin(instant now) {
  const std::lock_guard guard{mutex_};
  look_at_store(now);
  const auto next = points_.begin(now);
  if (next.given_up) set_aside(*next.given_up, "its service hung right after it was restored", now);
  return read_from(next, now);
}

recovery::beginning recovery::refuse(const beginning& what, const std::string& reason, instant now) {
  const std::lock_guard guard{mutex_};
  set_aside(what.point, reason, now);
  return read_from(points_.refuse(what.incarnation, now), now);
}

recovery::beginning recovery::read_from(recovery_points::beginning next, instant now) {
  while (next.point) {
    std::string problem;
    std::string state;
    try {
      const auto bytes = options_.store->read(*next.point);
      problem =
          bytes ? decode_recovery_point(*bytes, options_.state_version, state) : "it is not there any more";
    } catch (const std::exception& trouble) {
      problem = trouble.what();
    }
    if (problem.empty()) return {next.incarnation, *next.point, std::move(state)};
    set_aside(*next.point, problem, now);
    next = points_.refuse(next.incarnation, now);
  }
  return {next.incarnation};
}

void recovery::restored(const beginning& what, instant now) {
  const std::lock_guard guard{mutex_};
  if (what.state) tell(event_kind::restored, what.point, "the state of its last recovery point", now);
}

bool recovery::handled(std::uint64_t incarnation, instant now) {
  const std::lock_guard guard{mutex_};
  return points_.handled(incarnation, now);
}

std::optional<instant> recovery::due() const {
  const std::lock_guard guard{mutex_};
  return points_.due();
}

std::uint64_t recovery::unsaved() const {
  const std::lock_guard guard{mutex_};
  return points_.unsaved();
}

std::vector<std::uint64_t> recovery::points() const {
  const std::lock_guard guard{mutex_};
  return {points_.points().begin(), points_.points().end()};
}

void recovery::save(std::uint64_t incarnation, std::string state, instant now) {
  const std::lock_guard guard{mutex_};
  look_at_store(now);
  const auto next = points_.save(incarnation);
  if (!next) return;
  try {
    options_.store->write(next->point, encode_recovery_point(state, options_.state_version), next->drop);
  } catch (const std::exception& problem) {
    tell(event_kind::point_lost, next->point, problem.what(), now);
  }
}

void recovery::not_saved(const std::string& why, instant now) {
  const std::lock_guard guard{mutex_};
  tell(event_kind::point_lost, 0, why, now);
}

void recovery::ended(std::uint64_t incarnation, instant now, bool failed) {
  const std::lock_guard guard{mutex_};
  if (const auto point = points_.ended(incarnation, now, failed))
    set_aside(*point, "its service crashed right after it was restored", now);
}

bool recovery::flush(instant now) {
  const auto store = [this] {
    const std::lock_guard guard{mutex_};
    return options_.store;
  }();
  try {
    store->flush();
    return true;
  } catch (const std::exception& problem) {
    const std::lock_guard guard{mutex_};
    tell(event_kind::point_lost, 0, problem.what(), now);
    return false;
  }
}

}  // namespace bulwark
