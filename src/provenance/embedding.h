// Where each container keeps a manifest store (C2PA 2.2, appendix A), and how one gets in and out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/byte_reader.h"

namespace hotshot::provenance {

/// Bytes [begin, end) of a file.
struct Range {
  std::uint64_t begin = 0, end = 0;
  bool holds(const Range& other) const { return begin <= other.begin && other.end <= end; }
  bool touches(const Range& other) const { return begin < other.end && other.begin < end; }
};

/// A manifest store in a file.
struct Embedded {
  Range block;        // everything that is there for its sake: headers, checksums, padding
  std::string store;  // the JUMBF bytes, zeros perhaps behind them
};

/// Bytes of a file that change with the length of what is before or in them.
struct Patch {
  std::uint64_t offset = 0;
  std::string bytes;
};

/// One row for each kind of file.
struct Container {
  std::string_view name;
  bool (*begins)(std::string_view head);
  /// The manifest store, if any. InvalidArgument where the file is damaged or has several.
  std::optional<Embedded> (*find)(const media::ByteReader&);
  /// Where a block goes in a file that has none. InvalidArgument for a file of a form that is not written here.
  std::uint64_t (*place)(const media::ByteReader&);
  /// The block that holds a store; its length depends on the store's length alone.
  std::string (*wrap)(std::string_view store);
  /// What changes elsewhere when the file grows by `grows` bytes (fewer: shrinks) at `from`.
  std::vector<Patch> (*patches)(const media::ByteReader&, std::uint64_t from, std::int64_t grows);
  bool boxes;  // bound by c2pa.hash.bmff.v3, else by c2pa.hash.data
};

/// The row of a file's first bytes (MP4 and its kin, GIF, RIFF, PNG, JPEG); null where a manifest has no place, as in
/// WebM.
const Container* container_in(const media::ByteReader& file);

/// Sends the file with the bytes `cut` left out, `block` in their place and `patches` made; offsets are the file's.
void rewrite(const media::ByteReader& file, Range cut, std::string_view block, std::vector<Patch> patches,
             const std::function<void(std::string_view)>& send);

/// Type of the MP4 box, 16 bytes.
inline constexpr std::string_view kMp4StoreType = "\xD8\xFE\xC3\xD6\x1B\x0E\x48\x3C\x92\x97\x58\x28\x87\x7E\xC4\x81";

// The rows' functions, one source file for each container.
std::optional<Embedded> find_in_mp4(const media::ByteReader&);
std::uint64_t place_in_mp4(const media::ByteReader&);
std::string wrap_for_mp4(std::string_view store);
std::vector<Patch> patches_of_mp4(const media::ByteReader&, std::uint64_t from, std::int64_t grows);
std::optional<Embedded> find_in_gif(const media::ByteReader&);
std::uint64_t place_in_gif(const media::ByteReader&);
std::string wrap_for_gif(std::string_view store);
std::optional<Embedded> find_in_riff(const media::ByteReader&);
std::uint64_t place_in_riff(const media::ByteReader&);
std::string wrap_for_riff(std::string_view store);
std::vector<Patch> patches_of_riff(const media::ByteReader&, std::uint64_t from, std::int64_t grows);
std::optional<Embedded> find_in_png(const media::ByteReader&);
std::uint64_t place_in_png(const media::ByteReader&);
std::string wrap_for_png(std::string_view store);
std::optional<Embedded> find_in_jpeg(const media::ByteReader&);
std::uint64_t place_in_jpeg(const media::ByteReader&);
std::string wrap_for_jpeg(std::string_view store);

/// Big-endian, of 1 to 8 bytes.
std::string big_endian(std::uint64_t number, int bytes);

}  // namespace hotshot::provenance
