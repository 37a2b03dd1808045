// Hard bindings: the hash that ties a manifest to the bytes of its file (C2PA 2.2, 18.5 and 18.6).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "media/byte_reader.h"
#include "provenance/cbor.h"
#include "provenance/embedding.h"

namespace hotshot::provenance {

inline constexpr std::string_view kDataHash = "c2pa.hash.data", kBoxHash = "c2pa.hash.bmff.v3";

/// The assertion that binds a file with a store in `block`: the hash as given, of SHA-256.
cbor::Value data_binding(const Range& block, std::string hash);
cbor::Value box_binding(std::string hash);

/// SHA-2 over the file without `excluded`, which are in order and apart.
std::string hash_without(const media::ByteReader& file, std::string_view algorithm, const std::vector<Range>& excluded);

/// The byte ranges that a data hash leaves out, in order. InvalidArgument, "[binding] …", where they overlap, are not
/// in order or go past the file's end.
std::vector<Range> data_exclusions(const cbor::Value& assertion, std::uint64_t file_size);

/// The hash of a box hash, over the file's boxes: those that match an exclusion left out, each other root box with its
/// offset before it. InvalidArgument, "[binding] …", for a malformed assertion or one with Merkle trees.
std::string box_hash(const media::ByteReader& file, std::string_view algorithm, const cbor::Value& assertion);

}  // namespace hotshot::provenance
