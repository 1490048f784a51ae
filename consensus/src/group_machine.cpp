// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/group_machine.hpp"

#include <algorithm>
#include <utility>

#include "bulwark/consensus/core/wire.hpp"

namespace bulwark::consensus {

namespace {

constexpr std::string_view group_mark{
    "\xff\xff\xff\xff"
    "bwmg",
    8};
constexpr char both_saved = static_cast<char>(0xfe);
constexpr std::uint8_t both_saved_version = 1;
constexpr std::uint8_t holds_question_version = 1;
constexpr std::string_view holds{"holds"};
constexpr std::string_view holds_not{"holds not"};

class nothing final : public state_machine {
 public:
  bytes apply(const bytes&) override { return {}; }
  [[nodiscard]] bytes query(const bytes&) const override { return {}; }
  [[nodiscard]] std::optional<bytes> save() const override { return bytes{}; }
  [[nodiscard]] bool restore(std::string_view saved) override { return saved.empty(); }
};

bool is_pristine(const membership_group& group) {
  return group.nodes().view() == 0 && group.names().revision() == 0 && group.children().all().empty();
}

struct saved_parts {
  std::optional<std::string_view> group;  ///< none if nobody joined yet
  std::string_view service;
};

std::optional<saved_parts> parts_of(std::string_view saved) {
  if (saved.empty() || saved.front() != both_saved) return saved_parts{std::nullopt, saved};
  wire_reader in{saved.substr(1)};
  std::uint8_t version = 0;
  std::string_view group;
  if (!in.get(version) || version != both_saved_version || !in.get_bytes(group)) return std::nullopt;
  return saved_parts{group, saved.substr(saved.size() - in.left())};
}

}  // namespace

bytes holds_question(const std::string& name, std::uint64_t token) {
  bytes question{group_mark};
  wire_writer out{question};
  out.put(holds_question_version);
  out.put(token);
  out.put_bytes(name);
  return question;
}

std::optional<bool> holds_in(std::string_view answer) {
  if (answer == holds) return true;
  if (answer == holds_not) return false;
  return std::nullopt;
}

std::unique_ptr<state_machine> no_service() { return std::make_unique<nothing>(); }

bytes group_request(const group_command& what) { return std::string{group_mark} + bulwark::encode(what); }

group_machine::group_machine(std::unique_ptr<state_machine> service, std::shared_ptr<member_board> board)
    : service_{std::move(service)}, board_{std::move(board)} {}

bytes group_machine::apply(const bytes& command) {
  if (!command.starts_with(group_mark)) return service_->apply(command);
  group_changes changes;
  auto answer = group_.apply(std::string_view{command}.substr(group_mark.size()), changes);
  board_->publish(group_);
  return answer;
}

bytes group_machine::query(const bytes& question) const {
  if (!question.starts_with(group_mark)) return service_->query(question);
  wire_reader in{std::string_view{question}.substr(group_mark.size())};
  std::uint8_t version = 0;
  std::uint64_t token = 0;
  std::string_view name;
  if (!in.get(version) || version != holds_question_version || !in.get(token) || !in.get_bytes(name))
    return {};
  return bytes{group_.names().check(std::string{name}, token) == registry_error::none ? holds : holds_not};
}

bytes group_machine::saved_group() const {
  if (is_pristine(group_)) return {};
  bytes saved(1, both_saved);
  wire_writer out{saved};
  out.put(both_saved_version);
  out.put_bytes(group_.save());
  return saved;
}

std::optional<bytes> group_machine::save() const {
  auto service = service_->save();
  if (!service) return service;
  return saved_group() + *service;
}

void group_machine::become(membership_group group) {
  group_ = std::move(group);
  if (!is_pristine(group_)) board_->publish(group_);
}

bool group_machine::restore(std::string_view saved) {
  membership_group group;
  const auto parts = parts_of(saved);
  if (!parts || (parts->group && !group.restore(*parts->group))) return false;
  if (!service_->restore(parts->service)) return false;
  become(std::move(group));
  return true;
}

// -- piece by piece ----------------------------------------------------------------------------------

class group_machine::cursor final : public state_cursor {
 public:
  cursor(bytes ahead, std::unique_ptr<state_cursor> service)
      : ahead_{std::move(ahead)}, service_{std::move(service)} {}

  bool next(std::size_t bytes_max, bytes& piece) override {
    const auto size = std::min(bytes_max, ahead_.size());
    piece.append(ahead_, 0, size);
    ahead_.erase(0, size);
    return size == bytes_max || service_->next(bytes_max - size, piece);
  }

 private:
  bytes ahead_;
  std::unique_ptr<state_cursor> service_;
};

class group_machine::restorer final : public state_restorer {
 public:
  explicit restorer(group_machine& to) : to_{to}, service_{to.service_->begin_restore()} {}

  bool take(std::string_view piece) override {
    if (group_) return service_->take(piece);
    beginning_ += piece;
    if (beginning_.size() < beginning_bytes) return true;
    const auto parts = parts_of(beginning_);
    if (!parts) return beginning_[1] == static_cast<char>(both_saved_version);  // more is to come
    group_.emplace();
    if (parts->group && !group_->restore(*parts->group)) return false;
    const bool taken = service_->take(parts->service);
    beginning_ = {};
    return taken;
  }

  bool finish() override {
    if (!group_ && (beginning_.empty() || beginning_.front() == both_saved)) return false;
    if (!group_ && !service_->take(beginning_)) return false;
    if (!service_->finish()) return false;
    to_.become(group_ ? std::move(*group_) : membership_group{});
    return true;
  }

 private:
  /// The mark and the version.
  static constexpr std::size_t beginning_bytes = 2;

  group_machine& to_;
  std::unique_ptr<state_restorer> service_;
  bytes beginning_;  ///< until the membership in it is whole
  std::optional<membership_group> group_;
};

std::unique_ptr<state_cursor> group_machine::begin_save() {
  auto service = service_->begin_save();
  if (!service) return nullptr;
  return std::make_unique<cursor>(saved_group(), std::move(service));
}

std::unique_ptr<state_restorer> group_machine::begin_restore() { return std::make_unique<restorer>(*this); }

}  // namespace bulwark::consensus
