// Says in a file, under signature, who made it and how: C2PA 2.2 content credentials.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hotshot::provenance {

/// What a manifest says besides what binds it to its bytes.
struct Statement {
  std::string version;     // of Hotshot
  std::string model = {};  // whose network made it; "" leaves it unsaid
};

/// Certificates, DER: a signature whose chain leads to one of them, or is one's own, is trusted.
using Anchors = std::vector<std::string>;

/// A key with its certificates. Thread-safe.
class Signer {
 public:
  /// From key.pem and chain.pem (PEM; the key's own certificate first) of a folder. Where there is no folder, or an
  /// empty one, a local authority certifies a new key once. Throws InvalidArgument, "[signing] …".
  static Signer open(const std::filesystem::path& folder);

  /// Adds a manifest to a finished file, whole or not at all: made by a trained model, by `statement`. No time and no
  /// chance is in it: the same key, bytes and statement give the same file. False, and nothing done, where the kind of
  /// file has no place for one (WebM). InvalidArgument for one that has a manifest already or is damaged.
  bool sign(const std::filesystem::path& file, const Statement& statement) const;

  ~Signer();
  Signer(Signer&&) noexcept;
  Signer& operator=(Signer&&) noexcept;

 private:
  struct State;
  explicit Signer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The first certificate of a signing folder's chain.pem, which is its key's own, and all of its trust.pem (other
/// machines, earlier keys, authorities); none where there are no such files. InvalidArgument where they are no PEM.
Anchors read_anchors(const std::filesystem::path& folder);

/// The bytes of a file as they were before it was signed; as they are where it is not.
std::string without_manifest(const std::filesystem::path& file);

}  // namespace hotshot::provenance
