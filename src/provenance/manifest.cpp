#include "provenance/manifest.h"

#include "base/error.h"
#include "media/encode.h"
#include "provenance/cose.h"
#include "provenance/digest.h"
#include "provenance/jumbf.h"

namespace hotshot::provenance {
namespace {

constexpr std::string_view kClaimLabel = "c2pa.claim.v2", kSignatureLabel = "c2pa.signature",
                           kAssertionsLabel = "c2pa.assertions", kActionsLabel = "c2pa.actions.v2";

/// A UUID (RFC 9562, version 4 in form) whose bits come from what it names.
std::string uuid_of(std::string_view named) {
  std::string bits = digest_of("sha256", named).substr(0, 16);
  bits[6] = static_cast<char>((bits[6] & 0x0F) | 0x40);
  bits[8] = static_cast<char>((bits[8] & 0x3F) | 0x80);
  std::string text;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", static_cast<std::uint8_t>(bits[i]));
  }
  return text;
}

cbor::Value actions_of(const Statement& statement) {
  cbor::Map created{{"action", "c2pa.created"}, {"digitalSourceType", media::kTrainedAlgorithmicMedia}};
  if (!statement.model.empty()) created.emplace_back("softwareAgent", cbor::Map{{"name", statement.model}});
  return cbor::Map{{"actions", cbor::Array{created}}};
}

/// Assertions as boxes, and as the claim names them.
class Assertions {
 public:
  explicit Assertions(std::string manifest) : manifest_(std::move(manifest)) {}

  void add(std::string_view label, const cbor::Value& assertion) {
    const std::string box = jumbf::cbor_superbox(jumbf::kCbor, label, cbor::encode(assertion));
    // The hash covers the superbox without its header.
    named_.emplace_back(cbor::Map{{"url", url(fmt::format("{}/{}", kAssertionsLabel, label))},
                                  {"hash", cbor::Bytes{digest_of("sha256", std::string_view(box).substr(8))}}});
    boxes_ += box;
  }
  std::string url(std::string_view path) const { return fmt::format("self#jumbf=/c2pa/{}/{}", manifest_, path); }
  const cbor::Array& named() const { return named_; }
  std::string store() const { return jumbf::superbox(jumbf::kAssertions, kAssertionsLabel, boxes_); }

 private:
  std::string manifest_;
  std::string boxes_;
  cbor::Array named_;
};

}  // namespace

std::string build_store(const Identity& identity, const Statement& statement, std::string_view binding_label,
                        const cbor::Value& binding) {
  const cbor::Value actions = actions_of(statement);
  const std::string named = cbor::encode(
      cbor::Array{binding, actions, statement.version, cbor::Bytes{digest_of("sha256", identity.chain.front())}});
  const std::string label = "urn:c2pa:" + uuid_of("manifest" + named);
  Assertions assertions(label);
  assertions.add(kActionsLabel, actions);
  assertions.add(binding_label, binding);
  const std::string claim =
      cbor::encode(cbor::Map{{"alg", "sha256"},
                             {"instanceID", "xmp:iid:" + uuid_of("instance" + named)},
                             {"claim_generator_info", cbor::Map{{"name", "Hotshot"}, {"version", statement.version}}},
                             {"signature", assertions.url(kSignatureLabel)},
                             {"created_assertions", assertions.named()}});
  const std::string manifest = assertions.store() + jumbf::cbor_superbox(jumbf::kClaim, kClaimLabel, claim) +
                               jumbf::cbor_superbox(jumbf::kSignature, kSignatureLabel, sign_claim(identity, claim));
  return jumbf::superbox(jumbf::kStore, "c2pa", jumbf::superbox(jumbf::kManifest, label, manifest));
}

}  // namespace hotshot::provenance
