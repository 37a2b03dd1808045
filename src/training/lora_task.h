// Teaching an image model a person, a pet or a style from a few pictures: a LoRA on its spatial attention (Hu et al.
// 2021), beside pictures of the class that the subject belongs to, so that other members of it stay as they were (Ruiz
// et al. 2023, "DreamBooth", section 3.3).
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/clip_set.h"
#include "training/denoising.h"
#include "training/loop.h"
#include "training/lora_layers.h"
#include "training/picture_latents.h"
#include "training/unet_task.h"

namespace hotshot::training {

/// Pictures that a LoRA needs at least.
inline constexpr std::int64_t kFewestLoraPictures = 4;

struct LoraOptions {
  std::string name = "lora";  // of the file, RUN/NAME.safetensors
  std::string subject;        // "person", "pet" or "style"
  std::string consent;        // the statement of the person who is shown; stored in the file
  std::string prompt;         // of pictures that have none of their own: "a photo of sks dog"
  std::string trigger;        // the words in it that call the subject up; stored in the file
  LoraShape shape;
  FieldList fields();
  /// Throws InvalidArgument for an unknown subject, and for a person without consent.
  void check() const;
};

struct PriorOptions {
  std::string prompt;  // of the class: "a photo of a dog"; empty for no prior
  std::string folder;  // pictures of it; empty: the model makes them beforehand, as previews are made
  int pictures = 50;   // of each bucket that the model makes
  double weight = 1;   // of their mean error, added to that of the subject's
  FieldList fields();
};

struct LoraRecipe {
  LoraOptions lora;
  PriorOptions prior;
  DenoisingOptions denoising;
};

/// The data sets of a run, over the same buckets, which have single frames.
struct LoraPictures {
  std::unique_ptr<data::ClipSet> subject;
  std::unique_ptr<data::ClipSet> prior;  // null where the model makes them, or there are none
};

class LoraTask : public Task {
 public:
  /// `file` is written at the end. inputs.initial is not looked at.
  LoraTask(LoraRecipe recipe, std::vector<data::Bucket> buckets, LoraPictures pictures, const ImageInputs& inputs,
           std::filesystem::path file, std::uint64_t seed, at::Device device);

  std::vector<nn::NamedParameter> parameters() override { return layers_->parameters(); }
  MicroBatches micro_batches(std::int64_t step, int count) override;
  std::vector<Clip> preview() override;
  std::string data_digest() const override;
  void export_parts(const std::filesystem::path& model_folder) override;

  /// The network with what it has learned so far.
  const model::Unet& network() const { return unet_.network(); }

 private:
  void check() const;
  ImageModel model() const { return {denoising_, codec_, towers_, unet_.network()}; }

  // Pictures of a set with their latents.
  struct Half {
    std::unique_ptr<data::ClipSet> clips;
    std::unique_ptr<PictureLatents> latents;
  };
  Half half(std::unique_ptr<data::ClipSet> clips, const std::filesystem::path& latent_folder) const;
  DenoisingBatch batch_of(const Half& half, std::size_t bucket, std::int64_t step, std::string_view stream,
                          double weight) const;
  DenoisingBatch batch(std::size_t bucket, std::int64_t step) const;

  LoraRecipe recipe_;
  std::vector<data::Bucket> buckets_;     // those without pictures of the subject have no share
  std::string base_digest_, model_name_;  // of the model that the LoRA is for
  Denoising denoising_;
  PictureCodec codec_;
  TextTowers towers_;
  UnetInTraining unet_;
  Half subject_, prior_;  // the second without clips where there is no prior
  std::unique_ptr<LoraLayers> layers_;
  std::filesystem::path file_;
  std::uint64_t seed_;
  at::Device device_;
};

}  // namespace hotshot::training
