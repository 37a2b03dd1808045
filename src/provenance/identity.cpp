// Keys and certificates of this machine's own: made, written, read.
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/file.h"
#include "provenance/certificate.h"
#include "provenance/digest.h"

namespace hotshot::provenance {
namespace {

constexpr long kDay = 24 * 3600, kYear = 365 * kDay;
constexpr long kYears = 25;
constexpr std::size_t kMostCertificates = 16;

using MemoryPtr = std::unique_ptr<BIO, Freer<BIO_free_all>>;

KeyPtr new_key() {
  KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  must(key != nullptr, "make a key");
  return key;
}

std::string der_of(X509& certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(&certificate, &bytes);
  must(size > 0, "write a certificate");
  std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

void add_extension(X509& certificate, X509& issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  must(extension != nullptr, "make a certificate's extension");
  const bool added = X509_add_ext(&certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  must(added, "extend a certificate");
}

/// A certificate of `key`, all but its extensions and signature.
CertificatePtr draft(EVP_PKEY& key, const std::string& common_name, const X509* issuer) {
  CertificatePtr certificate(X509_new());
  must(certificate != nullptr, "make a certificate");
  std::string serial(16, '\0');
  must(RAND_bytes(reinterpret_cast<unsigned char*>(serial.data()), 16) == 1, "draw a number");
  serial[0] = static_cast<char>((serial[0] & 0x7F) | 0x40);  // positive, always as long
  const NumberPtr number(BN_bin2bn(reinterpret_cast<const unsigned char*>(serial.data()), 16, nullptr));
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const auto add = [&](const char* field, const std::string& text) {
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.data()),
                                      static_cast<int>(text.size()), -1, 0) == 1;
  };
  // From yesterday, for clocks that are slow.
  must(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get())) &&
           X509_set_version(certificate.get(), 2) == 1 && X509_set_pubkey(certificate.get(), &key) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay) &&
           X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kYears * kYear) && add("O", "Hotshot") &&
           add("CN", common_name) &&
           X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer ? issuer : certificate.get())) == 1,
       "fill in a certificate");
  return certificate;
}

std::string short_name_of(EVP_PKEY& key) {
  unsigned char* bytes = nullptr;
  const int size = i2d_PUBKEY(&key, &bytes);
  must(size > 0, "write a key");
  const std::string digest = digest_of("sha256", {reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size)});
  OPENSSL_free(bytes);
  std::string hex;
  for (int i = 0; i < 4; ++i) hex += fmt::format("{:02x}", static_cast<std::uint8_t>(digest[i]));
  return hex;
}

std::string text_of(BIO* memory) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory, &text);
  return {text, static_cast<std::size_t>(size)};
}

MemoryPtr memory_of(const std::string& text) {
  MemoryPtr memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  must(memory != nullptr, "read a file");
  return memory;
}

// An encrypted key would ask at the terminal; nobody is there to answer.
int no_password(char*, int, int, void*) { return -1; }

}  // namespace

Identity make_identity() {
  const KeyPtr authority_key = new_key();
  Identity identity{.key = new_key(), .chain = {}};
  const std::string name = short_name_of(*identity.key);
  const CertificatePtr authority = draft(*authority_key, "Hotshot local authority " + name, nullptr);
  add_extension(*authority, *authority, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(*authority, *authority, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(*authority, *authority, NID_subject_key_identifier, "hash");
  must(X509_sign(authority.get(), authority_key.get(), EVP_sha256()) > 0, "sign a certificate");
  const CertificatePtr own = draft(*identity.key, "Hotshot local signer " + name, authority.get());
  add_extension(*own, *authority, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(*own, *authority, NID_key_usage, "critical,digitalSignature");
  add_extension(*own, *authority, NID_ext_key_usage, "1.3.6.1.4.1.62558.2.1,1.3.6.1.5.5.7.3.36");
  add_extension(*own, *authority, NID_subject_key_identifier, "hash");
  add_extension(*own, *authority, NID_authority_key_identifier, "keyid:always");
  must(X509_sign(own.get(), authority_key.get(), EVP_sha256()) > 0, "sign a certificate");
  identity.chain = {der_of(*own), der_of(*authority)};
  return identity;
}

void write_identity(const Identity& identity, const std::filesystem::path& folder) {
  const MemoryPtr key_text(BIO_new(BIO_s_mem())), chain_text(BIO_new(BIO_s_mem()));
  must(
      key_text && chain_text &&
          PEM_write_bio_PKCS8PrivateKey(key_text.get(), identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
      "write a key");
  for (const std::string& der : identity.chain) {
    const CertificatePtr certificate = parse_certificate(der);
    must(certificate && PEM_write_bio_X509(chain_text.get(), certificate.get()) == 1, "write a certificate");
  }
  write_file(folder / kKeyFile, text_of(key_text.get()));
  using std::filesystem::perms;
  std::filesystem::permissions(folder / kKeyFile, perms::owner_read | perms::owner_write);
  write_file(folder / kChainFile, text_of(chain_text.get()));
}

std::vector<std::string> read_certificates(const std::filesystem::path& path) {
  const std::string text = read_file(path, 1u << 20);
  const MemoryPtr memory = memory_of(text);
  std::vector<std::string> certificates;
  while (const CertificatePtr certificate{PEM_read_bio_X509(memory.get(), nullptr, no_password, nullptr)}) {
    certificates.push_back(der_of(*certificate));
    require(certificates.size() <= kMostCertificates, "signing", "expected at most {} certificates in {}",
            kMostCertificates, path.string());
  }
  ERR_clear_error();
  require(!certificates.empty(), "signing", "expected certificates (PEM) in {} but found none", path.string());
  return certificates;
}

Identity read_identity(const std::filesystem::path& folder) {
  const std::filesystem::path key = folder / kKeyFile, chain = folder / kChainFile;
  Identity identity{.key = nullptr, .chain = read_certificates(chain)};
  const std::string text = read_file(key, 64u << 10);
  identity.key.reset(PEM_read_bio_PrivateKey(memory_of(text).get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  require(identity.key != nullptr, "signing", "expected a private key (PEM, not encrypted) in {}", key.string());
  const CertificatePtr own = parse_certificate(identity.chain.front());
  require(own && X509_check_private_key(own.get(), identity.key.get()) == 1, "signing",
          "expected the certificate of the key {} first in {} but got another's", key.string(), chain.string());
  const std::string problem = profile_problem(*own);
  require(problem.empty(), "signing", "expected a certificate that may sign claims (C2PA 14.5) first in {} but {}",
          chain.string(), problem);
  require(is_valid_now(*own), "signing", "expected a certificate that is valid today first in {}", chain.string());
  return identity;
}

}  // namespace hotshot::provenance
