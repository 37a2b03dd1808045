// Latents of a numbered data set, made once and kept in files, so that an autoencoder's work is not repeated.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

namespace hotshot::data {

/// Latents of clips 0 … count-1 in shards of `kShard` files; a shard is made when one of its clips is first asked for.
/// Latents are stored and returned as fp16. Shards made by an interrupted run are used again.
///
/// One that is held makes or reads all of them when the first is asked for, keeps them in the memory of a device and
/// gives them from there; `encode` is called by two threads then, and any number of threads may ask. Else one may.
class LatentStore {
 public:
  static constexpr std::int64_t kShard = 128;
  /// Makes latents [n, c, t, h, w] of clips [first, first + n).
  using Encode = std::function<at::Tensor(std::uint64_t first, int n)>;

  LatentStore(std::filesystem::path folder, std::int64_t count, Encode encode, std::optional<at::Device> held_on = {});

  /// latents [batch, c, t, h, w] fp16 of the given clips (modulo count).
  at::Tensor batch(const std::vector<std::uint64_t>& clips);

 private:
  at::Tensor made_or_read(std::int64_t index) const;
  const at::Tensor& shard(std::int64_t index);
  at::Tensor all() const;

  std::filesystem::path folder_;
  std::int64_t count_;
  Encode encode_;
  std::optional<at::Device> held_on_;
  std::map<std::int64_t, at::Tensor> shards_;
  std::once_flag held_once_;
  at::Tensor held_;
};

}  // namespace hotshot::data
