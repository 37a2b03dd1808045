// A text encoder that learns what captions of the cartoon world say before it serves a transformer, which would need
// far more clips than captions to tell it: from the mean of a caption's tokens, linear heads read the scene (data/
// world_attributes.h). What a transformer is given then tells "left" from "right" as clearly as red from blue.
#pragma once

#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "data/world_source.h"
#include "nn/layers.h"
#include "training/caption_encoder.h"
#include "training/loop.h"

namespace hotshot::training {

struct CaptionTaskOptions {
  int batch = 256;  // captions of a step
  int max_tokens = 96;
  std::string dtype = "bf16";  // of activations
  FieldList fields();
};

/// What a caption leaves unsaid is asked all the same: the heads learn how often each answer is true then.
class CaptionTask : public Task {
 public:
  /// `model_folder` has the tokenizer. Starts from fresh weights, or from those of `initial`/text_encoder unless empty.
  CaptionTask(model::Umt5Config config, CaptionTaskOptions options, data::WorldSource source,
              const std::filesystem::path& model_folder, const std::filesystem::path& initial, std::uint64_t seed,
              at::Device device);

  std::vector<nn::NamedParameter> parameters() override;
  MicroBatches micro_batches(std::int64_t step, int count) override;
  /// There is nothing to show.
  std::vector<Clip> preview() override { return {}; }
  std::string data_digest() const override { return captions_.digest(); }
  /// Writes the part "text_encoder"; the heads are not needed any more.
  void export_parts(const std::filesystem::path& model_folder) override;

 private:
  class Heads : public nn::Module {
   public:
    explicit Heads(std::int64_t width);
    std::vector<at::Tensor> operator()(const at::Tensor& x_bd) const;
    const std::vector<std::string>& names() const { return names_; }

   private:
    std::vector<std::string> names_;
    std::deque<nn::Linear> heads_;
  };

  Loss loss(const std::vector<std::string>& captions, const at::Tensor& answers_ba) const;

  CaptionTaskOptions options_;
  data::WorldSource source_;
  CaptionEncoder captions_;
  Heads heads_;
  at::Device device_;
};

}  // namespace hotshot::training
