#include "provenance/claim.h"

#include <algorithm>
#include <set>

#include "provenance/cbor.h"

namespace hotshot::provenance {
namespace {

using jumbf::Superbox;

constexpr std::string_view kPrefix = "self#jumbf=";
constexpr std::string_view kAssertionPath = "c2pa.assertions/";
constexpr std::size_t kMostAssertions = 256;

/// An address within a manifest, "c2pa.assertions/c2pa.actions"; empty where it leads elsewhere.
std::string_view path_in(std::string_view url, std::string_view manifest) {
  if (!url.starts_with(kPrefix)) return {};
  url.remove_prefix(kPrefix.size());
  if (!url.starts_with('/')) return url;
  const std::string root = fmt::format("/c2pa/{}/", manifest);
  return url.starts_with(root) ? url.substr(root.size()) : std::string_view();
}

bool is_manifest(const Superbox& box) {
  return box.type == jumbf::kManifest || box.type == jumbf::kOldManifest || box.type == jumbf::kUpdate;
}

const Superbox& claim_box(const Superbox& manifest) {
  const Superbox* found = nullptr;
  for (const Superbox& box : manifest.children) {
    if (box.type != jumbf::kClaim) continue;
    if (found) throw ClaimError("claim.multiple", "expected one claim but got several");
    found = &box;
  }
  if (!found) throw ClaimError("claim.missing", "expected a claim in the manifest but got none");
  return *found;
}

HashedReference reference_of(const cbor::Value& named, const Claim& claim) {
  HashedReference reference{.url = named.text("url"), .algorithm = named.text("alg"), .hash = named.octets("hash")};
  if (reference.algorithm.empty()) reference.algorithm = claim.algorithm;
  const std::string_view path = path_in(reference.url, claim.claimed.manifest);
  reference.outside = path.empty();
  if (path.starts_with(kAssertionPath)) reference.label = path.substr(kAssertionPath.size());
  return reference;
}

cbor::Value decode_or(std::string_view bytes, const char* code) {
  try {
    return cbor::decode(bytes);
  } catch (const InvalidArgument& error) {
    throw ClaimError(code, error.what());
  }
}

/// The name and version of a generator: a map, a list of maps, or one text (claims of version 1).
void read_generator(const cbor::Value& claim, Claimed& out) {
  const cbor::Value* info = claim.find("claim_generator_info");
  const cbor::Array& several = claim.list("claim_generator_info");
  if (!several.empty()) info = &several.front();
  if (info) out.generator = info->text("name"), out.generator_version = info->text("version");
  if (out.generator.empty()) out.generator = claim.text("claim_generator");
}

/// What the first action says.
void read_action(const Superbox& box, Claimed& out) {
  const cbor::Value value = decode_or(box.content("cbor"), "assertion.cbor.invalid");
  const cbor::Array& actions = value.list("actions");
  if (actions.empty()) throw ClaimError("assertion.action.malformed", "expected at least one action but got none");
  const cbor::Value& first = actions.front();
  out.action = first.text("action");
  out.digital_source = first.text("digitalSourceType");
  out.time = first.text("when");
  out.software_agent = first.text("softwareAgent");
  const cbor::Value* agent = first.find("softwareAgent");
  const cbor::Value* index = first.find("softwareAgentIndex");
  const cbor::Array& agents = value.list("softwareAgents");
  const std::int64_t* at = index ? index->as<std::int64_t>() : nullptr;
  if (at && *at >= 0 && static_cast<std::uint64_t>(*at) < agents.size()) agent = &agents[static_cast<std::size_t>(*at)];
  if (agent && out.software_agent.empty()) out.software_agent = agent->text("name");
}

void read_assertions(const cbor::Value& value, Claim& claim) {
  for (const char* list : {"created_assertions", "gathered_assertions", "assertions"}) {
    for (const cbor::Value& named : value.list(list)) {
      if (claim.assertions.size() >= kMostAssertions)
        throw ClaimError("claim.malformed", "expected at most 256 assertions");
      claim.assertions.push_back(reference_of(named, claim));
    }
  }
  if (claim.assertions.empty()) throw ClaimError("claim.malformed", "expected a claim that names assertions");
}

}  // namespace

const Superbox* Claim::assertion(const HashedReference& reference) const {
  return reference.label.empty() ? nullptr : assertion_store.child(reference.label);
}

std::vector<std::string> Claim::undeclared() const {
  std::set<std::string_view> named;
  for (const HashedReference& reference : assertions) named.insert(reference.label);
  std::vector<std::string> labels;
  for (const Superbox& box : assertion_store.children) {
    if (!named.contains(box.label)) labels.push_back(box.label);
  }
  return labels;
}

std::vector<const Superbox*> Claim::bindings() const {
  std::vector<const Superbox*> found;
  for (const HashedReference& reference : assertions) {
    const Superbox* box = assertion(reference);
    if (box && box->label.starts_with("c2pa.hash.") && box->label != "c2pa.hash.multi-asset") found.push_back(box);
  }
  return found;
}

Claim read_claim(std::string_view store) {
  const Superbox root = jumbf::parse(store);
  const auto manifest = std::find_if(root.children.rbegin(), root.children.rend(), is_manifest);
  if (root.type != jumbf::kStore || manifest == root.children.rend())
    throw ClaimError("claim.missing", "expected a manifest in the store but got none");
  const Superbox& box = claim_box(*manifest);
  const Superbox* assertions = manifest->child("c2pa.assertions");
  const Superbox* signature = manifest->child("c2pa.signature");
  if (!assertions) throw ClaimError("claim.malformed", "expected assertions in the manifest but got none");
  Claim claim{.claimed = {.manifest = manifest->label},
              .bytes = box.content("cbor"),
              .is_update = manifest->type == jumbf::kUpdate,
              .assertion_store = *assertions};
  const cbor::Value value = decode_or(claim.bytes, "claim.cbor.invalid");
  if (!signature || path_in(value.text("signature"), manifest->label) != "c2pa.signature")
    throw ClaimError("claimSignature.missing", "expected a claim with a signature in its manifest");
  claim.signature = signature->content("cbor");
  claim.algorithm = value.text("alg");
  claim.claimed.instance = value.text("instanceID");
  read_generator(value, claim.claimed);
  if (claim.claimed.instance.empty() || claim.claimed.generator.empty())
    throw ClaimError("claim.malformed", "expected a claim with instanceID and the name of its generator");
  read_assertions(value, claim);
  for (const HashedReference& reference : claim.assertions) {
    const Superbox* actions = claim.assertion(reference);
    if (!actions || !actions->label.starts_with("c2pa.actions")) continue;
    read_action(*actions, claim.claimed);
    break;
  }
  return claim;
}

}  // namespace hotshot::provenance
