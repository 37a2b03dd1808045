// Learning the UNet of an image model: all of it from pictures, or, on a frozen one, layers over frames from clips.
// The second is Hotshot-XL's own fine-tuning with frames in order, several shapes in a run, dropped captions, averaged
// weights and true resumption.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/clip_set.h"
#include "training/denoising.h"
#include "training/image_model.h"
#include "training/loop.h"
#include "training/picture_latents.h"
#include "training/text_towers.h"
#include "training/unet_step.h"

namespace hotshot::training {

/// What of a model is trained, and what starts fresh.
struct UnetRecipe {
  std::string step;                                  // a name of find_unet_step
  std::optional<model::UnetConfig> unet;             // of a fresh UNet; none: that of `initial` goes on
  std::vector<model::ClipTextConfig> text_encoders;  // that learn along; none: those of the model folder, frozen
  ClipTokenizerOptions tokenizer;                    // of towers that learn
  DenoisingOptions denoising;
};

/// Where an image model's run takes what it needs.
struct ImageInputs {
  std::filesystem::path model_folder;   // with vae/, and text towers unless they learn
  std::filesystem::path latent_folder;  // latents are kept here between runs
  std::filesystem::path initial;        // a model folder whose unet/ (and learning towers) to start from, or empty
};

class UnetTask : public Task {
 public:
  UnetTask(const UnetRecipe& recipe, std::vector<data::Bucket> buckets, std::unique_ptr<data::ClipSet> clips, int fps,
           const ImageInputs& inputs, std::uint64_t seed, at::Device device);

  std::vector<nn::NamedParameter> parameters() override;
  MicroBatches micro_batches(std::int64_t step, int count) override;
  std::vector<Clip> preview() override;
  std::string data_digest() const override;
  void export_parts(const std::filesystem::path& model_folder) override;

 private:
  void check(const UnetStep& step) const;
  ImageModel model() const { return {denoising_, codec_, towers_, unet_.network()}; }
  DenoisingBatch batch(std::size_t bucket, std::int64_t step) const;

  std::vector<data::Bucket> buckets_;  // those without clips have no share
  std::unique_ptr<data::ClipSet> clips_;
  int fps_;
  Denoising denoising_;
  PictureCodec codec_;
  TextTowers towers_;
  UnetInTraining unet_;
  PictureLatents latents_;
  std::uint64_t seed_;
  at::Device device_;
};

}  // namespace hotshot::training
