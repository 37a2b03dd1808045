// JUMBF (ISO/IEC 19566-5): the labelled boxes of a manifest store.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hotshot::provenance::jumbf {

/// Types of superboxes: the first four bytes of their UUID, whose rest is the same for all that C2PA names.
inline constexpr std::string_view kStore = "c2pa", kManifest = "c2ma", kOldManifest = "c2md", kUpdate = "c2um",
                                  kAssertions = "c2as", kClaim = "c2cl", kSignature = "c2cs", kCbor = "cbor";

/// A box with its header.
std::string box(std::string_view type, std::string_view content);
/// A superbox: its description with type and label, then `content`, boxes as they are.
std::string superbox(std::string_view type, std::string_view label, std::string_view content);
/// A superbox that holds one CBOR box.
std::string cbor_superbox(std::string_view type, std::string_view label, std::string_view cbor);

/// A superbox as read; the views point into the bytes it was parsed from.
struct Superbox {
  std::string type;       // four bytes; empty where the UUID is none of C2PA's
  std::string label;      // "" where it has none
  std::string_view body;  // description and content: what hashes of a box cover
  std::vector<Superbox> children;
  std::vector<std::pair<std::string, std::string_view>> contents;  // other boxes: type and content

  /// The only child of this label; null where there is none, or several.
  const Superbox* child(std::string_view label) const;
  /// The content of its first box of a type; empty where there is none.
  std::string_view content(std::string_view type) const;
};

/// The superbox that `bytes` begin with; zeros behind it are padding. Throws InvalidArgument, "[jumbf] …", for what is
/// none, is damaged, nested deeper than 12 or has more than 4,096 boxes.
Superbox parse(std::string_view bytes);

}  // namespace hotshot::provenance::jumbf
