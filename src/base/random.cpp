#include "base/random.h"

#include <cmath>
#include <numbers>

namespace hotshot {
namespace {

constexpr std::uint32_t kMultiplier0 = 0xD2511F53u, kMultiplier1 = 0xCD9E8D57u;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9u, kWeyl1 = 0xBB67AE85u;

// (0, 1], so that its logarithm is finite.
float open_unit(std::uint32_t bits) { return (static_cast<float>(bits >> 8) + 1.0f) * 0x1p-24f; }
float half_open_unit(std::uint32_t bits) { return static_cast<float>(bits >> 8) * 0x1p-24f; }

std::array<float, 2> box_muller(std::uint32_t a, std::uint32_t b) {
  const float radius = std::sqrt(-2.0f * std::log(open_unit(a)));
  const float angle = 2.0f * std::numbers::pi_v<float> * half_open_unit(b);
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> c, std::array<std::uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = static_cast<std::uint64_t>(kMultiplier0) * c[0];
    const std::uint64_t p1 = static_cast<std::uint64_t>(kMultiplier1) * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(p0)};
    k[0] += kWeyl0;
    k[1] += kWeyl1;
  }
  return c;
}

std::uint64_t stream_id(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (const char ch : name) hash = (hash ^ static_cast<unsigned char>(ch)) * 0x100000001b3ull;
  return hash;
}

std::array<std::uint32_t, 4> Random::block(std::uint64_t index) const {
  return philox4x32({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                     static_cast<std::uint32_t>(stream_), static_cast<std::uint32_t>(stream_ >> 32)},
                    {static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)});
}

std::uint32_t Random::next() {
  if (cursor_ % 4 == 0) buffer_ = block(cursor_ / 4);
  return buffer_[cursor_++ % 4];
}

float Random::uniform() { return half_open_unit(next()); }

std::uint32_t Random::below(std::uint32_t n) {
  const std::uint32_t threshold = (0u - n) % n;  // Lemire 2019: reject the few values that would bias the product
  for (;;) {
    const std::uint64_t product = static_cast<std::uint64_t>(next()) * n;
    if (static_cast<std::uint32_t>(product) >= threshold) return static_cast<std::uint32_t>(product >> 32);
  }
}

float Random::normal() {
  const std::uint32_t a = next();
  return box_muller(a, next())[0];
}

void Random::fill_normal(float* out, std::size_t n) const {
  for (std::size_t i = 0; i < n; i += 4) {
    const auto bits = block(i / 4);
    const auto low = box_muller(bits[0], bits[1]), high = box_muller(bits[2], bits[3]);
    const float values[4] = {low[0], low[1], high[0], high[1]};
    for (std::size_t j = i; j < n && j < i + 4; ++j) out[j] = values[j - i];
  }
}

}  // namespace hotshot
