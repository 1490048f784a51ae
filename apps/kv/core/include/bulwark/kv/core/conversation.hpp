// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bulwark/consensus/core/messages.hpp"
#include "bulwark/kv/core/batch.hpp"
#include "bulwark/kv/core/request_parser.hpp"
#include "bulwark/kv/core/server_view.hpp"
#include "bulwark/kv/core/transaction.hpp"

namespace bulwark::kv {

/// Bounds of one conversation.
struct conversation_limits {
  request_limits requests;
  batch_limits batches;
  transaction_limits transactions;
  std::size_t key_bytes_max = 1u << 16;
  std::size_t batch_commands_max = 512;        ///< commands in one request to the replicated machine
  std::size_t batch_bytes_max = 512u << 10;    ///< their size, unless a single command is larger
  std::size_t output_bytes_step = 256u << 10;  ///< output after which `advance` returns for it to be sent
};

/// What is said on one client connection: bytes in, replies in the order of the commands out, requests to the
/// replicated machine in between. All commands at hand travel in one request; while it is under way, further
/// input waits.
///
/// ```
///             received(bytes)                 answered / status_known
///   waiting ------------------> advance() <---------------------------- awaiting
///      ^                          |  |  \________ need::submit, need::status ^
///      |______ need::input _______|  |
///                                    '--- finished() : send the output, then close
/// ```
/// Owner:  one session; not thread-safe. Performs nothing: the session sends `take_output()` and brings the
/// answers. Bounds: the session feeds at most what it is willing to hold; `buffered()` tells how much is held
class conversation {
 public:
  /// What `advance` stopped for.
  enum class need {
    input,   ///< nothing more to do until bytes, or the awaited answer, come in
    submit,  ///< `take_submit()` wants to be sent, and `answered` called with its outcome
    status,  ///< `status_known` wants to be called
    more,    ///< enough output gathered: send it, and advance again
  };

  struct submission {
    consensus::request_kind kind;
    std::string payload;
    std::chrono::milliseconds at_most{};  ///< of a stale read
  };

  /// `server` must outlive the conversation.
  conversation(const conversation_limits& limits, client_record client, server_view& server);

  void received(std::string_view data) { parser_.feed(data); }

  /// The client sends no more: what it sent is still answered.
  void input_ended() { input_ended_ = true; }

  /// The node is about to stop: what is submitted is still answered, what comes now is refused with the
  /// certainty that nothing was done.
  void drain() { draining_ = true; }

  need advance();
  submission take_submit();

  /// The outcome of the submission; `age` is that of a stale read. Ignored if none is awaited.
  void answered(consensus::outcome result, std::string_view reply, std::chrono::milliseconds age = {});

  /// nullopt if the replica did not answer. Ignored if not awaited.
  void status_known(std::optional<replica_view> status);

  [[nodiscard]] bool awaits_answer() const { return awaiting_ == awaiting::answer; }
  [[nodiscard]] bool awaits_status() const { return awaiting_ == awaiting::status; }
  /// Whether the awaited answer is that of a write.
  [[nodiscard]] bool awaits_write() const {
    return awaits_answer() && kind_ == consensus::request_kind::write;
  }

  /// RESP for the client. Empty if there is none.
  std::string take_output();

  /// The client quit, broke the protocol, or ended and got its answers: close once the output is sent.
  [[nodiscard]] bool finished() const { return finished_; }

  [[nodiscard]] std::size_t buffered() const { return parser_.buffered(); }
  [[nodiscard]] const client_record& client() const { return client_; }

 private:
  enum class awaiting { nothing, answer, status };
  using arguments_view = std::span<const std::string_view>;

  need carry_out(const command_spec* spec, arguments_view arguments);
  std::string fault_of(const command_spec* spec, arguments_view arguments) const;
  void add_session(std::string_view client, std::string_view number, arguments_view inner);
  bool add_to_batch(const command_spec& spec, arguments_view arguments);
  bool add_stale(arguments_view arguments);
  [[nodiscard]] bool fits_into_batch(arguments_view arguments) const;
  void begin_batch(consensus::request_kind kind, std::chrono::milliseconds at_most);
  need answer_locally(const command_spec* spec, arguments_view arguments);
  need stop_or_submit(need otherwise);
  void reply_error(std::string_view text);
  void reply_status(std::string_view text);
  bool keys_fit(const command_spec& spec, arguments_view arguments) const;
  void render_answers(std::string_view answer, std::chrono::milliseconds age);
  bool render_answer(std::string_view& answers, std::chrono::milliseconds age);

  // conversation_transactions.cpp
  [[nodiscard]] bool concerns_transaction(const command_spec* spec) const;
  need go_on_in_transaction(const command_spec* spec, arguments_view arguments);
  void refuse_in_transaction(const command_spec* spec, std::string_view fault);
  void begin_transaction();
  void discard_transaction();
  void queue(const command_spec* spec, arguments_view arguments);
  void submit_transaction(arguments_view session);
  need watch(arguments_view keys);
  void watch_at(arguments_view pairs);
  void revisions_answered(consensus::outcome result, std::string_view reply);

  const conversation_limits& limits_;
  client_record client_;
  server_view& server_;
  request_parser parser_;
  std::string output_;
  awaiting awaiting_ = awaiting::nothing;
  std::optional<batch_writer> batch_;  // being gathered
  std::size_t batch_count_ = 0;        // commands of the submission that lack an answer
  bool batch_returns_values_ = false;
  consensus::request_kind kind_ = consensus::request_kind::read;
  std::chrono::milliseconds at_most_{};  // of a batch of stale reads
  std::string kept_;                     // the submission, if its replies may come in parts
  std::string resumed_;                  // what is left of it
  transaction transaction_;
  std::vector<std::string> watching_;  // keys whose revisions are awaited
  bool status_asked_ = false;
  std::optional<replica_view> status_;
  bool input_ended_ = false;
  bool draining_ = false;
  bool finished_ = false;
};

}  // namespace bulwark::kv
