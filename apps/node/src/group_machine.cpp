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

struct saved_parts {
  std::optional<std::string_view> group;  ///< none if nobody joined yet
  std::string_view service;
};

std::optional<saved_parts> parts_of(std::string_view saved) {
  if (saved.empty() || saved.front() != both_saved) return saved_parts{std::nullopt, saved};
  consensus::wire_reader in{saved.substr(1)};
  std::uint8_t version = 0;
  std::string_view group;
  if (!in.get(version) || version != both_saved_version || !in.get_bytes(group)) return std::nullopt;
  return saved_parts{group, saved.substr(saved.size() - in.left())};
}

}  // namespace

std::optional<std::string_view> service_part(std::string_view saved) {
  const auto parts = parts_of(saved);
  return parts ? std::optional{parts->service} : std::nullopt;
}

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
  const auto parts = parts_of(saved);
  if (!parts || (parts->group && !group.restore(*parts->group))) return false;
  if (!service_->restore(parts->service)) return false;
  group_ = std::move(group);
  if (!is_pristine(group_)) board_->publish(group_);
  return true;
}

}  // namespace bulwark::node
