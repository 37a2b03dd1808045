#include "data/latent_store.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "base/file.h"
#include "weights/safetensors.h"

namespace hotshot::data {

LatentStore::LatentStore(std::filesystem::path folder, std::int64_t count, Encode encode)
    : folder_(std::move(folder)), count_(count), encode_(std::move(encode)) {
  require(count_ > 0, "latents", "expected at least one clip but got {}", count_);
  make_folders(folder_, "latents");
}

const at::Tensor& LatentStore::shard(std::int64_t index) {
  at::Tensor& latents = shards_[index];
  if (latents.defined()) return latents;
  const auto path = folder_ / fmt::format("{:06}.safetensors", index);
  const std::int64_t first = index * kShard, size = std::min(kShard, count_ - first);
  if (std::filesystem::exists(path)) {
    const weights::TensorMap tensors = weights::read_safetensors(path).tensors;
    require(tensors.contains("latents") && tensors.at("latents").dim() == 5, "latents",
            "expected latents [n, c, t, h, w] in {} but got something else", path.string());
    require(tensors.at("latents").size(0) == size, "latents", "expected {} clips in {} but got {}", size, path.string(),
            tensors.at("latents").size(0));
    latents = tensors.at("latents");
  } else {
    latents = encode_(static_cast<std::uint64_t>(first), static_cast<int>(size)).to(at::kCPU, at::kHalf).contiguous();
    weights::write_safetensors(path, {{"latents", latents}});
  }
  return latents;
}

at::Tensor LatentStore::batch(const std::vector<std::uint64_t>& clips) {
  std::vector<at::Tensor> rows;
  for (const std::uint64_t clip : clips) {
    const auto index = static_cast<std::int64_t>(clip % static_cast<std::uint64_t>(count_));
    rows.push_back(shard(index / kShard)[index % kShard]);
  }
  return at::stack(rows);
}

}  // namespace hotshot::data
