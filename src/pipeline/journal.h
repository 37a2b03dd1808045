// What a run remembers, so that it can go on after its process died: the network's answers, in order. A sampler is a
// pure function of them and of noise that it draws by step, so replaying them brings any sampler back to where it
// stood, to the bit, at no call of the network.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace hotshot::pipeline {

/// A file of velocities [1, c, t, h, w] fp32, all of one shape. Appended to; a record that was cut short or damaged
/// (each has a checksum) ends the journal there, and what follows it is dropped.
class Journal {
 public:
  /// Opens or makes the file. What it holds is kept only if it was written for the same `digest` (of everything that
  /// decides the answers) and `shape`. Throws std::runtime_error when the disk refuses.
  Journal(std::filesystem::path path, const std::string& digest, const std::vector<std::int64_t>& shape);

  /// Answers that were found at opening.
  std::int64_t known() const { return known_; }
  /// Answer `index` of those.
  at::Tensor recall(std::int64_t index) const;
  /// Adds the next answer, after those found; on disk (fsync) when this returns.
  void remember(const at::Tensor& velocity);

 private:
  std::int64_t record_bytes() const;

  std::filesystem::path path_;
  std::vector<std::int64_t> shape_;
  std::string header_;
  std::int64_t values_ = 0;
  std::int64_t known_ = 0;
  std::int64_t written_ = 0;
};

}  // namespace hotshot::pipeline
