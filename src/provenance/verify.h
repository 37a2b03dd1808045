// What a file says of its origin by content credentials, and whether that holds. Own parsers with bounds: safe on any
// bytes, nothing is fetched.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "provenance/signer.h"

namespace hotshot::provenance {

/// One finding, by its code in C2PA 2.2, 15.2.2.
struct Finding {
  enum class Kind { success, informational, failure };
  Kind kind = Kind::failure;
  std::string code;         // "assertion.bmffHash.mismatch"
  std::string explanation;  // a sentence for people
};

/// What the active manifest says; empty parts are unsaid. Texts come from the file: from anyone.
struct Claimed {
  std::string manifest;           // its label, "urn:c2pa:…"
  std::string instance;           // id of the asset
  std::string generator;          // name of the program that made the claim
  std::string generator_version;  //
  std::string action;             // the first one, "c2pa.created"
  std::string digital_source;     // of that action
  std::string software_agent;     // of that action: for generated media the model
  std::string time;               // of that action, RFC 3339
  std::string issuer;             // organisation of the signer's certificate, or its common name
  std::string signer;             // common name of that certificate
};

struct Verdict {
  bool present = false;  // there is a manifest store
  bool valid = false;    // signature, assertions and the file's bytes are as they were signed
  bool trusted = false;  // valid, and by someone whom the anchors know
  Claimed claimed;
  std::vector<Finding> findings;
};

/// "trusted", "valid", "invalid" or "not_present".
std::string_view state_name(const Verdict& verdict);

/// Of the active manifest in MP4 and its kin, GIF, WebP, PNG and JPEG; not present in other files. Manifests of
/// ingredients are not checked. Throws InvalidArgument, naming the file, when it is missing, empty, or damaged where a
/// manifest would be.
Verdict verify(const std::filesystem::path& file, const Anchors& anchors);

}  // namespace hotshot::provenance
