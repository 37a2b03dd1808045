#include "training/judge_task.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/random.h"
#include "data/world_attributes.h"
#include "model/part.h"
#include "training/attribute_loss.h"
#include "training/autoencoder_task.h"

namespace hotshot::training {
namespace {

model::ClipClassifierConfig with_questions(model::ClipClassifierConfig config) {
  require(config.attributes.empty() && config.classes.empty(), "train",
          "expected a judge without attributes, which are the world's, but got {}", config.attributes.size());
  for (const data::WorldAttribute& attribute : data::world_attributes()) {
    config.attributes.emplace_back(attribute.name);
    config.classes.push_back(static_cast<int>(attribute.classes.size()));
  }
  return config;
}

}  // namespace

FieldList JudgeOptions::fields() {
  return {{"damage", "chance of each kind of damage to a clip", &damage, {0, 1}},
          {"held_out_share", "of clips with held-out combinations", &held_out_share, {0, 1}},
          {"guest_share", "of clips of the guest", &guest_share, {0, 1}},
          {"dtype", "bf16 or fp32", &dtype}};
}

JudgeTask::JudgeTask(model::ClipClassifierConfig config, JudgeOptions options, std::vector<data::Bucket> buckets,
                     std::uint64_t world_seed, std::uint64_t seed, at::Device device,
                     const std::filesystem::path& initial)
    : judge_(with_questions(std::move(config))),
      options_(std::move(options)),
      buckets_(std::move(buckets)),
      world_seed_(world_seed),
      seed_(seed),
      device_(device) {
  compute_dtype(options_.dtype, "train");
  require(options_.held_out_share + options_.guest_share <= 1, "train",
          "expected held_out_share and guest_share of 1 at most together but got {}",
          options_.held_out_share + options_.guest_share);
  require(!buckets_.empty(), "train", "expected at least one bucket but got {}", buckets_.size());
  for (const data::Bucket& bucket : buckets_) {
    require(bucket.frames <= judge_.config().num_frames, "train",
            "expected buckets of at most num_frames {} but got {}", judge_.config().num_frames, bucket.frames);
    require(bucket.height % 8 == 0 && bucket.width % 8 == 0, "train",
            "expected buckets in multiples of 8 pixels but got {}x{}", bucket.width, bucket.height);
    require(bucket.window == 0, "train", "expected buckets of whole clips but got a window of {}", bucket.window);
  }
  if (initial.empty()) {
    judge_.initialize(seed);
  } else {
    model::load_parameters(judge_, initial);
  }
  judge_.to(device, at::kFloat);
  judge_.requires_grad(true);
}

data::WorldSource JudgeTask::source(world::Split split) const {
  return {world_seed_, split, {judge_.config().frame_rate, 1}};
}

JudgeTask::Batch JudgeTask::batch(std::int64_t step) const {
  const data::Bucket& bucket = buckets_[data::pick_bucket(buckets_, seed_, step)];
  const auto part = [&](double share) { return static_cast<int>(std::lround(share * bucket.batch)); };
  const int rare = part(options_.held_out_share);
  const int guests = std::min(part(options_.guest_share), bucket.batch - rare);
  const auto first = static_cast<std::uint64_t>(step * bucket.batch % bucket.clips);
  std::vector<Frames> clips;
  std::vector<std::int64_t> answers;
  const auto add = [&](world::Split split, int count) {
    if (count == 0) return;
    const data::WorldSource source = this->source(split);
    for (Frames& clip : source.clips(first, count, bucket.frames, bucket.height, bucket.width)) {
      clips.push_back(std::move(clip));
    }
    for (int i = 0; i < count; ++i) {
      const auto index = first + static_cast<std::uint64_t>(i);
      for (int answer : data::world_answers(world::sample_scene(source.seed, index, source.split), bucket.frames)) {
        answers.push_back(answer);
      }
    }
  };
  add(world::Split::train, bucket.batch - rare - guests);
  add(world::Split::held_out, rare);
  add(world::Split::guest, guests / 2);
  add(world::Split::guest_away, guests - guests / 2);
  Batch batch{data::to_video(clips), at::tensor(answers, at::kLong).view({bucket.batch, -1})};
  const data::Damage damage{.share = static_cast<float>(options_.damage)};
  at::parallel_for(0, bucket.batch, 1, [&](std::int64_t begin, std::int64_t end) {
    const at::NoGradGuard no_grad;
    for (std::int64_t i = begin; i < end; ++i) {
      const Random random(seed_ + static_cast<std::uint64_t>(step), "damage-" + std::to_string(i));
      batch.video_bcthw[i].copy_(data::damaged(batch.video_bcthw[i], damage, random));
    }
  });
  return batch;
}

MicroBatches JudgeTask::micro_batches(std::int64_t step, int count) {
  const Batch whole = batch(step);
  return cut_batch(whole.video_bcthw.size(0), count, [&](std::int64_t first, std::int64_t last) {
    const auto part = [&](const at::Tensor& x) { return x.slice(0, first, last).to(device_); };
    return [this, v = part(whole.video_bcthw), a = part(whole.answers_ba)] { return loss(v, a); };
  });
}

Loss JudgeTask::loss(const at::Tensor& video, const at::Tensor& answers_ba) {
  const model::ClipReading reading = judge_(video.to(compute_dtype(options_.dtype, "train")));
  return attribute_loss(judge_.config().attributes, reading.logits_bk, answers_ba);
}

void JudgeTask::export_parts(const std::filesystem::path& model_folder) {
  model::save_part(judge_, judge_.config().to_json(), model_folder / "judge", "model", at::kBFloat16);
}

}  // namespace hotshot::training
