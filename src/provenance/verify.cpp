#include "provenance/verify.h"

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "provenance/binding.h"
#include "provenance/claim.h"
#include "provenance/cose.h"
#include "provenance/digest.h"

namespace hotshot::provenance {
namespace {

using Kind = Finding::Kind;

/// One file's verification, step by step; each adds what it finds.
class Check {
 public:
  Check(const media::ByteReader& file, const Embedded& embedded, Verdict& out)
      : file_(file), embedded_(embedded), out_(out) {}

  void run(const Anchors& anchors) {
    const std::optional<Claim> claim = guarded("claim.malformed", [&] { return read_claim(embedded_.store); });
    if (!claim) return;
    out_.claimed = claim->claimed;
    check_signature(*claim, anchors);
    check_assertions(*claim);
    check_binding(*claim);
  }

 private:
  void add(Kind kind, std::string code, std::string explanation = {}) {
    out_.findings.push_back({kind, std::move(code), std::move(explanation)});
  }
  void fail(std::string code, std::string explanation) { add(Kind::failure, std::move(code), std::move(explanation)); }

  // The action's result, or the failure `code` where it refuses what it reads.
  template <class Action>
  auto guarded(const char* code, Action action) -> std::optional<decltype(action())> {
    try {
      return action();
    } catch (const ClaimError& error) {
      fail(error.code, error.what());
    } catch (const InvalidArgument& error) {
      fail(code, error.what());
    }
    return std::nullopt;
  }

  void check_signature(const Claim& claim, const Anchors& anchors) {
    const auto signature = guarded("claimSignature.missing", [&] { return parse_signature(claim.signature); });
    if (!signature) return;
    const CertificatePtr certificate = parse_certificate(signature->chain.front());
    if (!certificate) return fail("signingCredential.invalid", "the certificate cannot be read");
    out_.claimed.signer = common_name_of(*certificate);
    out_.claimed.issuer = organisation_of(*certificate);
    if (out_.claimed.issuer.empty()) out_.claimed.issuer = out_.claimed.signer;
    if (!is_known_algorithm(signature->algorithm))
      return fail("algorithm.unsupported", fmt::format("signature algorithm {}", signature->algorithm));
    if (const std::string problem = profile_problem(*certificate); !problem.empty())
      return fail("signingCredential.invalid", "the certificate may not sign claims: " + problem);
    if (signature_matches(*signature, claim.bytes)) {
      add(Kind::success, "claimSignature.validated");
    } else {
      fail("claimSignature.mismatch", "the signature is not of this claim");
    }
    if (is_valid_now(*certificate)) {
      add(Kind::success, "claimSignature.insideValidity");
    } else {
      fail("claimSignature.outsideValidity", signature->has_time_stamp
                                                 ? "the certificate is not valid today; time-stamps are not read here"
                                                 : "the certificate is not valid today");
    }
    if (leads_to(signature->chain, anchors)) {
      add(Kind::success, "signingCredential.trusted");
    } else {
      add(Kind::informational, "signingCredential.untrusted", "the signer is not known here");
    }
  }

  void check_assertions(const Claim& claim) {
    for (const HashedReference& reference : claim.assertions) {
      const jumbf::Superbox* box = claim.assertion(reference);
      if (!box) {
        fail(reference.outside ? "assertion.outsideManifest" : "assertion.missing", reference.url);
      } else if (!Digest::is_known(reference.algorithm)) {
        fail("algorithm.unsupported", fmt::format("{} of {}", reference.algorithm, reference.url));
      } else if (digest_of(reference.algorithm, box->body) != reference.hash) {
        fail("assertion.hashedURI.mismatch", fmt::format("{} was changed", box->label));
      } else {
        add(Kind::success, "assertion.hashedURI.match", box->label);
      }
    }
    for (const std::string& label : claim.undeclared()) fail("assertion.undeclared", label);
  }

  void check_binding(const Claim& claim) {
    const std::vector<const jumbf::Superbox*> bindings = claim.bindings();
    if (bindings.empty()) {
      if (claim.is_update) return fail("general.error", "update manifests are not checked here");
      return fail("claim.hardBindings.missing", "nothing binds the manifest to the file");
    }
    if (bindings.size() > 1) return fail("assertion.multipleHardBindings", "several bind the manifest to the file");
    const jumbf::Superbox& box = *bindings.front();
    const auto assertion = guarded("assertion.cbor.invalid", [&] { return cbor::decode(box.content("cbor")); });
    if (!assertion) return;
    std::string algorithm = assertion->text("alg");
    if (algorithm.empty()) algorithm = claim.algorithm;
    if (!Digest::is_known(algorithm)) return fail("algorithm.unsupported", fmt::format("'{}'", algorithm));
    if (box.label == kDataHash) return check_data_hash(*assertion, algorithm);
    if (box.label == kBoxHash || box.label == "c2pa.hash.bmff.v2") return check_box_hash(*assertion, algorithm);
    fail("general.error", fmt::format("{} is not checked here", box.label));
  }

  void check_data_hash(const cbor::Value& assertion, const std::string& algorithm) {
    const auto excluded =
        guarded("assertion.dataHash.malformed", [&] { return data_exclusions(assertion, file_.size()); });
    if (!excluded) return;
    bool others = false;
    for (const Range& range : *excluded) {
      if (embedded_.block.holds(range)) continue;
      // What lies beside the manifest in its own exclusion could be anything.
      if (embedded_.block.touches(range))
        return fail("assertion.dataHash.mismatch", "more than the manifest is left out of the hash with it");
      others = others || range.begin != range.end;
    }
    if (others)
      add(Kind::informational, "assertion.dataHash.additionalExclusionsPresent", "parts are left out of the hash");
    compare("dataHash", hash_without(file_, algorithm, *excluded), assertion.octets("hash"));
  }

  void check_box_hash(const cbor::Value& assertion, const std::string& algorithm) {
    const auto hash = guarded("assertion.bmffHash.malformed", [&] { return box_hash(file_, algorithm, assertion); });
    if (hash) compare("bmffHash", *hash, assertion.octets("hash"));
  }

  void compare(const char* what, const std::string& hash, const std::string& wanted) {
    if (hash == wanted) return add(Kind::success, fmt::format("assertion.{}.match", what));
    fail(fmt::format("assertion.{}.mismatch", what), "the file was changed after it was signed");
  }

  const media::ByteReader& file_;
  const Embedded& embedded_;
  Verdict& out_;
};

bool has(const Verdict& verdict, const std::function<bool(const Finding&)>& test) {
  return std::any_of(verdict.findings.begin(), verdict.findings.end(), test);
}

}  // namespace

std::string_view state_name(const Verdict& verdict) {
  if (!verdict.present) return "not_present";
  if (!verdict.valid) return "invalid";
  return verdict.trusted ? "trusted" : "valid";
}

Verdict verify(const std::filesystem::path& path, const Anchors& anchors) {
  Verdict verdict;
  const media::ByteReader file(path);
  const Container* container = container_in(file);
  const std::optional<Embedded> embedded = container ? container->find(file) : std::nullopt;
  if (!embedded) return verdict;
  verdict.present = true;
  Check(file, *embedded, verdict).run(anchors);
  verdict.valid = !has(verdict, [](const Finding& f) { return f.kind == Kind::failure; });
  verdict.trusted =
      verdict.valid && has(verdict, [](const Finding& f) { return f.code == "signingCredential.trusted"; });
  return verdict;
}

}  // namespace hotshot::provenance
