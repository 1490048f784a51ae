// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/node/group_machine.hpp"

#include <utility>

#include "bulwark/consensus/core/wire.hpp"

namespace bulwark::node {

namespace {

constexpr std::string_view group_mark{
    "\xff\xff\xff\xff"
    "bwmg",
    8};
constexpr char both_saved = static_cast<char>(0xfe);
constexpr std::uint8_t both_saved_version = 1;

bool is_pristine(const membership_group& group) {
  return group.nodes().view() == 0 && group.names().revision() == 0 && group.children().all().empty();
}

}  // namespace

consensus::bytes group_request(const group_command& what) { return std::string{group_mark} + encode(what); }

group_machine::group_machine(std::unique_ptr<consensus::state_machine> service,
                             std::shared_ptr<member_board> board)
    : service_{std::move(service)}, board_{std::move(board)} {}

consensus::bytes group_machine::apply(const consensus::bytes& command) {
  if (!command.starts_with(group_mark)) return service_->apply(command);
  group_changes changes;
  auto answer = group_.apply(std::string_view{command}.substr(group_mark.size()), changes);
  board_->publish(group_);
  return answer;
}

consensus::bytes group_machine::query(const consensus::bytes& question) const {
  return service_->query(question);
}

std::optional<consensus::bytes> group_machine::save() const {
  auto service = service_->save();
  if (!service || is_pristine(group_)) return service;
  consensus::bytes saved(1, both_saved);
  consensus::wire_writer out{saved};
  out.put(both_saved_version);
  out.put_bytes(group_.save());
  return saved + *service;
}

bool group_machine::restore(std::string_view saved) {
  membership_group group;
  if (!saved.empty() && saved.front() == both_saved) {
    saved.remove_prefix(1);
    consensus::wire_reader in{saved};
    std::uint8_t version = 0;
    std::string_view bytes;
    if (!in.get(version) || version != both_saved_version || !in.get_bytes(bytes) || !group.restore(bytes))
      return false;
    saved.remove_prefix(saved.size() - in.left());
  }
  if (!service_->restore(saved)) return false;
  group_ = std::move(group);
  if (!is_pristine(group_)) board_->publish(group_);
  return true;
}

}  // namespace bulwark::node
