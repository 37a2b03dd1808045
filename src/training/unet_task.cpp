#include "training/unet_task.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"
#include "base/random.h"
#include "training/model_files.h"

namespace hotshot::training {
namespace {

TextTowers make_towers(const UnetRecipe& recipe, const ImageInputs& inputs, std::uint64_t seed, at::Device device,
                       at::ScalarType dtype) {
  if (recipe.text_encoders.empty()) return TextTowers(inputs.model_folder, device, dtype);
  const auto merges = inputs.model_folder / recipe.tokenizer.merges_file;
  const char *kEnd = "<|endoftext|>", *kOpenClipPad = "!";
  write_short_tokenizer(merges, recipe.tokenizer.merges, kEnd, inputs.model_folder / "tokenizer");
  if (recipe.text_encoders.size() > 1) {
    write_short_tokenizer(merges, recipe.tokenizer.merges, kOpenClipPad, inputs.model_folder / "tokenizer_2");
  }
  return TextTowers(recipe.text_encoders, inputs.model_folder, inputs.initial, seed + 1, device);
}

UnetInTraining make_unet(const UnetRecipe& recipe, const ImageInputs& inputs, std::uint64_t seed, at::Device device,
                         at::ScalarType dtype) {
  const UnetStep& step = find_unet_step(recipe.step);
  require(recipe.unet.has_value() == inputs.initial.empty(), "train",
          "expected either a table [unet] of a fresh network or 'initial', a model folder to go on from, but got {}",
          recipe.unet ? "both" : "neither");
  if (recipe.unet) return UnetInTraining(step, *recipe.unet, seed, device, dtype);
  return UnetInTraining(step, inputs.initial, seed, device, dtype);
}

const data::Bucket& most_trained(const std::vector<data::Bucket>& buckets) {
  return *std::max_element(buckets.begin(), buckets.end(),
                           [](const auto& a, const auto& b) { return a.share < b.share; });
}

}  // namespace

UnetTask::UnetTask(const UnetRecipe& recipe, std::vector<data::Bucket> buckets, std::unique_ptr<data::ClipSet> clips,
                   int fps, const ImageInputs& inputs, std::uint64_t seed, at::Device device)
    : buckets_(with_clips(std::move(buckets), *clips)),
      clips_(std::move(clips)),
      fps_(fps),
      denoising_(recipe.denoising, inputs.model_folder),
      codec_(inputs.model_folder, device, denoising_.dtype()),
      towers_(make_towers(recipe, inputs, seed, device, denoising_.dtype())),
      unet_(make_unet(recipe, inputs, seed, device, denoising_.dtype())),
      latents_(codec_, *clips_, buckets_, inputs.latent_folder),
      seed_(seed),
      device_(device) {
  check(find_unet_step(recipe.step));
}

void UnetTask::check(const UnetStep& step) const {
  for (const data::Bucket& bucket : buckets_) {
    require(bucket.frames >= step.fewest_frames && bucket.frames <= step.most_frames, "train",
            "expected buckets of {} to {} frames for the step '{}' but got {}", step.fewest_frames, step.most_frames,
            step.name, bucket.frames);
  }
  check_parts(model(), buckets_);
}

std::vector<nn::NamedParameter> UnetTask::parameters() {
  std::vector<nn::NamedParameter> all;
  for (const auto& [name, parameter] : unet_.parameters()) all.push_back({"unet." + name, parameter});
  for (const nn::NamedParameter& named : towers_.parameters()) all.push_back(named);
  return all;
}

// Clips of a bucket in order of its own pseudo-random walk: the numbers of a step depend on the step alone.
DenoisingBatch UnetTask::batch(std::size_t index, std::int64_t step) const {
  const data::Bucket& bucket = buckets_[index];
  std::vector<std::uint64_t> clips;
  std::vector<at::Tensor> sizes;
  DenoisingBatch batch;
  Random random(seed_ + static_cast<std::uint64_t>(step), "batch");
  for (int i = 0; i < bucket.batch; ++i) {
    const std::uint64_t clip = random.below(static_cast<std::uint32_t>(clips_->count(index)));
    clips.push_back(clip);
    const auto draw = static_cast<std::uint64_t>(step) * 4096 + static_cast<std::uint64_t>(i);
    batch.captions.push_back(clips_->caption(index, clip, draw));
    sizes.push_back(size_ids(unet_.network().config(), clips_->framing(index, clip), bucket));
  }
  batch.latents_bcfhw = latents_.batch(index, clips).to(device_);
  batch.size_ids_bk = at::cat(sizes).to(device_);
  denoising_.drop_captions(batch.captions, seed_, step);
  denoising_.add_noise(batch, seed_, step);
  return batch;
}

MicroBatches UnetTask::micro_batches(std::int64_t step, int count) {
  const std::size_t index = data::pick_bucket(buckets_, seed_, step);
  const DenoisingBatch whole = batch(index, step);
  return cut_batch(buckets_[index].batch, count, [&](std::int64_t first, std::int64_t last) {
    return [this, part = whole.narrow(first, last)] { return denoising_.loss(unet_.network(), towers_, part); };
  });
}

std::vector<Clip> UnetTask::preview() {
  std::vector<Clip> clips;
  for (const std::string& prompt : denoising_.options().preview_prompts) {
    clips.push_back({picture_of(model(), prompt, most_trained(buckets_), clips.size()), {fps_, 1}});
  }
  return clips;
}

std::string UnetTask::data_digest() const {
  Sha256 digest;
  digest.update(codec_.digest() + towers_.digest() + unet_.digest());
  for (std::size_t i = 0; i < buckets_.size(); ++i) digest.update(clips_->digest(i));
  return digest.hex();
}

void UnetTask::export_parts(const std::filesystem::path& model_folder) {
  unet_.export_part(model_folder);
  towers_.export_parts(model_folder);
  std::vector<data::Bucket> used = buckets_;
  std::erase_if(used, [](const data::Bucket& bucket) { return bucket.share == 0; });
  write_image_model_files(model_folder, unet_.network().config(), towers_.count(), denoising_.scheduler(),
                          {used, fps_, denoising_.options().preview_guidance, clips_->name()});
}

}  // namespace hotshot::training
