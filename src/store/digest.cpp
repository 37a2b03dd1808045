#include <openssl/evp.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

#include "base/error.h"
#include "store/blobs.h"

namespace hotshot::store {
namespace {

class Sha256 {
 public:
  Sha256() {
    ensure(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1, "digest", "no SHA-256");
  }

  void add(std::string_view bytes) {
    ensure(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1, "digest", "SHA-256 failed");
  }

  std::string hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    ensure(EVP_DigestFinal_ex(context_.get(), digest, &size) == 1, "digest", "SHA-256 failed");
    std::string text;
    for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

}  // namespace

std::string sha256_text(std::string_view bytes) {
  Sha256 digest;
  digest.add(bytes);
  return digest.hex();
}

std::string sha256_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  ensure(in.good(), "digest", "cannot read {}: {}", path.string(), std::strerror(errno));
  Sha256 digest;
  std::string buffer(1 << 20, '\0');
  do {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    digest.add({buffer.data(), static_cast<std::size_t>(in.gcount())});
  } while (in.good());
  ensure(in.eof(), "digest", "cannot read {}: {}", path.string(), std::strerror(errno));
  return digest.hex();
}

}  // namespace hotshot::store
