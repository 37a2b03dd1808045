#include "data/latent_store.h"

#include <ATen/ATen.h>

#include <future>

#include "base/error.h"
#include "base/file.h"
#include "weights/safetensors.h"

namespace hotshot::data {

LatentStore::LatentStore(std::filesystem::path folder, std::int64_t count, Encode encode,
                         std::optional<at::Device> held_on)
    : folder_(std::move(folder)), count_(count), encode_(std::move(encode)), held_on_(held_on) {
  require(count_ > 0, "latents", "expected at least one clip but got {}", count_);
  make_folders(folder_, "latents");
}

at::Tensor LatentStore::made_or_read(std::int64_t index) const {
  const auto path = folder_ / fmt::format("{:06}.safetensors", index);
  const std::int64_t first = index * kShard, size = std::min(kShard, count_ - first);
  if (!std::filesystem::exists(path)) {
    const at::Tensor latents =
        encode_(static_cast<std::uint64_t>(first), static_cast<int>(size)).to(at::kCPU, at::kHalf).contiguous();
    weights::write_safetensors(path, {{"latents", latents}});
    return latents;
  }
  const weights::TensorMap tensors = weights::read_safetensors(path).tensors;
  require(tensors.contains("latents") && tensors.at("latents").dim() == 5, "latents",
          "expected latents [n, c, t, h, w] in {} but got something else", path.string());
  require(tensors.at("latents").size(0) == size, "latents", "expected {} clips in {} but got {}", size, path.string(),
          tensors.at("latents").size(0));
  return tensors.at("latents");
}

const at::Tensor& LatentStore::shard(std::int64_t index) {
  at::Tensor& latents = shards_[index];
  if (!latents.defined()) latents = made_or_read(index);
  return latents;
}

at::Tensor LatentStore::all() const {
  const std::int64_t shards = (count_ + kShard - 1) / kShard;
  const auto start = [this](std::int64_t index) {
    return std::async(std::launch::async, [this, index] { return made_or_read(index); });
  };
  std::vector<at::Tensor> pieces;
  // While one is encoded the next is drawn.
  std::future<at::Tensor> next = start(0);
  for (std::int64_t index = 0; index < shards; ++index) {
    std::future<at::Tensor> now = std::move(next);
    if (index + 1 < shards) next = start(index + 1);
    pieces.push_back(now.get().to(*held_on_));
  }
  return at::cat(pieces);
}

at::Tensor LatentStore::batch(const std::vector<std::uint64_t>& clips) {
  std::vector<std::int64_t> indices;
  for (const std::uint64_t clip : clips) {
    indices.push_back(static_cast<std::int64_t>(clip % static_cast<std::uint64_t>(count_)));
  }
  if (held_on_) {
    std::call_once(held_once_, [&] { held_ = all(); });
    return held_.index_select(0, at::tensor(indices, at::kLong).to(*held_on_));
  }
  std::vector<at::Tensor> rows;
  for (const std::int64_t index : indices) rows.push_back(shard(index / kShard)[index % kShard]);
  return at::stack(rows);
}

}  // namespace hotshot::data
