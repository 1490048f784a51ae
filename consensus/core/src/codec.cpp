// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/core/codec.hpp"

#include <concepts>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <variant>

#include "bulwark/consensus/core/wire.hpp"

namespace bulwark::consensus {
namespace {

// The fields of each message, in their order on the wire; one list serves both directions.

template <class Message>
struct frame_kind;

template <std::uint8_t Number>
using kind = std::integral_constant<std::uint8_t, Number>;

/// A `Message`, or a const one.
template <class T, class Message>
concept either = std::same_as<std::remove_const_t<T>, Message>;

// clang-format off
template <> struct frame_kind<beat> : kind<1> {};
template <> struct frame_kind<beat_ack> : kind<2> {};
template <> struct frame_kind<prepare> : kind<3> {};
template <> struct frame_kind<promise> : kind<4> {};
template <> struct frame_kind<accept> : kind<5> {};
template <> struct frame_kind<accepted> : kind<6> {};
template <> struct frame_kind<refused> : kind<7> {};
template <> struct frame_kind<chosen_up_to> : kind<8> {};
template <> struct frame_kind<learn> : kind<9> {};
template <> struct frame_kind<learned> : kind<10> {};
template <> struct frame_kind<confirm> : kind<11> {};
template <> struct frame_kind<confirmed> : kind<12> {};
template <> struct frame_kind<forward> : kind<13> {};
template <> struct frame_kind<forward_reply> : kind<14> {};
template <> struct frame_kind<snapshot_ask> : kind<15> {};
template <> struct frame_kind<snapshot_chunk> : kind<16> {};
template <> struct frame_kind<take_over> : kind<17> {};
template <> struct frame_kind<vouch> : kind<18> {};
template <> struct frame_kind<vouched> : kind<19> {};
template <> struct frame_kind<rest> : kind<24> {};
template <> struct frame_kind<resting> : kind<25> {};

template <class F, either<ballot> T> bool fields(F&& f, T& x) { return f(x.round, x.node); }
template <class F, either<command> T> bool fields(F&& f, T& x) { return f(x.origin, x.incarnation, x.request, x.payload); }
template <class F, either<value> T> bool fields(F&& f, T& x) { return f(x.commands); }
template <class F, either<accepted_entry> T> bool fields(F&& f, T& x) { return f(x.at, x.under, x.what); }
template <class F, either<chosen_entry> T> bool fields(F&& f, T& x) { return f(x.at, x.what); }
template <class F, either<beat> T> bool fields(F&& f, T& x) { return f(x.round); }
template <class F, either<beat_ack> T> bool fields(F&& f, T& x) { return f(x.round, x.candidate, x.leader, x.content, x.chosen) && f.at_end(x.priority); }
template <class F, either<prepare> T> bool fields(F&& f, T& x) { return f(x.under, x.chosen); }
template <class F, either<promise> T> bool fields(F&& f, T& x) { return f(x.under, x.chosen, x.part, x.parts, x.accepted); }
template <class F, either<accept> T> bool fields(F&& f, T& x) { return f(x.under, x.first, x.values, x.chosen) && f.at_end(x.governed_by); }
template <class F, either<accepted> T> bool fields(F&& f, T& x) { return f(x.under, x.first, x.last); }
template <class F, either<refused> T> bool fields(F&& f, T& x) { return f(x.under, x.promised); }
template <class F, either<chosen_up_to> T> bool fields(F&& f, T& x) { return f(x.under, x.chosen); }
template <class F, either<learn> T> bool fields(F&& f, T& x) { return f(x.first); }
template <class F, either<learned> T> bool fields(F&& f, T& x) { return f(x.entries, x.chosen); }
template <class F, either<confirm> T> bool fields(F&& f, T& x) { return f(x.under, x.round) && f.at_end(x.lease_ms); }
template <class F, either<confirmed> T> bool fields(F&& f, T& x) { return f(x.under, x.round) && f.at_end(x.lease_ms); }
template <class F, either<forward> T> bool fields(F&& f, T& x) { return f(x.under, x.kind, x.what); }
template <class F, either<forward_reply> T> bool fields(F&& f, T& x) { return f(x.under, x.incarnation, x.request, x.result, x.reply); }
template <class F, either<snapshot_id> T> bool fields(F&& f, T& x) { return f(x.at, x.total, x.hash); }
template <class F, either<snapshot_part> T> bool fields(F&& f, T& x) { return f(x.of, x.offset, x.data); }
template <class F, either<snapshot_ask> T> bool fields(F&& f, T& x) { return f(x.at, x.offset); }
template <class F, either<snapshot_chunk> T> bool fields(F&& f, T& x) { return f(x.part, x.chosen); }
template <class F, either<take_over> T> bool fields(F&& f, T& x) { return f(x.under, x.chosen); }
template <class F, either<vouch> T> bool fields(F&& f, T& x) { return f(x.incarnation, x.asked_ns); }
template <class F, either<vouched> T> bool fields(F&& f, T& x) { return f(x.under, x.chosen, x.incarnation, x.asked_ns); }
template <class F, either<rest> T> bool fields(F&& f, T& x) { return f(x.under, x.chosen, x.attempt); }
template <class F, either<resting> T> bool fields(F&& f, T& x) { return f(x.under, x.attempt); }
// clang-format on

// -- writing --------------------------------------------------------------------------------------

class field_writer {
 public:
  explicit field_writer(std::string& out) : out_{out} {}

