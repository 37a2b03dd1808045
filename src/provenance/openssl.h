// Owners of what libcrypto makes. Included by the sources of provenance only.
#pragma once

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "base/error.h"

namespace hotshot::provenance {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using DigestPtr = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using CertificatePtr = std::unique_ptr<X509, Freer<X509_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Freer<X509_STORE_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, Freer<X509_STORE_CTX_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, Freer<BN_clear_free>>;
using NumberContextPtr = std::unique_ptr<BN_CTX, Freer<BN_CTX_free>>;
using GroupPtr = std::unique_ptr<EC_GROUP, Freer<EC_GROUP_free>>;
using PointPtr = std::unique_ptr<EC_POINT, Freer<EC_POINT_free>>;

/// Throws std::runtime_error, "[signing] libcrypto cannot …", unless `ok`.
inline void must(bool ok, const char* what) {
  if (ok) return;
  const unsigned long code = ERR_get_error();
  const char* reason = code ? ERR_reason_error_string(code) : nullptr;
  throw_failure("signing", fmt::format("libcrypto cannot {}: {}", what, reason ? reason : "no reason given"));
}

}  // namespace hotshot::provenance
