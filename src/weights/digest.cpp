#include "weights/digest.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>
#include <vector>

#include "base/error.h"
#include "weights/mapping.h"

namespace hotshot::weights {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::uint32_t, 64> kRounds = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

// One 64-byte block, FIPS 180-4 section 6.2.2; the variables are the standard's.
void compress(std::array<std::uint32_t, 8>& state, const unsigned char* block) {
  std::array<std::uint32_t, 64> w;
  for (int t = 0; t < 16; ++t) {
    w[t] = std::uint32_t{block[4 * t]} << 24 | std::uint32_t{block[4 * t + 1]} << 16 |
           std::uint32_t{block[4 * t + 2]} << 8 | block[4 * t + 3];
  }
  for (int t = 16; t < 64; ++t) {
    const std::uint32_t s0 = std::rotr(w[t - 15], 7) ^ std::rotr(w[t - 15], 18) ^ w[t - 15] >> 3;
    const std::uint32_t s1 = std::rotr(w[t - 2], 17) ^ std::rotr(w[t - 2], 19) ^ w[t - 2] >> 10;
    w[t] = w[t - 16] + s0 + w[t - 7] + s1;
  }
  auto [a, b, c, d, e, f, g, h] = state;
  for (int t = 0; t < 64; ++t) {
    const std::uint32_t sum1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
    const std::uint32_t t1 = h + sum1 + ((e & f) ^ (~e & g)) + kRounds[t] + w[t];
    const std::uint32_t sum0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
    const std::uint32_t t2 = sum0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  const std::array<std::uint32_t, 8> added = {a, b, c, d, e, f, g, h};
  for (int i = 0; i < 8; ++i) state[i] += added[i];
}

bool hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

std::set<std::string> model_files(const fs::path& folder) {
  static const std::set<std::string> kExtensions = {".safetensors", ".json", ".model", ".txt"};
  std::set<std::string> files;
  const auto options = fs::directory_options::follow_directory_symlink;
  for (auto entry = fs::recursive_directory_iterator(folder, options); entry != fs::recursive_directory_iterator();
       ++entry) {
    require(entry.depth() < 16, "weights", "expected folders at most 16 deep in {}", folder.string());
    if (hidden(entry->path())) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file() && kExtensions.contains(entry->path().extension().string())) {
      files.insert(entry->path().lexically_relative(folder).generic_string());
    }
  }
  return files;
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
    compress(state_, block_.data());
    data += taken;
    left -= taken;
  }
  for (; left >= 64; data += 64, left -= 64) compress(state_, data);
  if (left > 0) std::memcpy(block_.data(), data, left);
}

std::string Sha256::hex() {
  const std::uint64_t bits = bytes_ * 8;
  std::string tail(1, '\x80');
  tail.append((119 - bytes_ % 64) % 64, '\0');
  for (int shift = 56; shift >= 0; shift -= 8) tail.push_back(static_cast<char>(bits >> shift));
  update(tail);
  std::string text;
  for (const std::uint32_t word : state_) text += fmt::format("{:08x}", word);
  return text;
}

std::string sha256(std::string_view bytes) {
  Sha256 digest;
  digest.update(bytes);
  return digest.hex();
}

std::string sha256_file(const fs::path& path) {
  const InputFile file(path);
  Sha256 digest;
  std::vector<char> buffer(1u << 20);
  for (std::uint64_t offset = 0; offset < file.size();) {
    const std::size_t bytes = std::min<std::uint64_t>(buffer.size(), file.size() - offset);
    file.read(buffer.data(), bytes, offset);
    digest.update({buffer.data(), bytes});
    offset += bytes;
  }
  return digest.hex();
}

std::string folder_digest(const fs::path& folder) {
  require(fs::is_directory(folder), "weights", "expected a folder but '{}' is none", folder.string());
  const std::set<std::string> files = model_files(folder);
  require(!files.empty(), "weights", "expected a model but {} has no .safetensors, .json, .model or .txt files",
          folder.string());
  Sha256 digest;
  for (const std::string& name : files) digest.update(fmt::format("{}  {}\n", sha256_file(folder / name), name));
  return digest.hex();
}

}  // namespace hotshot::weights
