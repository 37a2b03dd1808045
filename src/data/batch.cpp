#include "data/batch.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/random.h"

namespace hotshot::data {

at::Tensor to_video(const std::vector<Frames>& clips, at::Device device) {
  require(!clips.empty(), "batch", "expected at least one clip but got {}", clips.size());
  const Frames& first = clips.front();
  at::Tensor bytes_bthwc =
      at::empty({static_cast<std::int64_t>(clips.size()), first.count, first.height, first.width, 3}, at::kByte);
  auto* out = bytes_bthwc.data_ptr<std::uint8_t>();
  for (const Frames& clip : clips) {
    require(clip.pixels.size() == first.pixels.size() && clip.width == first.width && clip.height == first.height,
            "batch", "expected clips of one shape but got {}x{} and {}x{}", first.width, first.height, clip.width,
            clip.height);
    std::memcpy(out, clip.pixels.data(), clip.pixels.size());
    out += clip.pixels.size();
  }
  return bytes_bthwc.to(device).permute({0, 4, 1, 2, 3}).to(at::kFloat).contiguous().div_(127.5).sub_(1);
}

Frames to_frames(const at::Tensor& video_bcthw, std::int64_t clip) {
  const at::Tensor bytes_thwc = video_bcthw[clip]
                                    .to(at::kCPU, at::kFloat)
                                    .permute({1, 2, 3, 0})
                                    .mul(0.5)
                                    .add_(0.5)
                                    .clamp_(0, 1)
                                    .mul_(255)
                                    .round_()
                                    .to(at::kByte)
                                    .contiguous();
  Frames frames(static_cast<int>(bytes_thwc.size(0)), static_cast<int>(bytes_thwc.size(1)),
                static_cast<int>(bytes_thwc.size(2)));
  std::memcpy(frames.pixels.data(), bytes_thwc.data_ptr<std::uint8_t>(), frames.pixels.size());
  return frames;
}

at::Tensor latent_cover(const std::vector<Frames>& covers, int time, int space) {
  const at::Tensor white = to_video(covers).narrow(1, 0, 1).mul(0.5).add(0.5);
  const std::int64_t frames = white.size(2), height = white.size(3), width = white.size(4);
  require(frames % time == 1 % time && height % space == 0 && width % space == 0, "batch",
          "expected covers of {}k+1 frames in multiples of {} pixels but got {} of {}x{}", time, space, frames, width,
          height);
  const at::Tensor cells =
      white.unflatten(3, {height / space, space}).unflatten(5, {width / space, space}).mean({4, 6});
  if (frames == 1) return cells;
  const at::Tensor later = cells.narrow(2, 1, frames - 1).unflatten(2, {(frames - 1) / time, time}).mean(3);
  return at::cat({cells.narrow(2, 0, 1), later}, 2);
}

TokenBatch TokenBatch::narrow(std::int64_t first, std::int64_t last) const {
  return {ids_bl.slice(0, first, last), {lengths.begin() + first, lengths.begin() + last}};
}

TokenBatch tokenize(const text::T5Tokenizer& tokenizer, const std::vector<std::string>& prompts, int max_tokens) {
  std::vector<std::vector<int>> rows;
  std::size_t longest = 1;
  for (const std::string& prompt : prompts) {
    rows.push_back(tokenizer(prompt, max_tokens));
    longest = std::max(longest, rows.back().size());
  }
  TokenBatch batch;
  batch.ids_bl = at::zeros({static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(longest)}, at::kLong);
  auto* out = batch.ids_bl.data_ptr<std::int64_t>();
  for (const auto& row : rows) {
    std::copy(row.begin(), row.end(), out);
    out += longest;
    batch.lengths.push_back(static_cast<std::int64_t>(row.size()));
  }
  return batch;
}

FieldList Bucket::fields() {
  return {{"frames", "frames per clip, 4k + 1", &frames, {1, 1001}},
          {"height", "pixels", &height, {16, 4096}},
          {"width", "pixels", &width, {16, 4096}},
          {"batch", "clips per step", &batch, {1, 4096}},
          {"share", "share of the steps", &share, {0, 1e6}},
          {"clips", "distinct clips", &clips, {1, 1 << 30}},
          {"first_step", "step from which on it is trained on", &first_step, {0, 1e9}},
          {"window", "side of a square around the actors, pixels; 0 for all of the clip", &window, {0, 4096}}};
}

std::size_t pick_bucket(const std::vector<Bucket>& buckets, std::uint64_t seed, std::int64_t step) {
  const auto share = [step](const Bucket& bucket) { return step < bucket.first_step ? 0.0 : bucket.share; };
  double total = 0;
  for (const Bucket& bucket : buckets) total += share(bucket);
  require(total > 0, "buckets", "expected a positive sum of shares at step {} but got {}", step, total);
  const auto bits = Random(seed, "bucket").block(static_cast<std::uint64_t>(step));
  double left = static_cast<double>(bits[0]) / 4294967296.0 * total;
  std::size_t picked = 0;
  for (std::size_t index = 0; index < buckets.size(); ++index) {
    if (share(buckets[index]) == 0) continue;
    picked = index;
    left -= share(buckets[index]);
    if (left < 0) break;
  }
  return picked;
}

}  // namespace hotshot::data
