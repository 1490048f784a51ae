// SPDX-License-Identifier: BSD-3-Clause
#include "targets.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "bulwark/consensus/core/codec.hpp"
#include "bulwark/consensus/core/configuration.hpp"
#include "bulwark/consensus/core/session_table.hpp"
#include "bulwark/consensus/core/wire.hpp"
#include "bulwark/consensus/crc32c.hpp"
#include "bulwark/consensus/record_codec.hpp"
#include "bulwark/kv/core/batch.hpp"
#include "bulwark/kv/core/machine.hpp"
#include "bulwark/kv/core/request_parser.hpp"
#include "bulwark/supervision/core/heartbeat.hpp"
#include "bulwark/supervision/core/membership_codec.hpp"
#include "segment_format.hpp"

namespace bulwark::fuzz {
namespace {

using namespace consensus;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

value two_commands() { return {{command{node_id{1}, 2, 3, "one"}, command{node_id{2}, 3, 4, ""}}}; }

// -- packets of peers -----------------------------------------------------------------------------------

void run_packet(std::string_view bytes) {
  std::vector<std::pair<group_id, envelope>> messages;
  if (!decode_packet(bytes, messages).empty()) return expect(messages.empty(), "a bad packet gives nothing");
  std::string again;
  for (const auto& [group, message] : messages) encode(group, message, again);
  expect(again == bytes, "there is one way to write a packet");
}

std::vector<std::string> packets() {
  const ballot under{7, node_id{2}};
  const std::vector<message> bodies{beat{3},
                                    beat_ack{3, under, under, true, slot{9}},
                                    prepare{under, slot{4}},
                                    promise{under, slot{4}, 0, 2, {{slot{5}, under, two_commands()}}},
                                    accept{under, slot{5}, {two_commands(), {}}, slot{4}},
                                    accept{under, slot{5}, {two_commands()}, slot{4}, slot{3}},
                                    accepted{under, slot{5}, slot{6}},
                                    refused{under, under},
                                    chosen_up_to{under, slot{6}},
                                    learn{slot{2}},
                                    learned{{{slot{2}, two_commands()}}, slot{9}},
                                    confirm{under, 5, 200},
                                    confirmed{under, 5, 0},
                                    forward{under, request_kind::read, {node_id{1}, 2, 3, "q"}},
                                    forward_reply{under, 2, 3, outcome::done, "r"},
                                    snapshot_ask{slot{3}, 77},
                                    snapshot_chunk{{{slot{3}, 100, 5}, 10, "piece"}, slot{9}},
                                    take_over{under, slot{9}},
                                    rest{under, slot{9}, 4},
                                    resting{under, 4}};
  std::vector<std::string> all;
  std::string together;
  for (const auto& body : bodies) {
    auto& one = all.emplace_back();
    encode(group_id{1}, {node_id{1}, node_id{2}, body}, one);
    together += one;
  }
  all.push_back(together);
  return all;
}

// -- the log --------------------------------------------------------------------------------------------

void run_whole_record(std::string_view bytes) {
  const auto decoded = decode_record(bytes);
  if (!decoded) return;
  std::string again;
  encode_record(*decoded, again);
  expect(again == bytes, "there is one way to write a record");
}

/// As it is, and with a checksum that is right: a search would not find one.
void run_record(std::string_view bytes) {
  run_whole_record(bytes);
  std::string with_checksum;
  wire_writer out{with_checksum};
  out.put(static_cast<std::uint32_t>(bytes.size()));
  out.put(crc32c(bytes));
  run_whole_record(with_checksum.append(bytes));
}

std::vector<std::string> records() {
  std::vector<std::string> all(3);
  encode_record({group_id{1}, promise_record{{7, node_id{2}}}}, all[0]);
  encode_record({group_id{1}, accepted_entry{slot{5}, {7, node_id{2}}, two_commands()}}, all[1]);
  encode_record({group_id{1}, chosen_record{slot{5}}}, all[2]);
  return all;
}

void run_segment(std::string_view bytes) {
  const auto header = decode_segment_header(bytes);
  if (!header) return;
  std::uint64_t last = 0;
  const auto found = scan_segment(bytes, *header, [&](std::string_view payload, std::uint64_t offset) {
    expect(offset >= segment_header_bytes && offset > last, "batches come in order");
    expect(payload.data() >= bytes.data() && payload.data() + payload.size() <= bytes.data() + bytes.size(),
           "a payload lies within the segment");
    last = offset;
  });
  expect(found.end <= bytes.size(), "the end lies within the segment");
}

/// The bytes as the payload of a batch, which must come back, and as what lies behind it.
void run_batch(std::string_view bytes) {
  const segment_header header{1, 2, 3, 10, 1 << 20, 99};
  auto contents = encode_segment_header(header);
  std::string batch(batch_header_bytes, '\0');
  seal_batch(batch.append(bytes), header.first, header.salt);
  contents.append(batch).append(bytes);
  std::size_t batches = 0;
  scan_segment(contents, header, [&](std::string_view payload, std::uint64_t) {
    if (batches++ == 0) expect(payload == bytes, "a payload comes back as it was");
  });
  expect(batches >= 1, "a batch comes back");
}

std::vector<std::string> segments() {
  const segment_header header{1, 2, 3, 10, 512, 99};
  auto contents = encode_segment_header(header);
  for (std::uint64_t sequence = 10; sequence < 12; ++sequence) {
    std::string batch(batch_header_bytes, '\0');
    batch += records()[1];
    seal_batch(batch, sequence, header.salt);
    contents += batch;
  }
  auto torn = contents.substr(0, contents.size() - 40);
  contents.resize(512, '\0');
  torn.resize(512, '\0');
  return {contents, torn};
}

// -- snapshots ------------------------------------------------------------------------------------------

void run_sessions(std::string_view bytes) {
  session_table table;
  if (!table.restore(bytes)) return;
  std::string saved, again;
  table.save(saved);
  session_table other;
  expect(other.restore(saved), "what was saved can be restored");
  other.save(again);
  expect(again == saved, "equal tables save equal bytes");
}

std::vector<std::string> sessions() {
  session_table table;
  table.begin("till", 1, 1000);
  table.finish("till", 1, "reply");
  table.begin("other", 1, 2000);
  table.finish("other", 1, "");
  std::string saved;
  table.save(saved);
  return {saved};
}

/// Whether a machine takes the bytes in pieces of a few sizes.
bool restore_in_pieces(kv::machine& machine, std::string_view bytes) {
  const auto restorer = machine.begin_restore();
  for (std::size_t size = 1; !bytes.empty(); size = size * 3 % 101) {
    if (!restorer->take(bytes.substr(0, size))) return false;
    bytes.remove_prefix(std::min(size, bytes.size()));
  }
  return restorer->finish();
}

void run_keys(std::string_view bytes) {
  kv::machine machine, in_pieces;
  const bool good = machine.restore(bytes);
  expect(restore_in_pieces(in_pieces, bytes) == good, "in pieces as at once");
  if (!good) return;
  expect(in_pieces.save() == machine.save(), "to the same state");
  const auto saved = machine.save();
  expect(saved.has_value(), "a machine can be saved");
  kv::machine other;
  expect(other.restore(*saved), "what was saved can be restored");
  expect(other.save() == saved, "equal machines save equal bytes");
}

std::vector<std::string> keys() { return {*kv::machine{}.save()}; }

void run_command(std::string_view bytes) {
  kv::machine machine;
  const std::string payload{bytes};
  static_cast<void>(machine.query(payload));
  static_cast<void>(machine.apply(payload));
  kv::machine other;
  static_cast<void>(other.apply(payload));
  expect(other.save() == machine.save(), "equal commands give equal states");
}

std::vector<std::string> commands() {
  const std::vector<std::string_view> transaction{"1", "k", "0", "3", "set", "k", "v", "2", "get", "k"};
  std::vector<std::string_view> numbered{"s", "1", "1000", "transaction"};
  numbered.insert(numbered.end(), transaction.begin(), transaction.end());
  kv::batch_writer batch{{}};
  batch.add(kv::command_id::transaction, transaction);
  batch.add(kv::command_id::session, numbered);
  return {std::move(batch).take()};
}

void run_configuration(std::string_view bytes) {
  if (const auto found = decode_configuration(bytes)) {
    std::string again;
    encode(*found, again);
    expect(again == bytes, "there is one way to write a configuration");
  }
  if (const auto parts = from_snapshot(bytes); parts && !parts->first.nodes.empty())
    expect(to_snapshot(parts->first, std::string{parts->second}) == bytes, "nor two to save one");
}

std::vector<std::string> configurations() {
  const configuration group{slot{7}, slot{2}, {{node_id{1}, true, {}}, {node_id{4}, false, "host:7000"}}};
  std::string encoded;
  encode(group, encoded);
  return {encoded, to_snapshot(group, "state")};
}

// -- what clients and members say -----------------------------------------------------------------------

/// The words of all commands, and how it ended, when the bytes come in pieces of that size.
std::string words_of(std::string_view bytes, std::size_t piece) {
  kv::request_parser parser;
  std::string all;
  while (!bytes.empty()) {
    parser.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    for (auto state = parser.parse(); state != kv::request_parser::state::incomplete;
         state = parser.parse()) {
      if (state == kv::request_parser::state::failed) return all + "failed: " + std::string{parser.error()};
      for (const auto word : parser.arguments()) all += std::string{word} + '\0';
      all += '\n';
      parser.pop();
    }
  }
  return all;
}

void run_requests(std::string_view bytes) {
  expect(words_of(bytes, 1) == words_of(bytes, bytes.size() + 1), "it does not matter how bytes are cut");
}

std::vector<std::string> requests() {
  return {"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\n", "set k \"a\\x41\\n\" 'it\\'s'\r\nget k\n",
          "*1\r\n$4\r\nPING\r\n*0\r\n\r\nPING\r\n"};
}

void run_members(std::string_view bytes) {
  if (const auto command = decode_membership_command(bytes))
    expect(encode(*command) == bytes, "there is one way to write a command");
  static_cast<void>(decode_heartbeat(bytes));
}

std::vector<std::string> members_words() {
  std::vector<std::string> all;
  for (char kind = 1; kind <= 9; ++kind) all.push_back(std::string{'\1', kind} + std::string(40, '\0'));
  return all;
}

}  // namespace

const std::vector<target>& all_targets() {
  static const std::vector<target> all{
      {"packet", run_packet, packets},         {"record", run_record, records},
      {"segment", run_segment, segments},      {"batch", run_batch, records},
      {"sessions", run_sessions, sessions},    {"keys", run_keys, keys},
      {"command", run_command, commands},      {"requests", run_requests, requests},
      {"members", run_members, members_words}, {"configuration", run_configuration, configurations},
  };
  return all;
}

}  // namespace bulwark::fuzz
