#include "provenance/digest.h"

#include "provenance/openssl.h"

namespace hotshot::provenance {
namespace {

const EVP_MD* method_of(std::string_view algorithm) {
  if (algorithm == "sha256") return EVP_sha256();
  if (algorithm == "sha384") return EVP_sha384();
  return algorithm == "sha512" ? EVP_sha512() : nullptr;
}

}  // namespace

struct Digest::State {
  DigestPtr context{EVP_MD_CTX_new()};
};

Digest::Digest(std::string_view algorithm) : state_(std::make_unique<State>()) {
  const EVP_MD* method = method_of(algorithm);
  if (!method) throw_unknown("digest", algorithm, {"sha256", "sha384", "sha512"});
  must(state_->context && EVP_DigestInit_ex(state_->context.get(), method, nullptr) == 1, "hash");
}

Digest::~Digest() = default;

void Digest::add(std::string_view bytes) {
  must(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1, "hash");
}

std::string Digest::finish() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  must(EVP_DigestFinal_ex(state_->context.get(), digest, &size) == 1, "hash");
  return {reinterpret_cast<const char*>(digest), size};
}

bool Digest::is_known(std::string_view algorithm) { return method_of(algorithm) != nullptr; }

std::string digest_of(std::string_view algorithm, std::string_view bytes) {
  Digest digest(algorithm);
  digest.add(bytes);
  return digest.finish();
}

}  // namespace hotshot::provenance
