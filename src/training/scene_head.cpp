#include "training/scene_head.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "data/world_attributes.h"
#include "kernel/activation.h"

namespace hotshot::training {
namespace {

constexpr double kEps = 1e-6;
constexpr std::array<std::string_view, 4> kAsked{"subject", "color", "action", "direction"};

std::int64_t row_of(std::string_view name) {
  const auto rows = data::world_attributes();
  return std::ranges::find(rows, name, &data::WorldAttribute::name) - rows.begin();
}

std::int64_t classes_of(std::string_view name) {
  return static_cast<std::int64_t>(data::world_attributes()[static_cast<std::size_t>(row_of(name))].classes.size());
}

// One for the cover, then those of each question.
std::int64_t logit_count() {
  std::int64_t count = 1;
  for (const std::string_view name : kAsked) count += classes_of(name);
  return count;
}

// The mean of x_bl over the second axis, weighted; 0 where all weights are 0.
at::Tensor weighted_mean(const at::Tensor& x_bl, const at::Tensor& weight_bl) {
  return (x_bl * weight_bl).sum(1) / weight_bl.sum(1).clamp_min(1e-3);
}

}  // namespace

SceneHead::SceneHead(std::int64_t width)
    : second_subject_(row_of("second_subject")),
      norm_(width, kEps),
      in_({.in = width, .out = width}),
      out_({.in = width, .out = logit_count(), .weight_init = nn::Init::zeros(), .hidden = false}) {
  add_child("norm", norm_);
  add_child("in", in_);
  add_child("out", out_);
  std::int64_t first = 1;
  for (const std::string_view name : kAsked) {
    questions_.push_back({row_of(name), first, classes_of(name)});
    first += classes_of(name);
  }
}

at::Tensor SceneHead::loss(const at::Tensor& tokens_bld, const at::Tensor& cover_bl,
                           const at::Tensor& answers_ba) const {
  const at::Tensor logits_blk = out_(kernel::gelu_tanh(in_(norm_(tokens_bld)))).to(at::kFloat);
  const at::Tensor covered = logits_blk.select(2, 0);
  const at::Tensor cover_loss_b = 0.5 * (weighted_mean(at::softplus(-covered), cover_bl) +
                                         weighted_mean(at::softplus(covered), 1 - cover_bl));
  return cover_loss_b + attributes_loss(logits_blk, cover_bl, answers_ba);
}

at::Tensor SceneHead::attributes_loss(const at::Tensor& logits_blk, const at::Tensor& cover_bl,
                                      const at::Tensor& answers_ba) const {
  const at::Tensor alike_b = answers_ba.select(1, second_subject_).lt(0);
  at::Tensor sum_b = at::zeros({logits_blk.size(0)}, logits_blk.options()), asked_b = sum_b;
  for (const Question& question : questions_) {
    const at::Tensor answer_b = answers_ba.select(1, question.row);
    const at::Tensor counts_b = answer_b.ge(0).logical_and(alike_b).to(at::kFloat);
    const at::Tensor log_p_blk = logits_blk.narrow(2, question.first, question.classes).log_softmax(2);
    const at::Tensor index = answer_b.clamp_min(0).view({-1, 1, 1}).expand({-1, log_p_blk.size(1), 1});
    sum_b = sum_b - counts_b * weighted_mean(log_p_blk.gather(2, index).squeeze(2), cover_bl);
    asked_b = asked_b + counts_b;
  }
  return sum_b / asked_b.clamp_min(1);
}

}  // namespace hotshot::training
