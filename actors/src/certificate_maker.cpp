// SPDX-License-Identifier: BSD-3-Clause
#include <fcntl.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "bulwark/actors/certificates.hpp"
#include "certificate_pem.hpp"

namespace bulwark {

namespace {

using namespace std::chrono_literals;
using path = std::filesystem::path;

constexpr std::chrono::days authority_valid{3650};
/// So that clocks of several machines may differ.
constexpr auto backdated = 1h;
/// A node's certificate that ends within this is made anew.
constexpr auto renewed_ahead = 7 * 24h;
constexpr std::size_t cluster_name_max = 200;
/// What X.509 allows a common name.
constexpr std::size_t common_name_max = 64;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("cannot make " + what + ": " + openssl_problem());
}

[[noreturn]] void fail_with_errno(const std::string& what, const path& file) {
  throw std::runtime_error("cannot " + what + " " + file.string() + ": " +
                           std::generic_category().message(errno));
}

/// A certificate with its key.
struct key_pair {
  x509_ptr certificate;
  key_ptr key;
};

void add_extension(X509& to, X509& issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, &issuer, &to, nullptr, nullptr, 0);
  const extension_ptr made{X509V3_EXT_conf_nid(nullptr, &context, kind, value)};
  if (!made || X509_add_ext(&to, made.get(), -1) != 1) fail("a certificate");
}

/// Not by X509V3_EXT_conf_nid: a name may hold what is syntax there.
void add_name(X509& to, const std::string& name) {
  const names_ptr names{GENERAL_NAMES_new()};
  GENERAL_NAME* const one = GENERAL_NAME_new();
  ASN1_IA5STRING* const text = ASN1_IA5STRING_new();
  if (!names || !one || !text) throw std::bad_alloc{};
  ASN1_STRING_set(text, name.data(), static_cast<int>(name.size()));
  GENERAL_NAME_set0_value(one, GEN_DNS, text);
  sk_GENERAL_NAME_push(names.get(), one);
  if (X509_add1_ext_i2d(&to, NID_subject_alt_name, names.get(), 0, 0) != 1) fail("a certificate");
}

void set_random_serial(X509& of) {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) fail("a serial number");
  bytes[0] &= 0x7f;  // it must not be negative
  BIGNUM* const number = BN_bin2bn(bytes, sizeof bytes, nullptr);
  const bool set = number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(&of)) != nullptr;
  BN_free(number);
  if (!set) fail("a serial number");
}

/// All but what tells an authority from a node.
key_pair draft(const std::string& common_name, const certificate_order& order, std::chrono::seconds valid) {
  key_pair made{x509_ptr{X509_new()}, key_ptr{EVP_EC_gen("P-256")}};
  if (!made.certificate || !made.key) fail("a key");
  auto* const certificate = made.certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  set_random_serial(*certificate);
  ASN1_TIME_set(X509_getm_notBefore(certificate),
                std::chrono::system_clock::to_time_t(order.now - backdated));
  ASN1_TIME_set(X509_getm_notAfter(certificate), std::chrono::system_clock::to_time_t(order.now + valid));
  const auto add = [name = X509_get_subject_name(certificate)](const char* field, const std::string& text) {
    const auto shown = text.substr(0, common_name_max);
    if (X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(shown.data()),
                                   static_cast<int>(shown.size()), -1, 0) != 1)
      fail("a subject out of \"" + text + "\"");
  };
  add("O", order.cluster);
  add("CN", common_name);
  X509_set_pubkey(certificate, made.key.get());
  return made;
}

void sign(X509& certificate, EVP_PKEY& key) {
  if (X509_sign(&certificate, &key, EVP_sha256()) <= 0) fail("a signature");
}

