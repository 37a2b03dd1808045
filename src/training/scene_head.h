// An auxiliary target for a diffusion transformer: what each of its tokens is of, which the renderer of the cartoon
// world knows (after representation alignment, Yu et al. 2024, arXiv 2410.06940, section 3.2, with the truth in the
// place of another network's features). It learns beside the network and is left behind when that is exported.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "nn/layers.h"
#include "nn/module.h"

namespace hotshot::training {

class SceneHead : public nn::Module {
 public:
  /// `width` of the tokens it reads.
  explicit SceneHead(std::int64_t width);

  /// tokens_bld [b, l, width]; cover_bl fp32, the share of each token's place that actors cover, 0 to 1; answers_ba int64,
  /// data::world_answers() of each clip. The sum of two means in nats, fp32 [b]: the cross-entropy of the cover, where
  /// covered and free places count half each; and that of who is there and what it does (subject, colour, action,
  /// direction), weighted by cover, for clips all of whose actors are alike.
  at::Tensor loss(const at::Tensor& tokens_bld, const at::Tensor& cover_bl, const at::Tensor& answers_ba) const;

 private:
  struct Question {
    std::int64_t row;      // of data::world_attributes()
    std::int64_t first;    // of its logits
    std::int64_t classes;  // their number
  };
  at::Tensor attributes_loss(const at::Tensor& logits_blk, const at::Tensor& cover_bl, const at::Tensor& answers_ba) const;

  std::vector<Question> questions_;
  std::int64_t second_subject_ = 0;  // the row that is answered for clips with two kinds of actors
  nn::LayerNorm norm_;
  nn::Linear in_, out_;
};

}  // namespace hotshot::training
