#include "training/optimizer.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <array>
#include <cmath>
#include <numbers>
#include <numeric>

#include "kernel/orthogonal.h"

namespace hotshot::training {
namespace {

// What one step multiplies with, the same for all parameters.
struct StepFactors {
  float beta1, beta2, rate, decay, epsilon, correction1, correction2, clip, average;
};

void update_values(float* weight, const float* gradient, float* first, float* second, float* average, std::int64_t n,
                   const StepFactors& f) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float g = gradient[i] * f.clip;
    first[i] = f.beta1 * first[i] + (1 - f.beta1) * g;
    second[i] = f.beta2 * second[i] + (1 - f.beta2) * g * g;
    const float direction = first[i] * f.correction1 / (std::sqrt(second[i] * f.correction2) + f.epsilon);
    weight[i] -= f.rate * (direction + f.decay * weight[i]);
    average[i] += f.average * (weight[i] - average[i]);
  }
}

void update_tensors(at::Tensor weight, const at::Tensor& gradient, at::Tensor& first, at::Tensor& second,
                    at::Tensor& average, const StepFactors& f) {
  const at::Tensor g = gradient * f.clip;
  first.mul_(f.beta1).add_(g, 1 - f.beta1);
  second.mul_(f.beta2).addcmul_(g, g, 1 - f.beta2);
  weight.mul_(1 - f.rate * f.decay);
  weight.addcdiv_(first * f.correction1, (second * f.correction2).sqrt_().add_(f.epsilon), -f.rate);
  average.add_(weight - average, f.average);
}

constexpr std::int64_t kGrain = 1 << 15;
constexpr double kMuonMomentum = 0.95;
constexpr double kBelowOne = 0.999999;  // a decay of 1 would divide by zero

// Of all values, the same for any number of threads: pieces of fixed size, added in order.
double sum_of_squares(const at::Tensor& values) {
  if (!values.is_cpu() || values.scalar_type() != at::kFloat)
    return values.to(at::kDouble).square().sum().item<double>();
  const at::Tensor plain = values.contiguous();
  const float* data = plain.data_ptr<float>();
  const std::int64_t count = plain.numel();
  std::vector<double> pieces(static_cast<std::size_t>((count + kGrain - 1) / kGrain));
  at::parallel_for(0, static_cast<std::int64_t>(pieces.size()), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t piece = begin; piece < end; ++piece) {
      std::array<double, 8> lanes{};
      const std::int64_t last = std::min(count, (piece + 1) * kGrain);
      for (std::int64_t i = piece * kGrain; i < last; ++i) {
        lanes[static_cast<std::size_t>(i % 8)] += static_cast<double>(data[i]) * data[i];
      }
      pieces[static_cast<std::size_t>(piece)] = std::accumulate(lanes.begin(), lanes.end(), 0.0);
    }
  });
  return std::accumulate(pieces.begin(), pieces.end(), 0.0);
}

// [out, rest] with more than one of each. Scales of norms ([c, 1, 1, 1]) and modulation ([1, 6, d]) are not.
bool is_matrix(const at::Tensor& weight) {
  return weight.dim() >= 2 && weight.size(0) > 1 && weight.numel() > weight.size(0);
}

// An Adam step moves every weight alike, so a sum over n inputs moves by n steps: without this, wide layers, above all
// a last convolution, tremble.
double step_fraction(const at::Tensor& weight, int fan_in) {
  if (!is_matrix(weight)) return 1;
  return std::min(
      1.0, static_cast<double>(fan_in) * static_cast<double>(weight.size(0)) / static_cast<double>(weight.numel()));
}

// One Muon step of a weight whose gradient is already clipped; `first` holds the momentum.
void update_orthogonally(at::Tensor weight, const at::Tensor& gradient, at::Tensor& first, at::Tensor& average,
                         double rate, double decay, double average_fraction) {
  first.lerp_(gradient, 1 - kMuonMomentum);
  const at::Tensor nesterov = at::lerp(gradient, first, kMuonMomentum).flatten(1);
  const double size = 0.2 * std::sqrt(static_cast<double>(std::max(nesterov.size(0), nesterov.size(1))));
  weight.mul_(1 - rate * decay).add_(kernel::orthogonalized(nesterov).view_as(weight), -rate * size);
  average.lerp_(weight, average_fraction);
}

}  // namespace

FieldList OptimizerOptions::fields() {
  return {{"learning_rate", "at its highest", &learning_rate, {0, 10}},
          {"fan_in", "inputs above which AdamW steps of a matrix shrink", &fan_in, {1, 1e9}},
          {"muon_rate", "of hidden matrices by Muon, 0 for AdamW", &muon_rate, {0, 10}},
          {"warmup", "steps of linear rise", &warmup, {0, 1e9}},
          {"final_fraction", "of the learning rate at the end", &final_fraction, {0, 1}},
          {"beta1", "decay of the first moment", &beta1, {0, kBelowOne}},
          {"beta2", "decay of the second moment", &beta2, {0, kBelowOne}},
          {"epsilon", "added to the root of the second moment", &epsilon, {1e-20, 1}},
          {"weight_decay", "decoupled, of matrices", &weight_decay, {0, 10}},
          {"clip", "largest gradient norm", &clip, {1e-9, 1e9}},
          {"ema", "decay of the averaged weights", &ema, {0, 1}}};
}

