#include "training/optimizer.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "kernel/orthogonal.h"
#include "kernel/recorded.h"

namespace hotshot::training {
namespace {

// What one step multiplies with, the same for all values of a parameter.
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

constexpr std::int64_t kGrain = 1 << 15;
constexpr double kMuonMomentum = 0.95;
constexpr double kBelowOne = 0.999999;  // a decay of 1 would divide by zero

// Of all values, the same for any number of threads: pieces of fixed size, added in order.
double sum_of_squares(const at::Tensor& values) {
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

bool has_own_loops(const at::Tensor& weight) { return weight.is_cpu() && weight.scalar_type() == at::kFloat; }

double gradient_norm(const std::vector<at::Tensor>& gradients) {
  if (gradients.empty()) return 0;
  if (std::all_of(gradients.begin(), gradients.end(), has_own_loops)) {
    double squares = 0;
    for (const at::Tensor& gradient : gradients) squares += sum_of_squares(gradient);
    return std::sqrt(squares);
  }
  return at::stack(at::_foreach_norm(gradients, 2)).to(at::kDouble).norm().item<double>();
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

// Of a step along an orthogonal matrix [..., m, n].
double orthogonal_size(const at::Tensor& matrix) {
  return 0.2 * std::sqrt(static_cast<double>(std::max(matrix.size(-2), matrix.size(-1))));
}

// One Muon step of a weight whose gradient is already clipped; `first` holds the momentum.
void update_orthogonally(at::Tensor weight, const at::Tensor& gradient, at::Tensor& first, at::Tensor& average,
                         double rate, double decay, double average_fraction) {
  first.lerp_(gradient, 1 - kMuonMomentum);
  const at::Tensor nesterov = at::lerp(gradient, first, kMuonMomentum).flatten(1);
  weight.mul_(1 - rate * decay)
      .add_(kernel::orthogonalized(nesterov).view_as(weight), -rate * orthogonal_size(nesterov));
  average.lerp_(weight, average_fraction);
}

// lerp(from, to, fraction) of all.
void approach(const std::vector<at::Tensor>& from, const std::vector<at::Tensor>& to, double fraction) {
  at::_foreach_mul_(from, 1 - fraction);
  at::_foreach_add_(from, to, fraction);
}

// -rate · size · the orthogonal factor of each, those of one shape in one call.
std::vector<at::Tensor> orthogonal_steps(const std::vector<at::Tensor>& nesterov, double rate) {
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::size_t>> shapes;
  std::vector<at::Tensor> matrices, steps(nesterov.size());
  for (const at::Tensor& tensor : nesterov) {
    const at::Tensor matrix = matrices.emplace_back(tensor.flatten(1));
    shapes[{matrix.size(0), matrix.size(1)}].push_back(matrices.size() - 1);
  }
  for (const auto& [shape, members] : shapes) {
    std::vector<at::Tensor> alike;
    for (const std::size_t i : members) alike.push_back(matrices[i]);
    const at::Tensor factors_kmn = kernel::orthogonalized(at::stack(alike));
    const auto all = factors_kmn.mul(-rate * orthogonal_size(factors_kmn)).unbind(0);
    for (std::size_t i = 0; i < members.size(); ++i) steps[members[i]] = all[i].view_as(nesterov[members[i]]);
  }
  return steps;
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

// Of one update.
struct Optimizer::Factors {
  StepFactors adam;  // without what differs between parameters
  double muon_rate;

  StepFactors of(const Slot& slot, int fan_in, double decay) const {
    StepFactors own = adam;
    own.decay = static_cast<float>(decay);
    own.rate *= static_cast<float>(step_fraction(slot.parameter->tensor, fan_in));
    return own;
  }
};

double Optimizer::decay_of(const Slot& slot) const {
  return is_matrix(slot.parameter->tensor) ? options_.weight_decay : 0;
}

void Optimizer::update_each(const std::vector<Slot*>& slots, const Factors& factors) {
  std::vector<Slot*> orthogonal;
  for (Slot* slot : slots) {
    if (is_orthogonal(*slot)) {
      orthogonal.push_back(slot);
      continue;
    }
    at::Tensor& weight = slot->parameter->tensor;
    const StepFactors own = factors.of(*slot, options_.fan_in, decay_of(*slot));
    const at::Tensor gradient = weight.grad().contiguous();
    float *w = weight.data_ptr<float>(), *m = slot->first.data_ptr<float>(), *v = slot->second.data_ptr<float>(),
          *a = slot->average.data_ptr<float>();
    const float* g = gradient.data_ptr<float>();
    const kernel::Recorded recorded("hotshot::adamw", {weight, gradient, slot->first, slot->second, slot->average});
    at::parallel_for(0, weight.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
      update_values(w + begin, g + begin, m + begin, v + begin, a + begin, end - begin, own);
    });
  }
  // A thread a matrix: their products are too small to share, and so do not depend on the number of threads.
  at::parallel_for(0, static_cast<std::int64_t>(orthogonal.size()), 1, [&](std::int64_t begin, std::int64_t end) {
    at::NoGradGuard no_grad_here;  // thread-local
    for (std::int64_t i = begin; i < end; ++i) {
      Slot& slot = *orthogonal[static_cast<std::size_t>(i)];
      at::Tensor& weight = slot.parameter->tensor;
      update_orthogonally(weight.detach(), weight.grad().contiguous() * factors.adam.clip, slot.first, slot.average,
                          factors.muon_rate, decay_of(slot), factors.adam.average);
    }
  });
}

void Optimizer::update_together(const std::vector<Slot*>& slots, const Factors& factors) {
  struct Group {
    std::vector<at::Tensor> weights, gradients, firsts, seconds, averages;
    std::vector<at::Scalar> rates, kept;  // of AdamW's steps; of the weights after their decay
  } adam, muon;
  for (Slot* slot : slots) {
    Group& group = is_orthogonal(*slot) ? muon : adam;
    const at::Tensor& weight = slot->parameter->tensor;
    group.weights.push_back(weight.detach());
    group.gradients.push_back(weight.grad().contiguous());
    group.firsts.push_back(slot->first);
    group.seconds.push_back(slot->second);
    group.averages.push_back(slot->average);
    const double decay = decay_of(*slot);
    const double rate = &group == &muon ? factors.muon_rate : double{factors.of(*slot, options_.fan_in, decay).rate};
    if (&group == &adam) group.rates.emplace_back(-rate * factors.adam.correction1);
    group.kept.emplace_back(1 - rate * decay);
  }
  const StepFactors& f = factors.adam;
  if (!adam.weights.empty()) {
    const auto gradients = at::_foreach_mul(adam.gradients, f.clip);
    approach(adam.firsts, gradients, 1 - f.beta1);
    at::_foreach_mul_(adam.seconds, f.beta2);
    at::_foreach_addcmul_(adam.seconds, gradients, gradients, 1 - f.beta2);
    const auto roots = at::_foreach_mul(adam.seconds, f.correction2);
    at::_foreach_sqrt_(roots);
    at::_foreach_add_(roots, f.epsilon);
    at::_foreach_mul_(adam.weights, adam.kept);
    at::_foreach_addcdiv_(adam.weights, adam.firsts, roots, adam.rates);
    approach(adam.averages, adam.weights, f.average);
  }
  if (!muon.weights.empty()) {
    const auto nesterov = at::_foreach_mul(muon.gradients, f.clip);
    approach(muon.firsts, nesterov, 1 - kMuonMomentum);
    approach(nesterov, muon.firsts, kMuonMomentum);
    at::_foreach_mul_(muon.weights, muon.kept);
    at::_foreach_add_(muon.weights, orthogonal_steps(nesterov, factors.muon_rate));
    approach(muon.averages, muon.weights, f.average);
  }
}

UpdateReport Optimizer::update(std::int64_t step, std::int64_t steps) {
  at::NoGradGuard no_grad;
  std::vector<Slot*> learning;
  std::vector<at::Tensor> gradients;
  for (Slot& slot : slots_) {
    if (!slot.parameter->tensor.grad().defined()) continue;
    learning.push_back(&slot);
    gradients.push_back(slot.parameter->tensor.grad());
  }
  const double norm = gradient_norm(gradients);
  const UpdateReport report{norm, std::isfinite(norm)};
  const double t = static_cast<double>(step + 1);
  OptimizerOptions muon = options_;
  muon.learning_rate = options_.muon_rate;
  const Factors factors{.adam = {.beta1 = static_cast<float>(options_.beta1),
                                 .beta2 = static_cast<float>(options_.beta2),
                                 .rate = static_cast<float>(learning_rate(options_, step, steps)),
                                 .decay = 0,
                                 .epsilon = static_cast<float>(options_.epsilon),
                                 .correction1 = static_cast<float>(1 / (1 - std::pow(options_.beta1, t))),
                                 .correction2 = static_cast<float>(1 / (1 - std::pow(options_.beta2, t))),
                                 .clip = static_cast<float>(norm > options_.clip ? options_.clip / norm : 1.0),
                                 .average = static_cast<float>(1 - std::min(options_.ema, t / (9 + t)))},
                        .muon_rate = learning_rate(muon, step, steps)};
  if (report.applied && !learning.empty()) {
    const bool own_loops =
        std::all_of(learning.begin(), learning.end(), [](const Slot* slot) { return has_own_loops(slot->first); });
    own_loops ? update_each(learning, factors) : update_together(learning, factors);
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
