// Captions as a diffusion transformer of the Wan family sees them: tokenizer, text encoder, padding.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/options.h"
#include "data/batch.h"
#include "model/umt5.h"
#include "model/wan_transformer.h"
#include "text/t5_tokenizer.h"

namespace hotshot::training {

struct CaptionOptions {
  double caption_dropout = 0.1;  // of captions become empty, for classifier-free guidance
  int max_tokens = 96;           // of a caption; longer ones are cut
  FieldList fields();
};

class CaptionEncoder {
 public:
  /// The tokenizer is that of the model folder; fresh weights from `seed`, or those of `initial`/text_encoder where
  /// that is not empty, fp32. `text_len` of the transformer that reads. Throws InvalidArgument for a vocabulary smaller
  /// than the tokenizer's.
  CaptionEncoder(model::Umt5Config config, const CaptionOptions& options, int text_len,
                 const std::filesystem::path& model_folder, const std::filesystem::path& initial, std::uint64_t seed,
                 at::Device device);

  /// What captions are to the network; ids on the network's device.
  data::TokenBatch tokens(const std::vector<std::string>& captions) const;
  /// Differentiable where the network's parameters are; computes in `dtype`.
  model::TextContext operator()(const data::TokenBatch& tokens, at::ScalarType dtype) const;
  model::TextContext operator()(const std::vector<std::string>& captions, at::ScalarType dtype) const {
    return (*this)(tokens(captions), dtype);
  }

  model::Umt5Encoder& network() { return network_; }
  /// Of the tokenizer.
  const std::string& digest() const { return digest_; }
  void save(const std::filesystem::path& model_folder);

 private:
  text::T5Tokenizer tokenizer_;
  model::Umt5Encoder network_;
  CaptionOptions options_;
  int text_len_;
  std::string digest_;
  at::Device device_;
};

}  // namespace hotshot::training