key_pair make_authority(const certificate_order& order) {
  auto made = draft("bulwark authority", order, authority_valid);
  auto& own = *made.certificate;
  X509_set_issuer_name(&own, X509_get_subject_name(&own));
  add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(own, own, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(own, own, NID_subject_key_identifier, "hash");
  sign(own, *made.key);
  return made;
}

key_pair make_for_node(const std::string& name, const certificate_order& order, const key_pair& authority) {
  auto made = draft(name.substr(0, name.find('.')), order, order.valid);
  auto& own = *made.certificate;
  auto& issuer = *authority.certificate;
  X509_set_issuer_name(&own, X509_get_subject_name(&issuer));
  add_extension(own, issuer, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(own, issuer, NID_key_usage, "critical,digitalSignature");
  add_extension(own, issuer, NID_ext_key_usage, "serverAuth,clientAuth");
  add_extension(own, issuer, NID_authority_key_identifier, "keyid");
  add_name(own, name);
  sign(own, *authority.key);
  return made;
}

/// A file that appears whole or not at all.
class new_file {
 public:
  new_file(path where, unsigned mode) : where_{std::move(where)}, draft_{where_.string() + ".new"} {
    std::error_code ignored;
    std::filesystem::remove(draft_, ignored);  // of a crash, or not ours to write into
    fd_ = ::open(draft_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd_ < 0) fail_with_errno("create", draft_);
    bio_.reset(BIO_new_fd(fd_, BIO_NOCLOSE));
  }
  ~new_file() {
    if (fd_ >= 0) ::close(fd_);
    ::unlink(draft_.c_str());
  }
  new_file(const new_file&) = delete;
  new_file& operator=(const new_file&) = delete;

  BIO* bio() { return bio_.get(); }
  void publish() {
    if (::fsync(fd_) != 0) fail_with_errno("sync", draft_);
    std::filesystem::rename(draft_, where_);
  }

 private:
  path where_;
  path draft_;
  int fd_ = -1;
  bio_ptr bio_;
};

/// Which of the two files comes first decides what a crash leaves: a key without a certificate is of no harm,
/// and is written over.
void write(const key_pair& made, const path& certificate, const path& key) {
  new_file key_file{key, 0600};
  if (PEM_write_bio_PrivateKey(key_file.bio(), made.key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    fail(key.string());
  key_file.publish();
  new_file certificate_file{certificate, 0644};
  if (PEM_write_bio_X509(certificate_file.bio(), made.certificate.get()) != 1) fail(certificate.string());
  certificate_file.publish();
}

key_pair read_authority(const path& certificate, const path& key) {
  auto chain = read_pem_certificates(certificate, "the authority's certificate");
  key_pair found{std::move(chain.front()), read_pem_key(key)};
  if (X509_check_private_key(found.certificate.get(), found.key.get()) != 1)
    throw std::runtime_error(key.string() + " is not the key of " + certificate.string() +
                             "; expected the two that were made together");
  return found;
}

bool serves_on(const tls_files& files, std::chrono::system_clock::time_point now) {
  std::error_code ignored;
  if (!std::filesystem::exists(files.certificate, ignored) || !std::filesystem::exists(files.key, ignored))
    return false;
  return read_certificate(files.certificate).not_after > now + renewed_ahead;
}

void check(const certificate_order& order) {
  const bool plain = order.cluster.find_first_of("\r\n") == std::string::npos &&
                     order.cluster.find('\0') == std::string::npos;
  if (order.cluster.empty() || order.cluster.size() > cluster_name_max || !plain)
    throw std::runtime_error("\"" + order.cluster +
                             "\" cannot be in a certificate; expected a cluster's name of 1 to " +
                             std::to_string(cluster_name_max) + " bytes, in one line");
  if (order.valid < std::chrono::days{1} || order.valid > authority_valid)
    throw std::runtime_error("certificates cannot be valid for " + std::to_string(order.valid.count()) +
                             " days; expected 1 to " + std::to_string(authority_valid.count()));
}

}  // namespace

tls_files certificate_files(const path& directory, std::uint32_t node) {
  const auto name = "n" + std::to_string(node);
  return {directory / (name + ".crt"), directory / (name + ".key"), directory / "ca.crt"};
}

std::vector<path> make_certificates(const certificate_order& order) {
  check(order);
  std::filesystem::create_directories(order.directory);
  const auto authority_certificate = order.directory / "ca.crt";
  const auto authority_key = order.directory / "ca.key";
  std::vector<path> written;
  if (!std::filesystem::exists(authority_certificate)) {
    write(make_authority(order), authority_certificate, authority_key);
    written.insert(written.end(), {authority_certificate, authority_key});
  }
  std::optional<key_pair> authority;
  for (const auto node : order.nodes) {
    const auto files = certificate_files(order.directory, node);
    const auto name = certificate_name(node, order.cluster);
    if (serves_on(files, order.now)) {
      if (const auto problem = problem_with(files, name); !problem.empty()) throw std::runtime_error(problem);
      continue;
    }
    if (!authority) authority = read_authority(authority_certificate, authority_key);
    write(make_for_node(name, order, *authority), files.certificate, files.key);
    written.insert(written.end(), {files.certificate, files.key});
  }
  return written;
}

}  // namespace bulwark
