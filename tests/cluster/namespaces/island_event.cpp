// SPDX-License-Identifier: BSD-3-Clause
#include "island_event.hpp"

#include <sstream>

namespace bulwark::cluster_test {

namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

template <class Enum>
int code(Enum value) {
  return static_cast<int>(value);
}

void write(std::ostream& out, const told::started&) { out << "started"; }
void write(std::ostream& out, const told::leader& one) { out << "leader " << one.node; }
void write(std::ostream& out, const told::verdict& one) {
  out << "verdict " << one.what.peer << ' ' << code(one.what.from) << ' ' << code(one.what.to) << ' '
      << duration_cast<microseconds>(one.what.silence).count();
}
void write(std::ostream& out, const told::view& one) {
  const auto& what = one.what;
  out << "view " << what.view << ' ' << what.life.node << ' ' << what.life.incarnation << ' '
      << code(what.from) << ' ' << code(what.to) << ' ' << code(what.cause) << ' ' << what.accusers.size();
  for (const auto accuser : what.accusers) out << ' ' << accuser;
}
void write(std::ostream& out, const told::owner& one) {
  out << "owner " << code(one.step) << ' ' << one.token << ' ' << one.name;
}

/// Fails the stream if there is no such value.
template <class Enum>
void read(std::istream& in, Enum& value, Enum last) {
  int number = -1;
  in >> number;
  if (number < 0 || number > code(last)) in.setstate(std::ios::failbit);
  value = static_cast<Enum>(number);
}

told::leader read_leader(std::istream& in) {
  told::leader one;
  in >> one.node;
  return one;
}

told::verdict read_verdict(std::istream& in) {
  told::verdict one;
  std::int64_t silence = 0;
  in >> one.what.peer;
  read(in, one.what.from, peer_state::suspect);
  read(in, one.what.to, peer_state::suspect);
  in >> silence;
  one.what.silence = microseconds{silence};
  return one;
}

told::view read_view(std::istream& in) {
  told::view one;
  auto& what = one.what;
  in >> what.view >> what.life.node >> what.life.incarnation;
  read(in, what.from, member_state::removed);
  read(in, what.to, member_state::removed);
  read(in, what.cause, down_cause::replaced);
  std::size_t accusers = 0;
  in >> accusers;
  for (std::uint32_t node = 0; accusers > 0 && in >> node; --accusers) what.accusers.push_back(node);
  return one;
}

told::owner read_owner(std::istream& in) {
  told::owner one;
  read(in, one.step, told::owner_step::ends);
  in >> one.token >> one.name;
  return one;
}

}  // namespace

std::string to_line(const island_event& event) {
  std::ostringstream out;
  out << duration_cast<microseconds>(event.at.time_since_epoch()).count() << ' ' << event.node << ' '
      << event.process << ' ';
  std::visit([&](const auto& what) { write(out, what); }, event.what);
  return out.str();
}

std::optional<island_event> parse_island_event(std::string_view line) {
  std::istringstream in{std::string{line}};
  island_event event;
  std::int64_t at = 0;
  std::string kind;
  in >> at >> event.node >> event.process >> kind;
  event.at = instant{microseconds{at}};
  if (kind == "leader")
    event.what = read_leader(in);
  else if (kind == "verdict")
    event.what = read_verdict(in);
  else if (kind == "view")
    event.what = read_view(in);
  else if (kind == "owner")
    event.what = read_owner(in);
  else if (kind != "started")
    return std::nullopt;
  if (in.fail() || in.peek() != std::istringstream::traits_type::eof()) return std::nullopt;
  return event;
}

}  // namespace bulwark::cluster_test
