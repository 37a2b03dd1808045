#include <algorithm>

#include "base/error.h"
#include "provenance/binding.h"
#include "provenance/digest.h"

namespace hotshot::provenance {
namespace {

constexpr std::uint64_t kPiece = 1 << 20;

}  // namespace

cbor::Value data_binding(const Range& block, std::string hash) {
  const auto number = [](std::uint64_t value) { return cbor::Value(static_cast<std::int64_t>(value)); };
  const cbor::Map exclusion{{"start", number(block.begin)}, {"length", number(block.end - block.begin)}};
  return cbor::Map{{"alg", "sha256"},
                   {"name", "jumbf manifest"},
                   {"exclusions", cbor::Array{exclusion}},
                   {"hash", cbor::Bytes{std::move(hash)}},
                   {"pad", cbor::Bytes{}}};
}

std::string hash_without(const media::ByteReader& file, std::string_view algorithm,
                         const std::vector<Range>& excluded) {
  Digest digest(algorithm);
  const auto add = [&](std::uint64_t begin, std::uint64_t end) {
    for (std::uint64_t at = begin; at < end; at += kPiece) digest.add(file.bytes(at, std::min(kPiece, end - at)));
  };
  std::uint64_t at = 0;
  for (const Range& range : excluded) {
    add(at, range.begin);
    at = range.end;
  }
  add(at, file.size());
  return digest.finish();
}

std::vector<Range> data_exclusions(const cbor::Value& assertion, std::uint64_t file_size) {
  std::vector<Range> ranges;
  for (const cbor::Value& exclusion : assertion.list("exclusions")) {
    const cbor::Value *start = exclusion.find("start"), *length = exclusion.find("length");
    const std::int64_t* begin = start ? start->as<std::int64_t>() : nullptr;
    const std::int64_t* bytes = length ? length->as<std::int64_t>() : nullptr;
    require(begin && bytes && *begin >= 0 && *bytes >= 0, "binding", "expected exclusions with start and length");
    const std::uint64_t before = ranges.empty() ? 0 : ranges.back().end;
    const Range range{static_cast<std::uint64_t>(*begin),
                      static_cast<std::uint64_t>(*begin) + static_cast<std::uint64_t>(*bytes)};
    require(range.begin >= before && range.end <= file_size, "binding",
            "expected exclusions in order within {} bytes but got {} to {}", file_size, range.begin, range.end);
    ranges.push_back(range);
  }
  return ranges;
}

}  // namespace hotshot::provenance
