#include "provenance/es256.h"

#include <openssl/core_names.h>

#include "base/digest.h"
#include "provenance/digest.h"

namespace hotshot::provenance {
namespace {

constexpr int kOctets = 32;  // of the field, the order and the hash alike

NumberPtr number_of(const std::string& octets) {
  NumberPtr number(BN_secure_new());
  must(number && BN_bin2bn(reinterpret_cast<const unsigned char*>(octets.data()), static_cast<int>(octets.size()),
                           number.get()),
       "read a number");
  return number;
}

std::string octets_of(const BIGNUM* number) {
  std::string octets(kOctets, '\0');
  must(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(octets.data()), kOctets) == kOctets, "write a number");
  return octets;
}

NumberPtr private_number(const EVP_PKEY& key) {
  char group[64] = {};
  std::size_t length = 0;
  const bool named = EVP_PKEY_get_group_name(&key, group, sizeof group, &length) == 1;
  require(named && OBJ_txt2nid(group) == NID_X9_62_prime256v1, "signing",
          "expected a private key on the curve P-256 (prime256v1) but got {}", named ? group : "another kind of key");
  BIGNUM* number = nullptr;
  const bool has = EVP_PKEY_get_bn_param(&key, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1;
  require(has, "signing", "expected a private key but got a public one");
  BN_set_flags(number, BN_FLG_CONSTTIME);
  return NumberPtr(number);
}

/// The sequence of nonces of RFC 6979, section 3.2. Octets come in blocks of the order's own length.
class Nonces {
 public:
  Nonces(const std::string& key_octets, const std::string& reduced_hash) {
    for (const char step : {'\0', '\1'}) {
      k_ = hmac_sha256(k_, v_ + step + key_octets + reduced_hash);
      v_ = hmac_sha256(k_, v_);
    }
  }
  NumberPtr next() {
    if (started_) {
      k_ = hmac_sha256(k_, v_ + '\0');
      v_ = hmac_sha256(k_, v_);
    }
    started_ = true;
    v_ = hmac_sha256(k_, v_);
    return number_of(v_);
  }

 private:
  std::string k_ = std::string(kOctets, '\0'), v_ = std::string(kOctets, '\1');
  bool started_ = false;
};

}  // namespace

std::string sign_es256(const EVP_PKEY& key, std::string_view message) {
  const NumberPtr d = private_number(key), hash = number_of(digest_of("sha256", message));
  const NumberContextPtr context(BN_CTX_secure_new());
  const GroupPtr group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  const NumberPtr r(BN_secure_new()), s(BN_secure_new()), sum(BN_secure_new());
  const PointPtr point(group ? EC_POINT_new(group.get()) : nullptr);
  must(context && r && s && sum && point, "make numbers");
  const BIGNUM* order = EC_GROUP_get0_order(group.get());
  must(BN_nnmod(sum.get(), hash.get(), order, context.get()) == 1, "reduce a hash");
  for (Nonces nonces(octets_of(d.get()), octets_of(sum.get()));;) {
    const NumberPtr k = nonces.next();
    if (BN_is_zero(k.get()) || BN_cmp(k.get(), order) >= 0) continue;
    BN_set_flags(k.get(), BN_FLG_CONSTTIME);
    must(EC_POINT_mul(group.get(), point.get(), k.get(), nullptr, nullptr, context.get()) == 1 &&
             EC_POINT_get_affine_coordinates(group.get(), point.get(), r.get(), nullptr, context.get()) == 1 &&
             BN_nnmod(r.get(), r.get(), order, context.get()) == 1,
         "multiply a point");
    if (BN_is_zero(r.get())) continue;
    // s = (hash + r d) / k
    const NumberPtr inverse(BN_mod_inverse(nullptr, k.get(), order, context.get()));
    must(inverse && BN_mod_mul(sum.get(), r.get(), d.get(), order, context.get()) == 1 &&
             BN_mod_add(sum.get(), sum.get(), hash.get(), order, context.get()) == 1 &&
             BN_mod_mul(s.get(), sum.get(), inverse.get(), order, context.get()) == 1,
         "sign");
    if (!BN_is_zero(s.get())) return octets_of(r.get()) + octets_of(s.get());
  }
}

}  // namespace hotshot::provenance
