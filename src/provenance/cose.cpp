#include "provenance/cose.h"

#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>

#include "provenance/cbor.h"
#include "provenance/es256.h"

namespace hotshot::provenance {
namespace {

constexpr std::int64_t kAlgorithmLabel = 1, kChainLabel = 33, kEs256 = -7;
constexpr std::uint64_t kSign1Tag = 18;
constexpr std::size_t kMostCertificates = 16;

struct Algorithm {
  std::int64_t id;
  int key;
  const EVP_MD* (*digest)();
  std::size_t half;  // bytes of r and of s; 0 where the signature is one string
};
constexpr auto kAlgorithms = std::to_array<Algorithm>({
    {kEs256, EVP_PKEY_EC, EVP_sha256, 32},
    {-35, EVP_PKEY_EC, EVP_sha384, 48},
    {-36, EVP_PKEY_EC, EVP_sha512, 66},
    {-37, EVP_PKEY_RSA, EVP_sha256, 0},
    {-38, EVP_PKEY_RSA, EVP_sha384, 0},
    {-39, EVP_PKEY_RSA, EVP_sha512, 0},
    {-8, EVP_PKEY_ED25519, nullptr, 0},
});

const Algorithm* find_algorithm(std::int64_t id) {
  const auto row =
      std::find_if(kAlgorithms.begin(), kAlgorithms.end(), [id](const Algorithm& a) { return a.id == id; });
  return row == kAlgorithms.end() ? nullptr : &*row;
}

std::string signed_bytes(const std::string& protected_header, std::string_view claim) {
  return cbor::encode(
      cbor::Array{"Signature1", cbor::Bytes{protected_header}, cbor::Bytes{}, cbor::Bytes{std::string(claim)}});
}

/// r and s side by side → DER, which libcrypto wants.
std::string der_of_halves(const std::string& halves) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(halves.data());
  const int half = static_cast<int>(halves.size() / 2);
  const std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>> pair(ECDSA_SIG_new());
  NumberPtr r(BN_bin2bn(bytes, half, nullptr)), s(BN_bin2bn(bytes + half, half, nullptr));
  must(pair && r && s && ECDSA_SIG_set0(pair.get(), r.release(), s.release()) == 1, "read a signature");
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  must(size > 0, "write a signature");
  std::string out(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

bool is_right_key(const EVP_PKEY* key, const Algorithm& algorithm) {
  const int kind = key ? EVP_PKEY_get_base_id(key) : 0;
  return kind == algorithm.key || (algorithm.key == EVP_PKEY_RSA && kind == EVP_PKEY_RSA_PSS);
}

/// x5chain by its number or, as earlier versions had it, by its name; a single certificate stands alone.
std::vector<std::string> chain_in(const cbor::Value& header) {
  const cbor::Value* found = header.find(kChainLabel);
  if (!found) found = header.find("x5chain");
  std::vector<std::string> chain;
  if (!found) return chain;
  if (const auto* one = found->as<cbor::Bytes>()) chain.push_back(one->octets);
  if (const auto* several = found->as<cbor::Array>()) {
    for (const cbor::Value& one : *several) {
      const auto* der = one.as<cbor::Bytes>();
      require(der != nullptr, "cose", "expected certificates as byte strings");
      chain.push_back(der->octets);
    }
  }
  return chain;
}

}  // namespace

std::string sign_claim(const Identity& identity, std::string_view claim) {
  cbor::Array chain;
  for (const std::string& der : identity.chain) {
    if (!is_self_signed(der) || chain.empty()) chain.emplace_back(cbor::Bytes{der});
  }
  const cbor::Value certificates = chain.size() == 1 ? chain.front() : cbor::Value(chain);
  const std::string header = cbor::encode(cbor::Map{{kAlgorithmLabel, kEs256}, {kChainLabel, certificates}});
  const std::string signature = sign_es256(*identity.key, signed_bytes(header, claim));
  return cbor::encode(
      cbor::tagged(kSign1Tag, cbor::Array{cbor::Bytes{header}, cbor::Map{}, cbor::Value(), cbor::Bytes{signature}}));
}

CoseSignature parse_signature(std::string_view bytes) {
  const cbor::Value value = cbor::decode(bytes);
  const auto* parts = value.as<cbor::Array>();
  require(parts && parts->size() == 4, "cose", "expected a COSE_Sign1 of four parts");
  const auto* header = (*parts)[0].as<cbor::Bytes>();
  const auto* signature = (*parts)[3].as<cbor::Bytes>();
  require(header && signature, "cose", "expected a COSE_Sign1 with header and signature");
  const cbor::Value protected_header = cbor::decode(header->octets);
  const cbor::Value& open_header = (*parts)[1];
  CoseSignature out{.protected_header = header->octets, .signature = signature->octets};
  const cbor::Value* algorithm = protected_header.find(kAlgorithmLabel);
  require(algorithm && algorithm->as<std::int64_t>(), "cose", "expected a signature that names its algorithm");
  out.algorithm = *algorithm->as<std::int64_t>();
  out.chain = chain_in(protected_header);
  const std::vector<std::string> open_chain = chain_in(open_header);
  require(out.chain.empty() || open_chain.empty(), "cose", "expected one chain of certificates but got two");
  if (out.chain.empty()) out.chain = open_chain;
  require(!out.chain.empty() && out.chain.size() <= kMostCertificates, "cose",
          "expected 1 to {} certificates but got {}", kMostCertificates, out.chain.size());
  out.has_time_stamp = open_header.find("sigTst") || open_header.find("sigTst2");
  return out;
}

bool is_known_algorithm(std::int64_t algorithm) { return find_algorithm(algorithm) != nullptr; }

bool signature_matches(const CoseSignature& said, std::string_view claim) {
  const Algorithm* algorithm = find_algorithm(said.algorithm);
  const CertificatePtr certificate = parse_certificate(said.chain.front());
  EVP_PKEY* key = certificate ? X509_get0_pubkey(certificate.get()) : nullptr;
  if (!algorithm || !is_right_key(key, *algorithm)) return false;
  if (algorithm->half != 0 && said.signature.size() != 2 * algorithm->half) return false;
  const std::string signature = algorithm->half == 0 ? said.signature : der_of_halves(said.signature);
  const std::string message = signed_bytes(said.protected_header, claim);
  const DigestPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;  // the context's
  must(context != nullptr, "check a signature");
  bool ok = EVP_DigestVerifyInit(context.get(), &options, algorithm->digest ? algorithm->digest() : nullptr, nullptr,
                                 key) == 1;
  if (ok && algorithm->key == EVP_PKEY_RSA) {
    ok = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1;
  }
  ok = ok && EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                              reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
  ERR_clear_error();
  return ok;
}

}  // namespace hotshot::provenance
