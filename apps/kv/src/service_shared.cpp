// SPDX-License-Identifier: BSD-3-Clause
#include "service_shared.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <caf/all.hpp>

#include "bulwark/actors/router.hpp"
#include "session_messages.hpp"

namespace bulwark::kv {

namespace {

/// Delivers what happens on one connection to its session.
class session_sink final : public client_sink {
 public:
  session_sink(std::shared_ptr<service::shared> service, client_record client, routed to)
      : service_{std::move(service)}, client_{std::move(client)}, to_{std::move(to)} {}

  void opened(std::shared_ptr<channel> connection) override {
    caf::anon_send(to_.worker, client_opened{client_, std::make_shared<client_hold>(std::move(connection))});
  }
  void received(std::string data) override {
    caf::anon_send(to_.worker, client_received{client_.id, std::move(data)});
  }
  void input_ended() override { tell(client_change::input_ended); }
  void drained() override { tell(client_change::drained); }
  void closed() override {
    tell(client_change::closed);
    service_->forget(client_.id);
  }

 private:
  void tell(client_change what) { caf::anon_send(to_.worker, client_changed{client_.id, what}); }

  std::shared_ptr<service::shared> service_;
  client_record client_;
  routed to_;  // this connection is load of its worker
};

void raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

service::shared::shared(front_options with)
    : options{std::move(with)},
      started{std::chrono::steady_clock::now()},
      budget{std::make_shared<byte_budget>(options.buffers_bytes_max)},
      sessions{make_router(options.replica->home_system(), "sessions", options.routing)},
      port{options.port} {
  raise_open_files();
}

admission service::shared::admit(const std::shared_ptr<shared>& self, const std::string& peer,
                                 const std::string& local) {
  ++self->accepted_;
  if (self->draining) {
    ++self->refused_;
    return {nullptr, "-LOADING The node is shutting down\r\n"};
  }
  client_record client{.address = peer, .local_address = local};
  auto to = pick(self->sessions);
  if (!to) {
    ++self->refused_;
    return {nullptr, "-LOADING The node is starting its sessions\r\n"};
  }
  {
    const std::lock_guard lock{self->mutex_};
    if (self->clients_.size() >= self->options.connections_max) {
      ++self->refused_;
      return {nullptr, "-ERR max number of clients reached\r\n"};
    }
    client.id = ++self->last_client_;
    self->clients_.emplace(client.id, client);
  }
  return {std::make_unique<session_sink>(self, std::move(client), std::move(*to)), {}};
}

void service::shared::forget(std::uint64_t client) {
  const std::lock_guard lock{mutex_};
  clients_.erase(client);
}

std::size_t service::shared::connections() const {
  const std::lock_guard lock{mutex_};
  return clients_.size();
}

server_facts service::shared::facts() const {
  return {.node = options.node,
          .cluster = options.cluster,
          .version = options.version,
          .port = port,
          .process = static_cast<std::uint64_t>(::getpid()),
          .connections_max = options.connections_max,
          .memory_bytes_max = options.conversation.batches.memory_bytes_max,
          .bulk_bytes_max = options.conversation.requests.bulk_bytes_max};
}

server_counts service::shared::counts() const {
  const auto uptime = std::chrono::steady_clock::now() - started;
  return {.uptime_seconds =
              static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(uptime).count()),
          .connections = connections(),
          .connections_accepted = accepted_,
          .connections_refused = refused_,
          .commands = commands_,
          .keys = keys,
          .keys_bytes = keys_bytes,
          .revision = revision};
}

std::vector<client_record> service::shared::clients() const {
  std::vector<client_record> result;
  const std::lock_guard lock{mutex_};
  result.reserve(clients_.size());
  for (const auto& [id, client] : clients_) result.push_back(client);
  return result;
}

std::uint64_t service::shared::unix_ms() const {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

std::optional<resp_address> service::shared::address_of(std::uint32_t node) const {
  if (node == 0 || !options.address_of) return std::nullopt;
  return options.address_of(node);
}

void service::shared::update(const client_record& client) {
  const std::lock_guard lock{mutex_};
  const auto found = clients_.find(client.id);
  if (found != clients_.end()) found->second = client;
}

void service::shared::count_commands(std::uint64_t commands) {
  commands_.fetch_add(commands, std::memory_order_relaxed);
}

bool service::shared::take_bytes(std::size_t bytes) {
  if (budget->take(bytes)) return true;
  budget->give_back(bytes);
  return false;
}

}  // namespace bulwark::kv
