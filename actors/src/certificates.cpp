// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/certificates.hpp"

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <stdexcept>
#include <system_error>

#include "certificate_pem.hpp"

namespace bulwark {

namespace {

using time_point = std::chrono::system_clock::time_point;

std::string subject_text(const X509_NAME* name) {
  const bio_ptr out{BIO_new(BIO_s_mem())};
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

time_point time_of(const ASN1_TIME* when) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(when, &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

std::string date_text(const ASN1_TIME* when) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(when, &parts) != 1) return "an unreadable date";
  char text[32];
  const auto size = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return {text, size};
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& one : names) text += (text.empty() ? "" : ", ") + one;
  return text.empty() ? "none" : text;
}

/// A certificate must do at both ends of a connection: each pair of nodes has one, and either may dial.
std::string signing_problem(const std::vector<x509_ptr>& chain, const std::vector<x509_ptr>& authorities) {
  const store_ptr store{X509_STORE_new()};
  for (const auto& one : authorities) X509_STORE_add_cert(store.get(), one.get());
  STACK_OF(X509)* const between = sk_X509_new_null();
  for (std::size_t at = 1; at < chain.size(); ++at) sk_X509_push(between, chain[at].get());
  std::string problem;
  for (const int purpose : {X509_PURPOSE_SSL_SERVER, X509_PURPOSE_SSL_CLIENT}) {
    const store_context_ptr context{X509_STORE_CTX_new()};
    X509_STORE_CTX_init(context.get(), store.get(), chain.front().get(), between);
    X509_STORE_CTX_set_purpose(context.get(), purpose);
    if (X509_verify_cert(context.get()) == 1) continue;
    problem = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
    break;
  }
  sk_X509_free(between);
  ERR_clear_error();
  return problem;
}

std::string problem_with_certificate(const tls_files& files, const std::string& name) {
  const auto chain = read_pem_certificates(files.certificate, "--tls-cert");
  const auto key = read_pem_key(files.key);
  const auto authorities = read_pem_certificates(files.authority, "--tls-ca");
  const auto& own = *chain.front();
  const auto file = files.certificate.string();
  if (X509_check_private_key(&own, key.get()) != 1) {
    ERR_clear_error();
    return "the private key in " + files.key.string() + " is not that of the certificate in " + file +
           "; expected the two that were made together";
  }
  if (X509_cmp_current_time(X509_get0_notAfter(&own)) < 0)
    return "the certificate in " + file + " ended on " + date_text(X509_get0_notAfter(&own)) +
           "; expected one that is in force";
  if (X509_cmp_current_time(X509_get0_notBefore(&own)) > 0)
    return "the certificate in " + file + " begins on " + date_text(X509_get0_notBefore(&own)) +
           "; expected one that is in force";
  if (const auto problem = signing_problem(chain, authorities); !problem.empty())
    return "the certificate in " + file + " does not hold before " + files.authority.string() + ": " +
           problem + "; expected one that it signed, for TLS clients and servers";
  const auto names = names_in(own);
  for (const auto& one : names)
    if (one == name) return {};
  return "the certificate in " + file + " is that of " + joined(names) + "; expected the name " + name +
         " (subjectAltName, DNS)";
}

}  // namespace

std::vector<std::string> names_in(const X509& certificate) {
  const names_ptr all{
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr))};
  std::vector<std::string> names;
  for (int at = 0; all && at < sk_GENERAL_NAME_num(all.get()); ++at) {
    int kind = 0;
    const auto* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all.get(), at), &kind);
    if (kind != GEN_DNS) continue;
    const auto* text = static_cast<const ASN1_STRING*>(value);
    names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                       static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  return names;
}

std::vector<x509_ptr> read_pem_certificates(const std::filesystem::path& file, const std::string& role) {
  const auto bio = open_pem(file, role);
  std::vector<x509_ptr> found;
  while (auto* one = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) found.emplace_back(one);
  ERR_clear_error();
  if (found.empty())
    throw std::runtime_error(file.string() + " (" + role +
                             ") holds no certificate; expected PEM text with -----BEGIN CERTIFICATE-----");
  return found;
}

key_ptr read_pem_key(const std::filesystem::path& file) {
  const auto bio = open_pem(file, "--tls-key");
  // Nobody is there to type a password.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  key_ptr key{PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr)};
  ERR_clear_error();
  if (!key)
    throw std::runtime_error(file.string() +
                             " (--tls-key) holds no private key that can be read; expected PEM text with "
                             "-----BEGIN PRIVATE KEY-----, not encrypted");
  return key;
}

bio_ptr open_pem(const std::filesystem::path& file, const std::string& role) {
  errno = 0;
  // A named pipe without a writer would never come back.
  std::error_code error;
  const bool regular = std::filesystem::is_regular_file(file, error);
  bio_ptr bio{regular ? BIO_new_file(file.c_str(), "r") : nullptr};
  if (!bio) {
    const auto why = error      ? error.message()
                     : !regular ? std::string{"it is no regular file"}
                                : std::generic_category().message(errno);
    ERR_clear_error();
    throw std::runtime_error("cannot read " + file.string() + " (" + role + "): " + why +
                             "; expected a file in PEM format");
  }
  return bio;
}

std::string certificate_name(std::uint32_t node, std::string_view cluster) {
  return "n" + std::to_string(node) + "." + std::string{cluster};
}

certificate_facts read_certificate(const std::filesystem::path& file) {
  const auto chain = read_pem_certificates(file, "certificate");
  auto* const first = chain.front().get();
  return {.subject = subject_text(X509_get_subject_name(first)),
          .issuer = subject_text(X509_get_issuer_name(first)),
          .names = names_in(*first),
          .not_before = time_of(X509_get0_notBefore(first)),
          .not_after = time_of(X509_get0_notAfter(first)),
          .authority = X509_check_ca(first) == 1};
}

std::string problem_with(const tls_files& files, const std::string& name) {
  if (!files.complete())
    return "TLS needs a certificate, its key and the authority's certificate; expected all three of "
           "--tls-cert, --tls-key and --tls-ca";
  try {
    return problem_with_certificate(files, name);
  } catch (const std::runtime_error& problem) {
    return problem.what();
  }
}

}  // namespace bulwark