double learning_rate(const OptimizerOptions& o, std::int64_t step, std::int64_t steps) {
  if (step < o.warmup) return o.learning_rate * static_cast<double>(step + 1) / o.warmup;
  const double total = std::max<double>(1, static_cast<double>(steps - o.warmup));
  const double done = std::min(1.0, static_cast<double>(step - o.warmup) / total);
  const double cosine = 0.5 * (1 + std::cos(std::numbers::pi * done));
  return o.learning_rate * (o.final_fraction + (1 - o.final_fraction) * cosine);
}

Optimizer::Optimizer(OptimizerOptions options, std::vector<nn::NamedParameter> parameters) : options_(options) {
  for (const auto& [name, parameter] : parameters) {
    const at::Tensor weight = parameter->tensor.detach();
    slots_.push_back({name, parameter, at::zeros_like(weight), at::zeros_like(weight), weight.clone()});
  }
}

UpdateReport Optimizer::update(std::int64_t step, std::int64_t steps) {
  at::NoGradGuard no_grad;
  double squares = 0;
  for (const Slot& slot : slots_) {
    const at::Tensor& gradient = slot.parameter->tensor.grad();
    if (gradient.defined()) squares += sum_of_squares(gradient);
  }
  UpdateReport report{std::sqrt(squares), std::isfinite(squares)};
  const double t = static_cast<double>(step + 1);
  const StepFactors common{
      .beta1 = static_cast<float>(options_.beta1),
      .beta2 = static_cast<float>(options_.beta2),
      .rate = static_cast<float>(learning_rate(options_, step, steps)),
      .decay = 0,
      .epsilon = static_cast<float>(options_.epsilon),
      .correction1 = static_cast<float>(1 / (1 - std::pow(options_.beta1, t))),
      .correction2 = static_cast<float>(1 / (1 - std::pow(options_.beta2, t))),
      .clip = static_cast<float>(report.gradient_norm > options_.clip ? options_.clip / report.gradient_norm : 1.0),
      .average = static_cast<float>(1 - std::min(options_.ema, t / (9 + t)))};
  OptimizerOptions muon = options_;
  muon.learning_rate = options_.muon_rate;
  const double muon_rate = learning_rate(muon, step, steps);
  std::vector<Slot*> orthogonal;
  for (Slot& slot : slots_) {
    at::Tensor& weight = slot.parameter->tensor;
    if (!report.applied || !weight.grad().defined()) continue;
    if (options_.muon_rate > 0 && slot.parameter->hidden) {
      orthogonal.push_back(&slot);
      continue;
    }
    StepFactors factors = common;
    factors.decay = static_cast<float>(is_matrix(weight) ? options_.weight_decay : 0);
    factors.rate *= static_cast<float>(step_fraction(weight, options_.fan_in));
    const at::Tensor gradient = weight.grad().contiguous();
    if (weight.device().is_cpu()) {
      float *w = weight.data_ptr<float>(), *m = slot.first.data_ptr<float>(), *v = slot.second.data_ptr<float>(),
            *a = slot.average.data_ptr<float>();
      const float* g = gradient.data_ptr<float>();
      at::parallel_for(0, weight.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
        update_values(w + begin, g + begin, m + begin, v + begin, a + begin, end - begin, factors);
      });
    } else {
      update_tensors(weight.detach(), gradient, slot.first, slot.second, slot.average, factors);
    }
  }
  const auto update_some = [&](std::int64_t begin, std::int64_t end) {
    at::NoGradGuard no_grad_here;  // thread-local
    for (std::int64_t i = begin; i < end; ++i) {
      Slot& slot = *orthogonal[static_cast<std::size_t>(i)];
      at::Tensor& weight = slot.parameter->tensor;
      update_orthogonally(weight.detach(), weight.grad().contiguous() * common.clip, slot.first, slot.average,
                          muon_rate, is_matrix(weight) ? options_.weight_decay : 0, common.average);
    }
  };
  const auto count = static_cast<std::int64_t>(orthogonal.size());
  if (count > 0 && orthogonal.front()->parameter->tensor.is_cpu()) {
    // A thread a matrix: their products are too small to share, and so do not depend on the number of threads.
    at::parallel_for(0, count, 1, update_some);
  } else {
    update_some(0, count);
  }
  for (Slot& slot : slots_) slot.parameter->tensor.mutable_grad() = at::Tensor();
  return report;
}

Optimizer::TensorMap Optimizer::first_moments() const {
  TensorMap map;
  for (const Slot& slot : slots_) map[slot.name] = slot.first;
  return map;
}

Optimizer::TensorMap Optimizer::second_moments() const {
  TensorMap map;
  for (const Slot& slot : slots_) map[slot.name] = slot.second;
  return map;
}

Optimizer::TensorMap Optimizer::averages() const {
  TensorMap map;
  for (const Slot& slot : slots_) map[slot.name] = slot.average;
  return map;
}

Optimizer::TensorMap Optimizer::weights() const {
  TensorMap map;
  for (const Slot& slot : slots_) map[slot.name] = slot.parameter->tensor.detach();
  return map;
}

AveragedWeights::AveragedWeights(const Optimizer& optimizer, std::vector<nn::NamedParameter> parameters)
    : parameters_(std::move(parameters)) {
  const auto averages = optimizer.averages();
  for (const auto& [name, parameter] : parameters_) {
    trained_.push_back(parameter->tensor);
    parameter->tensor = averages.at(name);
  }
}

AveragedWeights::~AveragedWeights() {
  for (std::size_t i = 0; i < parameters_.size(); ++i) parameters_[i].parameter->tensor = trained_[i];
}

}  // namespace hotshot::training
