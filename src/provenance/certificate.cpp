#include "provenance/certificate.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

namespace hotshot::provenance {
namespace {

// c2pa-kp-claimSigning, id-kp-emailProtection and id-kp-documentSigning; earlier versions of C2PA asked for one of the
// last two.
constexpr auto kPurposes =
    std::to_array<std::string_view>({"1.3.6.1.4.1.62558.2.1", "1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36"});
constexpr std::string_view kAnyPurpose = "2.5.29.37.0";
constexpr std::array kSignatures{
    NID_ecdsa_with_SHA256,       NID_ecdsa_with_SHA384,       NID_ecdsa_with_SHA512, NID_sha256WithRSAEncryption,
    NID_sha384WithRSAEncryption, NID_sha512WithRSAEncryption, NID_rsassaPss,         NID_ED25519};
constexpr std::array kCurves{NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1};

std::string name_entry(const X509& certificate, int nid) {
  const X509_NAME* name = X509_get_subject_name(&certificate);
  const int index = X509_NAME_get_index_by_NID(name, nid, -1);
  if (index < 0) return {};
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
  if (size < 0) return {};
  std::string out(reinterpret_cast<char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c < 32 || c == 127; }, ' ');
  return out;
}

std::vector<std::string> purposes_of(const X509& certificate) {
  using Purposes = std::unique_ptr<EXTENDED_KEY_USAGE, Freer<EXTENDED_KEY_USAGE_free>>;
  const Purposes usage(
      static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(&certificate, NID_ext_key_usage, nullptr, nullptr)));
  std::vector<std::string> purposes;
  for (int i = 0; usage && i < sk_ASN1_OBJECT_num(usage.get()); ++i) {
    char text[80] = {};
    OBJ_obj2txt(text, sizeof text, sk_ASN1_OBJECT_value(usage.get(), i), 1);
    purposes.emplace_back(text);
  }
  return purposes;
}

bool is_key_of_profile(const X509& certificate) {
  const EVP_PKEY* key = X509_get0_pubkey(&certificate);
  if (!key) return false;
  const int kind = EVP_PKEY_get_base_id(key);
  if (kind == EVP_PKEY_RSA || kind == EVP_PKEY_RSA_PSS) return EVP_PKEY_get_bits(key) >= 2048;
  if (kind != EVP_PKEY_EC) return kind == EVP_PKEY_ED25519;
  char group[64] = {};
  std::size_t length = 0;
  const bool named = EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1;
  return named && std::find(kCurves.begin(), kCurves.end(), OBJ_txt2nid(group)) != kCurves.end();
}

}  // namespace

CertificatePtr parse_certificate(std::string_view der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const unsigned char* end = bytes;
  CertificatePtr certificate(d2i_X509(nullptr, &end, static_cast<long>(der.size())));
  ERR_clear_error();
  return certificate && end == bytes + der.size() ? std::move(certificate) : nullptr;
}

bool is_self_signed(std::string_view der) {
  const CertificatePtr certificate = parse_certificate(der);
  return certificate && X509_self_signed(certificate.get(), 0) == 1;
}

std::string profile_problem(const X509& const_certificate) {
  auto* certificate = const_cast<X509*>(&const_certificate);  // its flags are computed at first use
  const std::uint32_t flags = X509_get_extension_flags(certificate);
  if (X509_get_version(certificate) != 2) return "it is no X.509 version 3";
  if (flags & EXFLAG_INVALID) return "an extension is malformed";
  if (flags & EXFLAG_CA) return "it is an authority's";
  const int signature = X509_get_signature_nid(certificate);
  if (std::find(kSignatures.begin(), kSignatures.end(), signature) == kSignatures.end())
    return "it is signed by an algorithm that C2PA does not allow";
  if (!is_key_of_profile(*certificate)) return "its key is of a kind or length that C2PA does not allow";
  const ASN1_BIT_STRING *issuer_id = nullptr, *subject_id = nullptr;
  X509_get0_uids(certificate, &issuer_id, &subject_id);
  if (issuer_id || subject_id) return "it has unique ids";
  if (!(flags & EXFLAG_KUSAGE) || !(X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE))
    return "its key may not sign";
  if (X509_get_ext_by_NID(certificate, NID_authority_key_identifier, -1) < 0) return "its authority has no key id";
  const std::vector<std::string> purposes = purposes_of(*certificate);
  const auto has = [&](std::string_view one) {
    return std::find(purposes.begin(), purposes.end(), one) != purposes.end();
  };
  if (has(kAnyPurpose)) return "it is for any purpose";
  if (std::none_of(kPurposes.begin(), kPurposes.end(), has)) return "it is for other purposes than signing claims";
  return {};
}

bool is_valid_now(const X509& certificate) {
  return X509_cmp_current_time(X509_get0_notBefore(&certificate)) < 0 &&
         X509_cmp_current_time(X509_get0_notAfter(&certificate)) > 0;
}

bool leads_to(const std::vector<std::string>& chain, const std::vector<std::string>& anchors) {
  std::vector<CertificatePtr> owned;
  const StorePtr store(X509_STORE_new());
  using Stack = std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * stack) { sk_X509_free(stack); })>;
  const Stack others(sk_X509_new_null());
  const StoreContextPtr context(X509_STORE_CTX_new());
  must(store && others && context, "make a certificate store");
  for (const std::string& anchor : anchors) {
    if (const CertificatePtr certificate = parse_certificate(anchor))
      X509_STORE_add_cert(store.get(), certificate.get());
  }
  for (const std::string& der : chain) {
    owned.push_back(parse_certificate(der));
    if (!owned.back()) return false;
    if (owned.size() > 1) sk_X509_push(others.get(), owned.back().get());
  }
  if (owned.empty()) return false;
  must(X509_STORE_CTX_init(context.get(), store.get(), owned.front().get(), others.get()) == 1, "check a chain");
  X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context.get()), X509_V_FLAG_PARTIAL_CHAIN);
  const bool trusted = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  return trusted;
}

std::string organisation_of(const X509& certificate) { return name_entry(certificate, NID_organizationName); }
std::string common_name_of(const X509& certificate) { return name_entry(certificate, NID_commonName); }

}  // namespace hotshot::provenance
