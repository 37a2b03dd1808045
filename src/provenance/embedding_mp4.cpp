// MP4 and its kin: a `uuid` box behind `ftyp`, before the boxes that say where the samples lie.
#include <algorithm>
#include <limits>

#include "base/error.h"
#include "media/container.h"
#include "provenance/embedding.h"

namespace hotshot::provenance {
namespace {

using media::ByteReader;
using media::four;
using media::Part;

constexpr std::string_view kPurpose("manifest\0", 9);
// Type, version and flags, purpose, offset of the first Merkle box.
constexpr std::uint64_t kBefore = 16 + 4 + kPurpose.size() + 8;

bool is_manifest(const ByteReader& file, const Part& box) {
  if (box.id != four("uuid") || box.end - box.body < kBefore) return false;
  return file.bytes(box.body, kMp4StoreType.size()) == kMp4StoreType &&
         file.bytes(box.body + 20, kPurpose.size()) == kPurpose;
}

/// Adds `grows` to the chunk offsets of one table that point to `from` or behind it.
Patch moved_offsets(const ByteReader& file, const Part& table, int width, std::uint64_t from, std::int64_t grows) {
  const std::uint64_t count = file.big(table.body + 4, 4), begin = table.body + 8;
  if (count > (table.end - begin) / static_cast<std::uint64_t>(width)) file.damaged("a chunk table is cut short");
  Patch patch{begin, file.bytes(begin, count * static_cast<std::uint64_t>(width))};
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t at = i * static_cast<std::uint64_t>(width);
    const std::uint64_t offset = file.big(begin + at, width);
    if (offset < from) continue;
    const std::uint64_t moved = offset + static_cast<std::uint64_t>(grows);
    require(width == 8 || moved <= std::numeric_limits<std::uint32_t>::max(), "signing",
            "{}: expected an MP4 of less than 4 GiB, whose offsets can move", file.name());
    patch.bytes.replace(at, static_cast<std::size_t>(width), big_endian(moved, width));
  }
  return patch;
}

/// Calls visit(box) for every box `id` directly in [offset, end).
template <class Visit>
void for_each_box(const ByteReader& file, std::uint64_t offset, std::uint64_t end, std::uint64_t id, Visit visit) {
  while (offset < end) {
    const Part box = media::box_at(file, offset, end);
    if (box.id == id) visit(box);
    offset = box.next;
  }
}

}  // namespace

std::optional<Embedded> find_in_mp4(const ByteReader& file) {
  std::optional<Embedded> found;
  for_each_box(file, 0, file.size(), four("uuid"), [&](const Part& box) {
    if (!is_manifest(file, box)) return;
    if (found) file.damaged("it has several manifest stores");
    found = Embedded{{box.begin, box.end}, file.bytes(box.body + kBefore, box.end - box.body - kBefore)};
  });
  return found;
}

std::uint64_t place_in_mp4(const ByteReader& file) {
  // Of these, this program does not know how to move what they point at.
  for (const std::uint64_t id : {four("moof"), four("sidx"), four("meta"), four("mfra")}) {
    require(!media::find_box(file, 0, file.size(), id), "signing",
            "{}: expected an MP4 of one piece but got a fragmented one or pictures", file.name());
  }
  return media::box_at(file, 0, file.size()).next;
}

std::string wrap_for_mp4(std::string_view store) {
  const std::size_t size = 8 + kBefore + store.size();
  require(size <= std::numeric_limits<std::uint32_t>::max(), "signing", "expected a manifest of less than 4 GiB");
  std::string block = big_endian(size, 4) + "uuid";
  block += kMp4StoreType;
  block += big_endian(0, 4);
  block += kPurpose;
  block += big_endian(0, 8);
  return block += store;
}

std::vector<Patch> patches_of_mp4(const ByteReader& file, std::uint64_t from, std::int64_t grows) {
  std::vector<Patch> patches;
  for_each_box(file, 0, file.size(), four("moov"), [&](const Part& moov) {
    for_each_box(file, moov.body, moov.end, four("trak"), [&](const Part& track) {
      Part box = track;
      for (const std::uint64_t id : {four("mdia"), four("minf"), four("stbl")}) {
        const std::optional<Part> inner = media::find_box(file, box.body, box.end, id);
        if (!inner) return;
        box = *inner;
      }
      const auto move = [&](int width) {
        return [&, width](const Part& table) { patches.push_back(moved_offsets(file, table, width, from, grows)); };
      };
      for_each_box(file, box.body, box.end, four("stco"), move(4));
      for_each_box(file, box.body, box.end, four("co64"), move(8));
    });
  });
  return patches;
}

}  // namespace hotshot::provenance
