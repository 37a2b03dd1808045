// The CLIP text towers of an image model in training: those of a published model stay as they are; fresh ones learn
// along with the UNet.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/options.h"
#include "model/clip_text.h"
#include "model/unet_encoder.h"
#include "text/clip_tokenizer.h"

namespace hotshot::training {

/// The vocabulary of fresh towers: the first merges of a longer list.
struct ClipTokenizerOptions {
  std::string merges_file = "../clip-tokenizer/merges.txt";  // seen from the model folder
  int merges = 4000;
  FieldList fields();
};

/// Writes a tokenizer folder of them unless there is one already. `pad` as in text::write_clip_tokenizer.
void write_short_tokenizer(const std::filesystem::path& merges_file, int merges, std::string_view pad,
                           const std::filesystem::path& folder);

/// One or two towers with their tokenizers: text_encoder with tokenizer, text_encoder_2 with tokenizer_2.
class TextTowers {
 public:
  /// Those of a model folder, as they are, in `dtype`.
  TextTowers(const std::filesystem::path& model_folder, at::Device device, at::ScalarType dtype);
  /// Towers that learn, over the tokenizers of the model folder, which give vocab_size and eos_token_id: from fresh
  /// weights, or from those of `initial` (a model folder) unless empty. The last projects if there are two.
  TextTowers(std::vector<model::ClipTextConfig> configs, const std::filesystem::path& model_folder,
             const std::filesystem::path& initial, std::uint64_t seed, at::Device device);

  /// What a UNet is told of texts, computed in `dtype`: of one tower the last states, of two those before the last
  /// layer, side by side, with the projected end of the second's text (as pipeline::ClipEncoder). Differentiable where
  /// the towers learn. With `zero_empty` an empty text is zeros.
  model::UnetContext operator()(const std::vector<std::string>& texts, bool zero_empty, at::ScalarType dtype) const;

  std::size_t count() const { return towers_.size(); }
  std::int64_t width() const;
  /// Features of the pooled text; 0 for none.
  std::int64_t pooled_width() const;

  /// Those that learn.
  std::vector<nn::NamedParameter> parameters();
  /// Writes the towers that learn.
  void export_parts(const std::filesystem::path& model_folder);
  /// Of tokenizers, and of towers that do not learn.
  const std::string& digest() const { return digest_; }

 private:
  struct Tower {
    std::string part;
    text::ClipTokenizer tokenizer;
    std::unique_ptr<model::ClipTextModel> network;
    const model::ClipTextModelWithProjection* projection;  // the same, or null
  };

  at::Tensor ids(const Tower& tower, const std::vector<std::string>& texts) const;

  std::vector<Tower> towers_;
  bool learns_;
  at::Device device_;
  std::string digest_;
};

}  // namespace hotshot::training
