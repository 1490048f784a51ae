// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/compat.hpp"

#include <cxxabi.h>
#include <algorithm>
#include <caf/all.hpp>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "bulwark/actors/messages.hpp"

namespace bulwark {

namespace {

std::string code_text(const caf::error& reason) {
  if (reason.category() == caf::atom("exit"))
    return caf::to_string(static_cast<caf::exit_reason>(reason.code()));
  if (reason.category() == caf::atom("system")) return caf::to_string(static_cast<caf::sec>(reason.code()));
  if (reason.category() == caf::atom("supervise")) return "supervisor";
  if (reason.category() == caf::atom("service")) return to_string(static_cast<service_error>(reason.code()));
  return caf::to_string(reason.category()) + " error " + std::to_string(reason.code());
}

/// CAF turns an exception into this; service_actor adds its type, its words, and the names of its bases.
bool is_exception(const caf::error& reason) {
  if (reason != caf::sec::runtime_error || reason.context().size() < 2) return false;
  for (std::size_t at = 0; at < reason.context().size(); ++at)
    if (!reason.context().match_element<std::string>(at)) return false;
  return true;
}

constexpr std::size_t bases_max = 32;  ///< of one exception

/// Adds what an object of this type can be caught as: public bases, as the Itanium C++ ABI tells them.
void add_bases(const std::type_info& type, std::vector<std::string>& names) {
  std::vector<const std::type_info*> above;
  if (const auto* single = dynamic_cast<const abi::__si_class_type_info*>(&type)) {
    above.push_back(single->__base_type);
  } else if (const auto* multiple = dynamic_cast<const abi::__vmi_class_type_info*>(&type)) {
    for (unsigned at = 0; at < multiple->__base_count; ++at)
      if (const auto& base = multiple->__base_info[at]; base.__is_public_p())
        above.push_back(base.__base_type);
  }
  for (const auto* base : above) {
    auto name = type_text(*base);
    if (names.size() >= bases_max || std::ranges::find(names, name) != names.end()) continue;
    names.push_back(std::move(name));
    add_bases(*base, names);
  }
}

caf::error error_of_exception(const std::type_info& type, std::string words) {
  std::vector<std::string> bases;
  add_bases(type, bases);
  caf::message_builder context;
  context.append(type_text(type)).append(std::move(words));
  for (auto& name : bases) context.append(std::move(name));
  return {static_cast<std::uint8_t>(caf::sec::runtime_error), caf::atom("system"), context.move_to_message()};
}

/// What was given along with the code: a lone text as it is, anything else in CAF's own notation.
std::string context_text(const caf::message& context) {
  if (context.empty()) return {};
  if (context.match_elements<std::string>()) return context.get_as<std::string>(0);
  return caf::to_string(context);
}

exit_kind kind_of(const caf::error& reason) {
  if (!reason) return exit_kind::normal;
  if (reason.category() != caf::atom("exit")) return exit_kind::failure;
  switch (static_cast<caf::exit_reason>(reason.code())) {
    case caf::exit_reason::normal: return exit_kind::normal;
    case caf::exit_reason::user_shutdown: return exit_kind::shutdown;
    case caf::exit_reason::kill:
    case caf::exit_reason::unreachable: return exit_kind::killed;
    default: return exit_kind::failure;
  }
}

}  // namespace

std::string error_text(const caf::error& reason) {
  if (!reason) return "normal";
  if (is_exception(reason))
    return reason.context().get_as<std::string>(0) + ": " + reason.context().get_as<std::string>(1);
  const auto context = context_text(reason.context());
  return context.empty() ? code_text(reason) : code_text(reason) + ": " + context;
}

exit_status describe_exit(const caf::error& reason) {
  exit_status status{kind_of(reason), error_text(reason)};
  if (status.kind != exit_kind::failure) return status;
  if (!is_exception(reason)) {
    status.category = caf::to_string(reason.category());
    status.code = reason.code();
    return status;
  }
  status.category = reason.context().get_as<std::string>(0);
  for (std::size_t at = 2; at < reason.context().size(); ++at)
    status.bases.push_back(reason.context().get_as<std::string>(at));
  return status;
}

std::string type_text(const std::type_info& type) {
  int problem = 0;
  const std::unique_ptr<char, decltype(&std::free)> readable{
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &problem), &std::free};
  return problem == 0 ? readable.get() : type.name();
}

caf::error error_of_exception(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& problem) {
    return error_of_exception(typeid(problem), problem.what());
  } catch (...) {
    const std::string words = "no std::exception";
    if (const auto* type = abi::__cxa_current_exception_type()) return error_of_exception(*type, words);
    return caf::make_error(caf::sec::runtime_error, std::string{"exception"}, words);
  }
}

caf::error shutdown_reason(std::string text) {
  auto reason = caf::make_error(caf::exit_reason::user_shutdown);
  if (!text.empty()) reason.context() = caf::make_message(std::move(text));
  return reason;
}

void kill_now(const caf::actor& victim) {
  if (!victim) return;
  caf::anon_send<caf::message_priority::high>(
      victim, caf::exit_msg{caf::actor_cast<caf::actor_addr>(victim), caf::exit_reason::kill});
}

void refuse(caf::mailbox_element& request, caf::error problem) {
  refuse(request, std::move(problem), caf::strong_actor_ptr{});
}

void refuse(caf::mailbox_element& request, caf::error problem, const caf::strong_actor_ptr& by) {
  if (!request.mid.is_request() || request.mid.is_answered()) return;
  const auto answer_to = request.stages.empty() ? request.sender : request.stages.front();
  if (answer_to)
    answer_to->enqueue(by, request.mid.response_id(), caf::make_message(std::move(problem)), nullptr);
}

void ask_to_stop(const caf::actor& whom) {
  if (whom) caf::anon_send_exit(whom, caf::exit_reason::user_shutdown);
}

}  // namespace bulwark
