// The loss of reading what a world's scene shows (data/world_attributes.h), whatever it is read from.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "training/loop.h"

namespace hotshot::training {

/// Cross-entropy of every question that arises for a sample, the mean over questions, and the shares that are right as
/// "right_<name>". logits_bk: one per question [b, classes], fp32; answers_ba: int64, -1 where it does not arise.
Loss attribute_loss(const std::vector<std::string>& names, const std::vector<at::Tensor>& logits_bk,
                    const at::Tensor& answers_ba);

}  // namespace hotshot::training
