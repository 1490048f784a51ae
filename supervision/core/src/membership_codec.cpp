// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/membership_codec.hpp"

#include "membership_bytes.hpp"

namespace bulwark {

namespace {

constexpr std::uint8_t membership_command_version = 1;

/// On the wire, and in the log: never to be renumbered.
enum class command_number : std::uint8_t {
  join = 1,
  ready = 2,
  accuse = 3,
  withdraw = 4,
  refute = 5,
  drain = 6,
  leave = 7,
  remove = 8,
  set_rules = 9,
};

struct command_writer {
  std::string& out;

  byte_writer begin(command_number kind) const {
    byte_writer writer{out};
    writer.put(membership_command_version).put(static_cast<std::uint8_t>(kind));
    return writer;
  }

  void operator()(const members::join& what) const {
    auto writer = begin(command_number::join);
    writer.put(what.life).put(what.address).put(static_cast<std::uint32_t>(what.roles.size()));
    for (const auto& role : what.roles) writer.put(role);
  }
  void operator()(const members::ready& what) const { begin(command_number::ready).put(what.life); }
  void operator()(const members::accuse& what) const {
    begin(command_number::accuse).put(what.observer).put(what.subject).put(what.round);
  }
  void operator()(const members::withdraw& what) const {
    begin(command_number::withdraw).put(what.observer).put(what.subject);
  }
  void operator()(const members::refute& what) const {
    begin(command_number::refute).put(what.life).put(what.round);
  }
  void operator()(const members::drain& what) const { begin(command_number::drain).put(what.life); }
  void operator()(const members::leave& what) const { begin(command_number::leave).put(what.life); }
  void operator()(const members::remove& what) const { begin(command_number::remove).put(what.node); }
  void operator()(const members::set_rules& what) const {
    const auto& rules = what.rules;
    begin(command_number::set_rules)
        .put(rules.observers)
        .put(rules.threshold)
        .put(rules.refutations_max)
        .put(rules.members_max);
  }
};

members::join take_join(byte_reader& in) {
  members::join what{in.take_life(), in.take_text(), {}};
  for (auto count = in.take_count(sizeof(std::uint32_t)); count > 0; --count)
    what.roles.push_back(in.take_text());
  return what;
}

members::accuse take_accuse(byte_reader& in) {
  const auto observer = in.take_life();
  const auto subject = in.take_life();
  return {observer, subject, in.take<std::uint32_t>()};
}

members::withdraw take_withdraw(byte_reader& in) {
  const auto observer = in.take_life();
  return {observer, in.take_life()};
}

members::refute take_refute(byte_reader& in) {
  const auto life = in.take_life();
  return {life, in.take<std::uint32_t>()};
}

members::set_rules take_rules(byte_reader& in) {
  membership_rules rules;
  rules.observers = in.take<std::uint32_t>();
  rules.threshold = in.take<std::uint32_t>();
  rules.refutations_max = in.take<std::uint32_t>();
  rules.members_max = in.take<std::uint32_t>();
  return {rules};
}

}  // namespace

std::string encode(const members::command& what) {
  std::string out;
  std::visit(command_writer{out}, what);
  return out;
}

std::optional<members::command> decode_membership_command(std::string_view bytes) {
  byte_reader in{bytes};
  if (in.take<std::uint8_t>() != membership_command_version) return std::nullopt;
  std::optional<members::command> what;
  switch (command_number{in.take<std::uint8_t>()}) {
    case command_number::join: what = take_join(in); break;
    case command_number::ready: what = members::ready{in.take_life()}; break;
    case command_number::accuse: what = take_accuse(in); break;
    case command_number::withdraw: what = take_withdraw(in); break;
    case command_number::refute: what = take_refute(in); break;
    case command_number::drain: what = members::drain{in.take_life()}; break;
    case command_number::leave: what = members::leave{in.take_life()}; break;
    case command_number::remove: what = members::remove{in.take<std::uint32_t>()}; break;
    case command_number::set_rules: what = take_rules(in); break;
    default: break;
  }
  return in.complete() ? what : std::nullopt;
}

}  // namespace bulwark
