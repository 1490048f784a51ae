// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/kv/core/batch.hpp"

namespace bulwark::kv {

namespace {

constexpr std::uint8_t format_version = 1;

// An argument takes at least its length field: a count that cannot fit is malformed, and is not allocated
// for.
constexpr std::size_t argument_bytes_min = 4;

}  // namespace

batch_writer::batch_writer(const batch_limits& limits) {
  consensus::wire_writer out{payload_};
  out.put(format_version);
  out.put(limits.memory_bytes_max);
  out.put(limits.value_bytes_max);
  out.put(limits.reply_bytes_stop);
  out.put(limits.reply_bytes_max);
}

void batch_writer::add(command_id id, std::span<const std::string_view> arguments) {
  consensus::wire_writer out{payload_};
  out.put(static_cast<std::uint8_t>(id));
  out.put(static_cast<std::uint32_t>(arguments.size()));
  for (const auto argument : arguments) out.put_bytes(argument);
  ++count_;
}

batch_reader::batch_reader(std::string_view payload) : in_{payload} {
  std::uint8_t version = 0;
  in_.get(version);
  in_.get(limits_.memory_bytes_max);
  in_.get(limits_.value_bytes_max);
  in_.get(limits_.reply_bytes_stop);
  in_.get(limits_.reply_bytes_max);
  if (version != format_version) in_.fail();
}

bool batch_reader::next(command_id& id, std::vector<std::string_view>& arguments) {
  arguments.clear();
  if (!in_.good() || in_.left() == 0) return false;
  std::uint8_t code = 0;
  std::uint32_t count = 0;
  if (!in_.get(code) || !in_.get(count)) return false;
  if (count > in_.left() / argument_bytes_min) return in_.fail();
  id = static_cast<command_id>(code);
  for (std::uint32_t i = 0; i < count; ++i) {
    std::string_view argument;
    if (!in_.get_bytes(argument)) return false;
    arguments.push_back(argument);
  }
  return true;
}

std::string without_first(std::string_view payload, std::size_t done) {
  batch_reader in{payload};
  batch_writer out{in.limits()};
  command_id id{};
  std::vector<std::string_view> arguments;
  for (std::size_t i = 0; in.next(id, arguments); ++i)
    if (i >= done) out.add(id, arguments);
  return out.count() > 0 ? std::move(out).take() : std::string{};
}

bool read_executed(std::string_view& answer, std::size_t& executed) {
  consensus::wire_reader in{answer};
  std::uint32_t count = 0;
  if (!in.get(count)) return false;
  executed = count;
  answer.remove_prefix(answer.size() - in.left());
  return true;
}

}  // namespace bulwark::kv
