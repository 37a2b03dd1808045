#include "provenance/embedding.h"

#include <algorithm>
#include <array>

namespace hotshot::provenance {
namespace {

constexpr std::uint64_t kPiece = 1 << 20;

std::vector<Patch> no_patches(const media::ByteReader&, std::uint64_t, std::int64_t) { return {}; }

bool begins_mp4(std::string_view head) { return head.size() >= 8 && head.substr(4, 4) == "ftyp"; }
bool begins_gif(std::string_view head) { return head.starts_with("GIF87a") || head.starts_with("GIF89a"); }
bool begins_riff(std::string_view head) { return head.size() >= 12 && head.starts_with("RIFF"); }
bool begins_png(std::string_view head) { return head.starts_with("\x89PNG\r\n\x1a\n"); }
bool begins_jpeg(std::string_view head) { return head.starts_with("\xFF\xD8\xFF"); }

constexpr auto kContainers = std::to_array<Container>({
    {"MP4", begins_mp4, find_in_mp4, place_in_mp4, wrap_for_mp4, patches_of_mp4, true},
    {"GIF", begins_gif, find_in_gif, place_in_gif, wrap_for_gif, no_patches, false},
    {"RIFF", begins_riff, find_in_riff, place_in_riff, wrap_for_riff, patches_of_riff, false},
    {"PNG", begins_png, find_in_png, place_in_png, wrap_for_png, no_patches, false},
    {"JPEG", begins_jpeg, find_in_jpeg, place_in_jpeg, wrap_for_jpeg, no_patches, false},
});

// Sends bytes [from, to) with the patches that lie in them.
void send_range(const media::ByteReader& file, Range range, const std::vector<Patch>& patches,
                const std::function<void(std::string_view)>& send) {
  for (std::uint64_t at = range.begin; at < range.end; at += kPiece) {
    const Range now{at, std::min(at + kPiece, range.end)};
    std::string bytes = file.bytes(now.begin, now.end - now.begin);
    for (const Patch& patch : patches) {
      const Range changed{patch.offset, patch.offset + patch.bytes.size()};
      if (!now.touches(changed)) continue;
      for (std::uint64_t i = std::max(now.begin, changed.begin); i < std::min(now.end, changed.end); ++i)
        bytes[i - now.begin] = patch.bytes[i - changed.begin];
    }
    send(bytes);
  }
}

}  // namespace

const Container* container_in(const media::ByteReader& file) {
  const std::string head = file.bytes(0, std::min<std::uint64_t>(16, file.size()));
  const auto row =
      std::find_if(kContainers.begin(), kContainers.end(), [&](const Container& c) { return c.begins(head); });
  return row == kContainers.end() ? nullptr : &*row;
}

void rewrite(const media::ByteReader& file, Range cut, std::string_view block, std::vector<Patch> patches,
             const std::function<void(std::string_view)>& send) {
  send_range(file, {0, cut.begin}, patches, send);
  send(block);
  send_range(file, {cut.end, file.size()}, patches, send);
}

std::string big_endian(std::uint64_t number, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 255);
  return out;
}

}  // namespace hotshot::provenance
