// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/kv/core/machine.hpp"

#include <utility>

#include "bulwark/kv/core/batch.hpp"
#include "execute.hpp"
#include "saved_machine.hpp"

namespace bulwark::kv {

namespace {

constexpr std::size_t count_bytes = 4;

/// Runs the commands of a batch in order until the replies are large enough. `execute(spec, arguments,
/// reply)` does one.
template <class Execute>
consensus::bytes run(batch_reader& batch, Execute execute) {
  std::string answer(count_bytes, '\0');
  reply_builder reply{answer};
  std::uint32_t executed = 0;
  command_id id{};
  std::vector<std::string_view> arguments;
  while (answer.size() < batch.limits().reply_bytes_stop + count_bytes && batch.next(id, arguments)) {
    const auto* spec = find_command(id);
    if (spec == nullptr) {
      reply.error("ERR unknown command number " + std::to_string(static_cast<int>(id)));
    } else if (!arity_fits(*spec, arguments.size() + 1)) {
      reply.error(wrong_arity(*spec));
    } else {
      execute(*spec, arguments, reply);
    }
    ++executed;
  }
  std::string count;
  consensus::wire_writer{count}.put(executed);
  answer.replace(0, count_bytes, count);
  return answer;
}

}  // namespace

consensus::bytes machine::apply(const consensus::bytes& batch) {
  batch_reader in{batch};
  auto answer = run(in, [&](const command_spec& spec, const auto& arguments, reply_builder& reply) {
    if (spec.id == command_id::session)
      execute_session(keys_, sessions_, arguments, in.limits(), reply);
    else if (spec.id == command_id::transaction)
      execute_transaction(keys_, arguments, in.limits(), reply);
    else
      execute_on_keys(keys_, spec, arguments, in.limits(), reply);
  });
  if (changed_) changed_(totals());
  return answer;
}

consensus::bytes machine::query(const consensus::bytes& batch) const {
  batch_reader in{batch};
  return run(in, [&](const command_spec& spec, const auto& arguments, reply_builder& reply) {
    if (spec.kind == command_kind::read)
      execute_read(keys_, spec.id, arguments, in.limits(), reply);
    else
      reply.error("ERR a write came as a read");
  });
}

std::optional<consensus::bytes> machine::save() const {
  consensus::bytes saved(1, saved_version);
  consensus::wire_writer{saved}.put(keys_.saved_bytes());
  keys_.save(saved);
  sessions_.save(saved);
  return saved;
}

bool machine::restore(std::string_view saved) {
  if (saved.empty()) return false;
  const auto version = saved.front();
  saved.remove_prefix(1);
  auto keys = saved;
  consensus::session_table sessions;
  if (version != 1) {
    std::uint64_t keys_size = 0;
    consensus::wire_reader in{saved};
    if (version != saved_version || !in.get(keys_size) || in.left() < keys_size) return false;
    keys = saved.substr(saved_size_bytes, keys_size);
    if (!sessions.restore(saved.substr(saved_size_bytes + keys_size))) return false;
  }
  if (!keys_.restore(keys)) return false;
  sessions_ = std::move(sessions);
  if (changed_) changed_(totals());
  return true;
}

}  // namespace bulwark::kv
