// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/membership_group.hpp"

#include <utility>

#include "bulwark/supervision/core/membership_codec.hpp"
#include "membership_bytes.hpp"

namespace bulwark {

namespace {

constexpr std::uint8_t group_version = 1;

/// In the log: never to be renumbered. Those below are of the membership.
constexpr std::uint8_t claim_number = 32;
constexpr std::uint8_t release_number = 33;
constexpr std::uint8_t settled_number = 34;
constexpr std::uint8_t place_number = 64;
constexpr std::uint8_t forget_number = 65;
constexpr std::uint8_t report_load_number = 66;
constexpr std::uint8_t decline_number = 67;
constexpr std::uint8_t offer_number = 68;

struct name_command_writer {
  std::string& out;

  void operator()(const names::claim& what) const {
    byte_writer{out}.put(group_version).put(claim_number).put(what.name).put(what.owner).put(what.start);
  }
  void operator()(const names::release& what) const {
    byte_writer{out}.put(group_version).put(release_number).put(what.name).put(what.token);
  }
  void operator()(const names::settled& what) const {
    byte_writer{out}.put(group_version).put(settled_number).put(what.name).put(what.token);
  }
};

struct placing_command_writer {
  std::string& out;

  void operator()(const placing::place& what) const {
    byte_writer{out}.put(group_version).put(place_number).put(what.child).put(what.role).put(what.node);
  }
  void operator()(const placing::forget& what) const {
    byte_writer{out}.put(group_version).put(forget_number).put(what.child);
  }
  void operator()(const placing::report_load& what) const {
    byte_writer{out}.put(group_version).put(report_load_number).put(what.life).put(what.permille);
  }
  void operator()(const placing::decline& what) const {
    byte_writer{out}.put(group_version).put(decline_number).put(what.child).put(what.life);
  }
  void operator()(const placing::offer& what) const {
    byte_writer{out}.put(group_version).put(offer_number).put(what.child).put(what.life);
  }
};

std::optional<names::command> take_name_command(std::uint8_t kind, byte_reader& in) {
  auto name = in.take_text();
  switch (kind) {
    case claim_number: {
      const auto owner = in.take_life();
      return names::claim{std::move(name), owner, in.take<std::uint64_t>()};
    }
    case release_number: return names::release{std::move(name), in.take<std::uint64_t>()};
    case settled_number: return names::settled{std::move(name), in.take<std::uint64_t>()};
    default: return std::nullopt;
  }
}

std::optional<placing::command> take_placing_command(std::uint8_t kind, byte_reader& in) {
  switch (kind) {
    case place_number: {
      auto child = in.take_text();
      auto role = in.take_text();
      return placing::place{std::move(child), std::move(role), in.take<std::uint32_t>()};
    }
    case forget_number: return placing::forget{in.take_text()};
    case report_load_number: {
      const auto life = in.take_life();
      return placing::report_load{life, in.take<std::uint32_t>()};
    }
    case decline_number: {
      auto child = in.take_text();
      return placing::decline{std::move(child), in.take_life()};
    }
    case offer_number: {
      auto child = in.take_text();
      return placing::offer{std::move(child), in.take_life()};
    }
    default: return std::nullopt;
  }
}

struct result_writer {
  std::string& out;

  void operator()(const membership_result& what) const {
    byte_writer{out}
        .put(group_version)
        .put(std::uint8_t{0})
        .put(static_cast<std::uint8_t>(what.error))
        .put(what.view)
        .put(what.incarnation);
  }
  void operator()(const registry_result& what) const {
    byte_writer{out}
        .put(group_version)
        .put(std::uint8_t{1})
        .put(static_cast<std::uint8_t>(what.error))
        .put(what.entry.owner)
        .put(what.entry.start)
        .put(what.entry.token)
        .put(static_cast<std::uint8_t>(what.entry.must_wait));
  }
  void operator()(placement_error error) const {
    byte_writer{out}.put(group_version).put(std::uint8_t{2}).put(static_cast<std::uint8_t>(error));
  }
};

}  // namespace

std::string encode(const names::command& what) {
  std::string out;
  std::visit(name_command_writer{out}, what);
  return out;
}

std::string encode(const placing::command& what) {
  std::string out;
  std::visit(placing_command_writer{out}, what);
  return out;
}

std::string encode(const group_command& what) {
  return std::visit([](const auto& one) { return encode(one); }, what);
}

std::optional<group_command> decode_group_command(std::string_view bytes) {
  byte_reader in{bytes};
  if (in.take<std::uint8_t>() != group_version) return std::nullopt;
  const auto kind = in.take<std::uint8_t>();
  if (kind < claim_number) {
    if (auto what = decode_membership_command(bytes)) return *std::move(what);
    return std::nullopt;
  }
  if (kind < place_number) {
    auto what = take_name_command(kind, in);
    if (!what || !in.complete()) return std::nullopt;
    return *std::move(what);
  }
  auto what = take_placing_command(kind, in);
  if (!what || !in.complete()) return std::nullopt;
  return *std::move(what);
}

std::string encode(const group_result& what) {
  std::string out;
  std::visit(result_writer{out}, what);
  return out;
}

std::optional<group_result> decode_group_result(std::string_view bytes) {
  byte_reader in{bytes};
  if (in.take<std::uint8_t>() != group_version) return std::nullopt;
  std::optional<group_result> what;
  switch (in.take<std::uint8_t>()) {
    case 0: {
      membership_result result;
      result.error = in.take_enum(membership_error::full);
      result.view = in.take<std::uint64_t>();
      result.incarnation = in.take<std::uint64_t>();
      what = result;
      break;
    }
    case 1: {
      registry_result result;
      result.error = in.take_enum(registry_error::full);
      result.entry.owner = in.take_life();
      result.entry.start = in.take<std::uint64_t>();
      result.entry.token = in.take<std::uint64_t>();
      result.entry.must_wait = in.take_flag();
      what = result;
      break;
    }
    case 2: what = in.take_enum(placement_error::full); break;
    default: break;
  }
  return in.complete() ? what : std::nullopt;
}

group_result membership_group::apply(const group_command& what, group_changes& changes) {
  if (const auto* name = std::get_if<names::command>(&what))
    return names_.apply(*name, nodes_, changes.names);
  if (const auto* child = std::get_if<placing::command>(&what))
    return children_.apply(*child, nodes_, changes.children);
  const auto first = changes.members.size();
  const auto result = nodes_.apply(std::get<members::command>(what), changes.members);
  for (auto i = first; i < changes.members.size(); ++i) names_.on(changes.members[i], changes.names);
  if (changes.members.size() > first) children_.follow(nodes_, changes.children);
  return result;
}

std::string membership_group::apply(std::string_view bytes, group_changes& changes) {
  const auto what = decode_group_command(bytes);
  if (!what) return encode(group_result{membership_result{membership_error::malformed, nodes_.view(), 0}});
  return encode(apply(*what, changes));
}

std::string membership_group::save() const {
  std::string saved;
  byte_writer{saved}.put(group_version).put(nodes_.save()).put(names_.save()).put(children_.save());
  return saved;
}

bool membership_group::restore(std::string_view saved) {
  byte_reader in{saved};
  if (in.take<std::uint8_t>() != group_version) return false;
  const auto nodes = in.take_text();
  const auto names = in.take_text();
  const auto children = in.take_text();
  membership_group other;
  if (!in.complete() || !other.nodes_.restore(nodes) || !other.names_.restore(names) ||
      !other.children_.restore(children))
    return false;
  *this = std::move(other);
  return true;
}

}  // namespace bulwark
