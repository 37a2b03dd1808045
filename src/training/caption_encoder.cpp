#include "training/caption_encoder.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "model/part.h"
#include "weights/digest.h"

namespace hotshot::training {

FieldList CaptionOptions::fields() {
  return {{"caption_dropout", "share of empty captions", &caption_dropout, {0, 1}},
          {"max_tokens", "of a caption", &max_tokens, {1, 512}}};
}

CaptionEncoder::CaptionEncoder(model::Umt5Config config, const CaptionOptions& options, int text_len,
                               const std::filesystem::path& model_folder, const std::filesystem::path& initial,
                               std::uint64_t seed, at::Device device)
    : tokenizer_(text::T5Tokenizer::load(model_folder / "tokenizer")),
      network_(std::move(config)),
      options_(options),
      text_len_(text_len),
      digest_(weights::folder_digest(model_folder / "tokenizer")),
      device_(device) {
  require(network_.config().vocab_size >= tokenizer_.vocabulary_size(), "train",
          "expected a vocab_size of at least the tokenizer's {} but got {}", tokenizer_.vocabulary_size(),
          network_.config().vocab_size);
  if (initial.empty()) {
    network_.initialize(seed);
  } else {
    model::load_parameters(network_, initial / "text_encoder");
  }
  network_.to(device, at::kFloat);
}

data::TokenBatch CaptionEncoder::tokens(const std::vector<std::string>& captions) const {
  data::TokenBatch batch = data::tokenize(tokenizer_, captions, options_.max_tokens);
  batch.ids_bl = batch.ids_bl.to(device_);
  return batch;
}

model::TextContext CaptionEncoder::operator()(const data::TokenBatch& tokens, at::ScalarType dtype) const {
  return model::pad_context(network_(tokens.ids_bl, tokens.lengths, dtype), tokens.lengths, text_len_);
}

void CaptionEncoder::save(const std::filesystem::path& model_folder) {
  model::save_part(network_, network_.config().to_json(), model_folder / "text_encoder", "model", at::kBFloat16);
}

}  // namespace hotshot::training
