#include "provenance/es256.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

namespace hotshot::provenance {
namespace {

// RFC 6979, appendix A.2.5.
constexpr const char* kPrivate = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
constexpr const char* kPublic =
    "0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
    "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299";

std::string octets(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

KeyPtr key_of(const char* curve, const char* private_hex, const std::string& public_octets) {
  BIGNUM* number = nullptr;
  BN_hex2bn(&number, private_hex);
  const NumberPtr owner(number);
  OSSL_PARAM_BLD* build = OSSL_PARAM_BLD_new();
  OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0);
  OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number);
  OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, public_octets.data(), public_octets.size());
  OSSL_PARAM* parameters = OSSL_PARAM_BLD_to_param(build);
  const KeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  EVP_PKEY_fromdata_init(context.get());
  EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters);
  OSSL_PARAM_free(parameters);
  OSSL_PARAM_BLD_free(build);
  return KeyPtr(key);
}

TEST(Es256, GivesTheSignaturesOfRfc6979) {
  const KeyPtr key = key_of("prime256v1", kPrivate, octets(kPublic));
  ASSERT_TRUE(key);
  EXPECT_EQ(sign_es256(*key, "sample"), octets("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
                                               "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"));
  EXPECT_EQ(sign_es256(*key, "test"), octets("F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"
                                             "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083"));
}

TEST(Es256, RefusesOtherKeys) {
  const KeyPtr other(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384"));
  EXPECT_THROW(sign_es256(*other, "x"), InvalidArgument);
  const KeyPtr ed(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  EXPECT_THROW(sign_es256(*ed, "x"), InvalidArgument);
}

}  // namespace
}  // namespace hotshot::provenance
