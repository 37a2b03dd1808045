// SHA-2 of bytes that come in pieces, by the names that C2PA gives the algorithms.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace hotshot::provenance {

class Digest {
 public:
  /// "sha256", "sha384" or "sha512"; is_known() says whether a name is one of them.
  explicit Digest(std::string_view algorithm);
  ~Digest();
  void add(std::string_view bytes);
  /// The raw digest; once.
  std::string finish();

  static bool is_known(std::string_view algorithm);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string digest_of(std::string_view algorithm, std::string_view bytes);

}  // namespace hotshot::provenance
