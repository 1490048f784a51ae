// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/compat.hpp"

#include <cxxabi.h>
#include <caf/all.hpp>
#include <cstdlib>
#include <memory>

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

/// CAF turns an exception into this; service_actor adds its type and its words.
bool is_exception(const caf::error& reason) {
  return reason == caf::sec::runtime_error && reason.context().match_elements<std::string, std::string>();
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
  status.category =
      is_exception(reason) ? reason.context().get_as<std::string>(0) : caf::to_string(reason.category());
  status.code = is_exception(reason) ? 0 : reason.code();
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
    return caf::make_error(caf::sec::runtime_error, type_text(typeid(problem)), std::string{problem.what()});
  } catch (...) {
    const auto* type = abi::__cxa_current_exception_type();
    return caf::make_error(caf::sec::runtime_error, type ? type_text(*type) : std::string{"exception"},
                           std::string{"no std::exception"});
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
  if (!request.mid.is_request() || request.mid.is_answered()) return;
  const auto answer_to = request.stages.empty() ? request.sender : request.stages.front();
  if (answer_to)
    answer_to->enqueue(nullptr, request.mid.response_id(), caf::make_message(std::move(problem)), nullptr);
}

void ask_to_stop(const caf::actor& whom) {
  if (whom) caf::anon_send_exit(whom, caf::exit_reason::user_shutdown);
}

}  // namespace bulwark
