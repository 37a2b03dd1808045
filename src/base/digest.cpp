#include "base/digest.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/digest_blocks.h"
#include "base/input_file.h"

namespace hotshot {
namespace {

void take_blocks(Sha256State& state, const unsigned char* data, std::size_t blocks) {
  static const auto take = has_sha_instructions() ? sha256_blocks_x86 : sha256_blocks_plain;
  take(state, data, blocks);
}

}  // namespace

void Sha256::update(std::string_view bytes) {
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t left = bytes.size();
  const std::size_t held = bytes_ % 64;
  bytes_ += left;
  if (held > 0) {
    const std::size_t taken = std::min(left, 64 - held);
    std::memcpy(block_.data() + held, data, taken);
    if (held + taken < 64) return;
    take_blocks(state_, block_.data(), 1);
    data += taken;
    left -= taken;
  }
  take_blocks(state_, data, left / 64);
  if (left % 64 > 0) std::memcpy(block_.data(), data + left / 64 * 64, left % 64);
}

std::string Sha256::raw() {
  const std::uint64_t bits = bytes_ * 8;
  std::string tail(1, '\x80');
  tail.append((119 - bytes_ % 64) % 64, '\0');
  for (int shift = 56; shift >= 0; shift -= 8) tail.push_back(static_cast<char>(bits >> shift));
  update(tail);
  std::string bytes;
  for (const std::uint32_t word : state_) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(word >> shift));
  }
  return bytes;
}

std::string Sha256::hex() { return to_hex(raw()); }

std::string sha256_text(std::string_view bytes) {
  Sha256 digest;
  digest.update(bytes);
  return digest.hex();
}

std::string sha256_file(const std::filesystem::path& path) { return sha256_file(path, 0, InputFile(path).size()); }

std::string sha256_file(const std::filesystem::path& path, std::uint64_t offset, std::uint64_t length) {
  const InputFile file(path);
  Sha256 digest;
  std::vector<char> buffer(256u << 10);
  for (std::uint64_t done = 0; done < length;) {
    const std::size_t bytes = std::min<std::uint64_t>(buffer.size(), length - done);
    file.read(buffer.data(), bytes, offset + done);
    digest.update({buffer.data(), bytes});
    done += bytes;
  }
  return digest.hex();
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::string block(64, '\0');
  if (key.size() > block.size()) {
    Sha256 shortened;
    shortened.update(key);
    block.replace(0, 32, shortened.raw());
  } else {
    block.replace(0, key.size(), key);
  }
  const auto mixed_with = [&block](unsigned char pad) {
    std::string mixed = block;
    for (char& c : mixed) c = static_cast<char>(c ^ pad);
    return mixed;
  };
  Sha256 inner, outer;
  inner.update(mixed_with(0x36));
  inner.update(text);
  outer.update(mixed_with(0x5c));
  outer.update(inner.raw());
  return outer.raw();
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace hotshot
