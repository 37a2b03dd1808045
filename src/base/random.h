// Random numbers from a counter (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", Philox4x32-10).
// A value depends on (seed, stream, index) alone: never on what was drawn before, nor on the number of threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hotshot {

/// One block of the Philox4x32-10 function.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

/// A stream id from a name, so that independent uses of one seed ("noise", "caption") never share numbers. FNV-1a.
std::uint64_t stream_id(std::string_view name);

/// Stateless access by index, and a cursor over the same numbers for code that draws one after the other.
/// Copying copies the cursor. Thread-safe as long as each thread has its own copy.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream) : seed_(seed), stream_(stream) {}
  Random(std::uint64_t seed, std::string_view stream) : Random(seed, stream_id(stream)) {}

  /// 128 random bits of block `index`.
  std::array<std::uint32_t, 4> block(std::uint64_t index) const;

  /// Uniform in [0, 1), 24 bits, at the cursor.
  float uniform();
  float uniform(float low, float high) { return low + (high - low) * uniform(); }
  /// Uniform integer in [0, n), n > 0, without modulo bias.
  std::uint32_t below(std::uint32_t n);
  /// Standard normal at the cursor.
  float normal();
  bool chance(float probability) { return uniform() < probability; }

  /// Writes n standard normals for indices 0..n-1 of this stream (independent of the cursor). Box–Muller.
  void fill_normal(float* out, std::size_t n) const;

 private:
  std::uint32_t next();

  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t cursor_ = 0;
  std::array<std::uint32_t, 4> buffer_{};
};

}  // namespace hotshot
