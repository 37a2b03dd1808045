#include "training/attribute_loss.h"

#include <ATen/ATen.h>

namespace hotshot::training {
namespace {

constexpr std::int64_t kUnasked = -1;

}  // namespace

Loss attribute_loss(const std::vector<std::string>& names, const std::vector<at::Tensor>& logits_bk,
                    const at::Tensor& answers_ba) {
  Loss loss;
  loss.samples = answers_ba.size(0);
  loss.value = at::zeros({}, answers_ba.options().dtype(at::kFloat));
  for (std::size_t i = 0; i < names.size(); ++i) {
    const at::Tensor answer_b = answers_ba.select(1, static_cast<std::int64_t>(i)).contiguous();
    const at::Tensor asked = answer_b.ne(kUnasked);
    const auto count = asked.sum().item<std::int64_t>();
    if (count == 0) continue;
    const at::Tensor error = at::cross_entropy_loss(logits_bk[i], answer_b, {}, at::Reduction::Sum, kUnasked);
    loss.value = loss.value + error / static_cast<double>(count) / static_cast<double>(names.size());
    const at::Tensor right = logits_bk[i].detach().argmax(1).eq(answer_b).logical_and(asked).sum();
    loss.extra["right_" + names[i]] = right.item<double>() / static_cast<double>(count);
  }
  return loss;
}

}  // namespace hotshot::training
