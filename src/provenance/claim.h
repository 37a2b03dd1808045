// A claim and its assertions, read out of a manifest store.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "provenance/jumbf.h"
#include "provenance/verify.h"

namespace hotshot::provenance {

/// What is wrong with a store, with its code in C2PA 2.2, 15.2.2.
class ClaimError : public InvalidArgument {
 public:
  ClaimError(std::string code_, const std::string& message) : InvalidArgument(message), code(std::move(code_)) {}
  std::string code;
};

/// How a claim names an assertion.
struct HashedReference {
  std::string url;
  std::string label;      // "" where the address is none of this manifest's assertions
  bool outside = false;   // of another manifest
  std::string algorithm;  // its own or the claim's
  std::string hash;
};

/// The active manifest: the last one of the store. Points into the store's bytes.
struct Claim {
  Claimed claimed;             // all but what the certificate says
  std::string_view bytes;      // what is signed
  std::string_view signature;  // CBOR
  std::string algorithm;       // of hashes that name none
  bool is_update = false;      // says something of an earlier manifest, binds no bytes itself
  std::vector<HashedReference> assertions;
  jumbf::Superbox assertion_store;

  /// Null where there is none, or several.
  const jumbf::Superbox* assertion(const HashedReference& reference) const;
  /// Labels of assertions that the claim does not name.
  std::vector<std::string> undeclared() const;
  /// Those that bind the manifest to bytes and that the claim names.
  std::vector<const jumbf::Superbox*> bindings() const;
};

/// Of version 2 ("c2pa.claim.v2") and 1 ("c2pa.claim"). Throws ClaimError, or InvalidArgument from the parsers below.
Claim read_claim(std::string_view store);

}  // namespace hotshot::provenance
