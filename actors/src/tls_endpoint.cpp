// SPDX-License-Identifier: BSD-3-Clause
#include "tls_endpoint.hpp"

#include <spdlog/spdlog.h>

#include <stdexcept>

#include "certificate_pem.hpp"

namespace bulwark {

namespace {

/// One that ends within this is worth a warning.
constexpr auto warned_ahead = std::chrono::hours{14 * 24};
constexpr int intermediates_max = 4;
/// What a peer may show; one of them takes a kilobyte or two.
constexpr long certificates_bytes_max = 32 << 10;

void require(bool worked, const std::string& what) {
  if (!worked) throw std::runtime_error("cannot set up TLS: " + what + ": " + openssl_problem());
}

}  // namespace

ssl_context_ptr make_tls_context(const tls_files& files) {
  ssl_context_ptr made{SSL_CTX_new(TLS_method())};
  require(made != nullptr, "no context");
  auto* const context = made.get();
  require(SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1, "TLS 1.3");
  require(SSL_CTX_set_ciphersuites(
              context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") == 1,
          "ciphers");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_verify_depth(context, intermediates_max);
  SSL_CTX_set_max_cert_list(context, certificates_bytes_max);
  // Sessions are not resumed: each peer shows its certificate each time.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);

  const auto chain = read_pem_certificates(files.certificate, "--tls-cert");
  require(SSL_CTX_use_certificate(context, chain.front().get()) == 1, files.certificate.string());
  for (std::size_t at = 1; at < chain.size(); ++at)
    require(SSL_CTX_add1_chain_cert(context, chain[at].get()) == 1, files.certificate.string());
  require(SSL_CTX_use_PrivateKey(context, read_pem_key(files.key).get()) == 1, files.key.string());
  for (const auto& authority : read_pem_certificates(files.authority, "--tls-ca"))
    require(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) == 1,
            files.authority.string());
  return made;
}

std::shared_ptr<tls_endpoint> make_tls_endpoint(const tls_files& files, const std::string& cluster,
                                                std::uint32_t node) {
  if (const auto problem = problem_with(files, certificate_name(node, cluster)); !problem.empty())
    throw std::runtime_error(problem);
  const auto left = read_certificate(files.certificate).not_after - std::chrono::system_clock::now();
  if (left < warned_ahead)
    spdlog::warn("tls: the certificate in {} ends in {} hours; peers refuse this node from then on",
                 files.certificate.string(), std::chrono::duration_cast<std::chrono::hours>(left).count());
  std::error_code ignored;
  const auto mode = std::filesystem::status(files.key, ignored).permissions();
  if ((mode & (std::filesystem::perms::others_read | std::filesystem::perms::group_read)) !=
      std::filesystem::perms::none)
    spdlog::warn("tls: others can read the private key in {}; expected mode 0600", files.key.string());
  return std::make_shared<tls_endpoint>(make_tls_context(files), cluster);
}

}  // namespace bulwark
