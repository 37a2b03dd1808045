#include "training/lora_task.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/error.h"
#include "base/random.h"
#include "weights/layout.h"
#include "weights/lora.h"

namespace hotshot::training {
namespace {

constexpr const char* kPerson = "person";

// The family of a published network, or, for another, one that knows its towers and its name.
weights::Family family_of(model::Unet& unet, std::size_t towers, const std::string& model_name) {
  weights::Layout layout;
  for (const auto& [name, parameter] : unet.parameters()) {
    layout[name] = parameter->tensor.sizes().vec();
  }
  if (const weights::Family* known = weights::family_of_unet(layout)) return *known;
  weights::Family family{.name = model_name, .architecture = model_name};
  family.text_encoders.resize(towers);
  return family;
}

at::Tensor joined(const at::Tensor& a, const at::Tensor& b) { return at::cat({a, b}); }

}  // namespace

FieldList LoraOptions::fields() {
  return {{"name", "of the file", &name},
          {"subject", "person, pet or style", &subject},
          {"consent", "the statement of the person who is shown", &consent},
          {"prompt", "of pictures that have none of their own", &prompt},
          {"trigger", "the words that call the subject up", &trigger},
          {"rank", "of the change of each layer", &shape.rank, {1, 1024}},
          {"alpha", "the change counts alpha / rank", &shape.alpha, {1e-6, 1e6}},
          {"feed_forward", "also change the feed-forward layers", &shape.feed_forward}};
}

void LoraOptions::check() const {
  const std::vector<std::string> subjects{kPerson, "pet", "style"};
  if (std::find(subjects.begin(), subjects.end(), subject) == subjects.end()) {
    throw_unknown("lora subject", subject, subjects);
  }
  const bool stated = consent.find_first_not_of(" \t\r\n") != std::string::npos;
  require(subject != kPerson || stated, "lora consent",
          "expected the statement by which the person agrees to be shown, as 'consent' in the table [lora], but got {}",
          "none");
  const bool plain = !name.empty() && !name.starts_with('.') && name.find_first_of("/\\") == std::string::npos;
  require(plain, "lora name", "expected the name of a file but got '{}'", name);
}

FieldList PriorOptions::fields() {
  return {{"prompt", "of the class the subject belongs to, empty for no prior", &prompt},
          {"folder", "of pictures of the class; by default the model makes them", &folder},
          {"pictures", "that the model makes for each bucket", &pictures, {1, 100000}},
          {"weight", "of the class beside the subject", &weight, {0, 1000}}};
}

LoraTask::LoraTask(LoraRecipe recipe, std::vector<data::Bucket> buckets, LoraPictures pictures,
                   const ImageInputs& inputs, std::filesystem::path file, std::uint64_t seed, at::Device device)
    : recipe_(std::move(recipe)),
      buckets_(with_clips(std::move(buckets), *pictures.subject)),
      denoising_(recipe_.denoising, inputs.model_folder),
      codec_(inputs.model_folder, device, denoising_.dtype()),
      towers_(inputs.model_folder, device, denoising_.dtype()),
      unet_(frozen_unet(), inputs.model_folder, seed, device, denoising_.dtype()),
      file_(std::move(file)),
      seed_(seed),
      device_(device) {
  recipe_.lora.check();
  base_digest_ = sha256_text(unet_.digest() + codec_.digest() + towers_.digest());
  model_name_ = std::filesystem::weakly_canonical(inputs.model_folder).filename().string();
  subject_ = half(std::move(pictures.subject), inputs.latent_folder);
  check();
  const PriorOptions& prior = recipe_.prior;
  if (!pictures.prior && !prior.prompt.empty()) {
    pictures.prior = std::make_unique<ModelPictures>(model(), base_digest_, prior.prompt, prior.pictures, buckets_);
  }
  if (pictures.prior) {
    prior_ = half(std::move(pictures.prior), inputs.latent_folder);
    prior_.latents->make_all();  // before the network changes
  }
  layers_ = std::make_unique<LoraLayers>(unet_.network(), recipe_.lora.shape, seed);
}

void LoraTask::check() const {
  std::int64_t pictures = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    pictures += subject_.clips->count(i);
    require(buckets_[i].frames == 1, "train", "expected buckets of single pictures but got {} frames",
            buckets_[i].frames);
  }
  require(pictures >= kFewestLoraPictures, "train", "expected at least {} pictures of the subject but got {}",
          kFewestLoraPictures, pictures);
  check_parts(model(), buckets_);
}

