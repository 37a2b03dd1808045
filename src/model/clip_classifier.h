// Reads several things off a clip at once: a convolutional network over each frame, mixed along time, and a small
// transformer in which every question has a token of its own that looks at the whole clip (Dosovitskiy et al. 2021,
// "ViT", with one class token per question).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/options.h"
#include "model/wan_vae_blocks.h"
#include "nn/layers.h"
#include "nn/module.h"

namespace hotshot::model {

struct ClipClassifierConfig {
  int patch_size = 4;                           // pixels of a side that the first layer takes in at once
  std::vector<int> channels{32, 64, 128, 192};  // of each stage; every one after the first halves height and width
  std::vector<int> blocks{1, 2, 2, 2};          // of each stage
  int num_layers = 2;                           // of the transformer
  int num_attention_heads = 4;
  int num_frames = 12;                    // what it was trained on
  int frame_rate = 4;                     // frames per second
  std::vector<std::string> attributes{};  // the questions
  std::vector<int> classes{};             // how many answers each has

  FieldList fields();
  void validate(std::string_view where) const;
  nlohmann::json to_json() const;
};

/// What it says of a batch of clips.
struct ClipReading {
  std::vector<at::Tensor> logits_bk;  // fp32, one per question: [b, classes]
  at::Tensor features_bd;             // fp32, the clip as a whole: what distances between clips are measured in
};

/// Two 3×3 convolutions around a shortcut, then one step of mixing with the frames before and after.
class ClipBlock : public nn::Module {
 public:
  explicit ClipBlock(std::int64_t channels);
  /// x_nchw: `frames` consecutive rows belong to one clip.
  at::Tensor operator()(const at::Tensor& x_nchw, std::int64_t frames) const;

 private:
  ChannelNorm norm1_, norm2_, time_norm_;
  nn::Conv2d conv1_, conv2_, time_conv_;
};

/// Pre-norm self-attention and feed-forward layer (Vaswani et al. 2017).
class TokenBlock : public nn::Module {
 public:
  TokenBlock(std::int64_t width, std::int64_t heads);
  at::Tensor operator()(const at::Tensor& x_bld) const;

 private:
  std::int64_t heads_;
  nn::LayerNorm norm1_, norm2_;
  nn::Linear to_q_, to_k_, to_v_, to_out_, ffn_in_, ffn_out_;
};

class ClipClassifier : public nn::Module {
 public:
  explicit ClipClassifier(ClipClassifierConfig config);

  const ClipClassifierConfig& config() const { return config_; }

  /// video_bcthw [b, 3, t, h, w] in [-1, 1], any length, sides of at least patch_size · 2^(stages - 1); computes in its
  /// dtype.
  ClipReading operator()(const at::Tensor& video_bcthw) const;

 private:
  struct Stage : nn::Module {
    Stage(std::int64_t in, std::int64_t out, int count);
    at::Tensor operator()(at::Tensor x_nchw, std::int64_t frames) const;
    std::optional<nn::Conv2d> down;
    std::deque<ClipBlock> blocks;
    nn::Group list;
  };

  ClipClassifierConfig config_;
  nn::Conv2d patch_embedding_;
  std::deque<Stage> stages_;
  nn::Linear positions_;
  nn::Parameter& queries_;
  std::deque<TokenBlock> layers_;
  nn::LayerNorm norm_;
  std::deque<nn::Linear> heads_;
  nn::Group stage_list_, layer_list_, head_list_;
};

}  // namespace hotshot::model