  template <class... Fields>
  bool operator()(const Fields&... all) {
    (write(all), ...);
    return true;
  }

  /// A last field that frames of before it was thought of lack; 0 is left out.
  template <class Field>
  bool at_end(Field x) {
    if (x != Field{}) write(x);
    return true;
  }

 private:
  template <class Field>
  void write(const Field& x) {
    if constexpr (std::is_same_v<Field, bool>) {
      out_.put(static_cast<std::uint8_t>(x));
    } else if constexpr (std::is_enum_v<Field>) {
      out_.put(static_cast<std::underlying_type_t<Field>>(x));
    } else if constexpr (std::is_integral_v<Field>) {
      out_.put(x);
    } else if constexpr (std::is_same_v<Field, bytes>) {
      out_.put_bytes(x);
    } else {
      fields(*this, x);
    }
  }

  template <class Element>
  void write(const std::vector<Element>& all) {
    write_list(all);
  }
  void write(const command_list& all) { write_list(all); }

  template <class List>
  void write_list(const List& all) {
    out_.put(static_cast<std::uint32_t>(all.size()));
    for (const auto& one : all) write(one);
  }

  wire_writer out_;
};

// -- reading --------------------------------------------------------------------------------------

/// The fewest bytes that an element takes: bounds what a forged count can make us allocate.
template <class Element>
constexpr std::size_t bytes_min() {
  if constexpr (std::is_same_v<Element, command>) return 24;
  if constexpr (std::is_same_v<Element, value>) return 4;
  if constexpr (std::is_same_v<Element, accepted_entry>) return 24;
  if constexpr (std::is_same_v<Element, chosen_entry>) return 12;
}

class field_reader {
 public:
  explicit field_reader(wire_reader& in) : in_{in} {}

  template <class... Fields>
  bool operator()(Fields&... all) {
    return (read(all) && ...);
  }

  template <class Field>
  bool at_end(Field& x) {
    x = {};
    if (in_.left() == 0) return true;
    return read(x) && (x != Field{} || in_.fail());
  }

 private:
  template <class Field>
  bool read(Field& x) {
    if constexpr (std::is_same_v<Field, bool>) {
      std::uint8_t byte = 0;
      if (!in_.get(byte) || byte > 1) return in_.fail();
      x = byte == 1;
      return true;
    } else if constexpr (std::is_enum_v<Field>) {
      std::underlying_type_t<Field> number = 0;
      if (!in_.get(number)) return false;
      x = Field{number};
      return is_known(x) || in_.fail();
    } else if constexpr (std::is_integral_v<Field>) {
      return in_.get(x);
    } else if constexpr (std::is_same_v<Field, bytes>) {
      std::string_view view;
      if (!in_.get_bytes(view)) return false;
      x = view;
      return true;
    } else {
      return fields(*this, x);
    }
  }