LoraTask::Half LoraTask::half(std::unique_ptr<data::ClipSet> clips, const std::filesystem::path& latent_folder) const {
  auto latents = std::make_unique<PictureLatents>(codec_, *clips, buckets_, latent_folder);
  return {std::move(clips), std::move(latents)};
}

DenoisingBatch LoraTask::batch_of(const Half& half, std::size_t index, std::int64_t step, std::string_view stream,
                                  double weight) const {
  const data::Bucket& bucket = buckets_[index];
  std::vector<std::uint64_t> clips;
  std::vector<at::Tensor> sizes;
  DenoisingBatch batch;
  Random random(seed_ + static_cast<std::uint64_t>(step), stream);
  for (int i = 0; i < bucket.batch; ++i) {
    const std::uint64_t clip = random.below(static_cast<std::uint32_t>(half.clips->count(index)));
    clips.push_back(clip);
    const auto draw = static_cast<std::uint64_t>(step) * 4096 + static_cast<std::uint64_t>(i);
    batch.captions.push_back(half.clips->caption(index, clip, draw));
    sizes.push_back(size_ids(unet_.network().config(), half.clips->framing(index, clip), bucket));
  }
  batch.latents_bcfhw = half.latents->batch(index, clips).to(device_);
  batch.size_ids_bk = at::cat(sizes).to(device_);
  batch.weight_b = at::full({bucket.batch}, weight, at::kFloat).to(device_);
  return batch;
}

DenoisingBatch LoraTask::batch(std::size_t index, std::int64_t step) const {
  const bool has_prior = prior_.clips && prior_.clips->count(index) > 0;
  // Twice, for the mean is over both: what is minimised is the sum of two means.
  DenoisingBatch batch = batch_of(subject_, index, step, "subject", has_prior ? 2 : 1);
  if (has_prior) {
    const DenoisingBatch prior = batch_of(prior_, index, step, "prior", 2 * recipe_.prior.weight);
    batch.latents_bcfhw = joined(batch.latents_bcfhw, prior.latents_bcfhw);
    batch.size_ids_bk = joined(batch.size_ids_bk, prior.size_ids_bk);
    batch.weight_b = joined(batch.weight_b, prior.weight_b);
    batch.captions.insert(batch.captions.end(), prior.captions.begin(), prior.captions.end());
  }
  denoising_.drop_captions(batch.captions, seed_, step);
  denoising_.add_noise(batch, seed_, step);
  return batch;
}

MicroBatches LoraTask::micro_batches(std::int64_t step, int count) {
  const DenoisingBatch whole = batch(data::pick_bucket(buckets_, seed_, step), step);
  return cut_batch(whole.latents_bcfhw.size(0), count, [&](std::int64_t first, std::int64_t last) {
    return [this, part = whole.narrow(first, last)] { return denoising_.loss(unet_.network(), towers_, part); };
  });
}

std::vector<Clip> LoraTask::preview() {
  const data::Bucket& bucket = *std::max_element(buckets_.begin(), buckets_.end(),
                                                 [](const auto& a, const auto& b) { return a.share < b.share; });
  std::vector<Clip> pictures;
  for (const std::string& prompt : recipe_.denoising.preview_prompts) {
    pictures.push_back({picture_of(model(), prompt, bucket, pictures.size()), {1, 1}});
  }
  return pictures;
}

std::string LoraTask::data_digest() const {
  Sha256 digest;
  digest.update(base_digest_);
  for (const Half* half : {&subject_, &prior_}) {
    for (std::size_t i = 0; half->clips && i < buckets_.size(); ++i) digest.update(half->clips->digest(i));
  }
  return digest.hex();
}

void LoraTask::export_parts(const std::filesystem::path&) {
  const LoraOptions& lora = recipe_.lora;
  weights::write_lora(file_, layers_->trained(at::kHalf), lora.shape.alpha,
                      family_of(unet_.network(), towers_.count(), model_name_), weights::LoraNaming::kohya,
                      {.title = lora.name,
                       .trigger = lora.trigger,
                       .comment = fmt::format("a {}, learned by hotshot", lora.subject),
                       .consent = lora.consent});
}

}  // namespace hotshot::training