  template <class Element>
  bool read(std::vector<Element>& all) {
    std::uint32_t count = 0;
    if (!in_.get(count)) return false;
    if (count > in_.left() / bytes_min<Element>()) return in_.fail();
    all.resize(count);
    for (auto& one : all)
      if (!read(one)) return false;
    return true;
  }

  bool read(command_list& all) {
    std::vector<command> commands;
    if (!read(commands)) return false;
    all = std::move(commands);
    return true;
  }

  static bool is_known(request_kind x) { return x == request_kind::write || x == request_kind::read; }
  static bool is_known(outcome x) { return x >= outcome::done && x <= outcome::overloaded; }
  template <class Field>
  static bool is_known(Field) {
    return true;
  }

  wire_reader& in_;
};

template <class Message>
bool read_body(wire_reader& in, message& out) {
  return fields(field_reader{in}, out.emplace<Message>());
}

/// Reads the body of a message of the given kind. `known` tells a strange kind from a broken body.
template <std::size_t Index = 0>
bool read_message(std::uint8_t kind_number, wire_reader& in, message& out, bool& known) {
  if constexpr (Index == std::variant_size_v<message>) {
    known = false;
    return false;
  } else {
    using candidate = std::variant_alternative_t<Index, message>;
    if (frame_kind<candidate>::value == kind_number) return read_body<candidate>(in, out);
    return read_message<Index + 1>(kind_number, in, out, known);
  }
}

std::string decode_frame(std::string_view frame, std::vector<std::pair<group_id, envelope>>& out) {
  wire_reader in{frame};
  std::uint8_t version = 0, kind_number = 0;
  std::uint32_t group = 0, from = 0, to = 0;
  if (!in.get(version)) return "an empty frame";
  if (version != frame_version)
    return "version " + std::to_string(version) + ", expected " + std::to_string(frame_version);
  if (!in.get(kind_number) || !in.get(group) || !in.get(from) || !in.get(to)) return "a cut frame header";
  auto& [frame_group, what] = out.emplace_back();
  frame_group = group_id{group};
  what.from = node_id{from};
  what.to = node_id{to};
  bool known = true;
  if (!read_message(kind_number, in, what.what, known))
    return (known ? "a broken message of kind " : "an unknown kind, ") + std::to_string(kind_number);
  if (!in.complete())
    return std::to_string(in.left()) + " bytes too many in a message of kind " + std::to_string(kind_number);
  return {};
}

void patch_size(std::string& out, std::size_t at) {
  const auto size = out.size() - at - sizeof(std::uint32_t);
  for (std::size_t i = 0; i < sizeof(std::uint32_t); ++i)
    out[at + i] = static_cast<char>(size >> (8 * i) & 0xff);
}

}  // namespace

void encode(group_id group, const envelope& what, std::string& out) {
  const auto begin = out.size();
  wire_writer header{out};
  header.put(std::uint32_t{0});  // the size, known at the end
  header.put(frame_version);
  std::visit(
      [&]<class Message>(const Message& body) {
        header.put(frame_kind<Message>::value);
        header.put(number(group));
        header.put(number(what.from));
        header.put(number(what.to));
        fields(field_writer{out}, body);
      },
      what.what);
  patch_size(out, begin);
}

std::string decode_packet(std::string_view packet, std::vector<std::pair<group_id, envelope>>& out) {
  const auto before = out.size();
  wire_reader in{packet};
  while (in.left() > 0) {
    const auto at = packet.size() - in.left();
    std::string_view frame;
    auto error = in.get_bytes(frame) ? decode_frame(frame, out) : std::string{"a cut frame"};
    if (error.empty()) continue;
    out.erase(out.begin() + static_cast<std::ptrdiff_t>(before), out.end());
    return error + " (at byte " + std::to_string(at) + " of the packet)";
  }
  return {};
}

}  // namespace bulwark::consensus
