// AdamW and Muon over named parameters, gradient clipping and the moving average of the weights.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/options.h"
#include "nn/module.h"

namespace hotshot::training {

/// Decoupled weight decay (Loshchilov & Hutter 2019), Adam's moments (Kingma & Ba 2015) and an average of the weights.
/// With a muon_rate, hidden matrices (convolutions too, as [out, rest]) take orthogonalised momentum steps instead
/// (Jordan et al. 2024, "Muon"), scaled as Liu et al. 2025 (arXiv 2502.16982) so that a step's size is that of AdamW.
struct OptimizerOptions {
  double learning_rate = 1e-3;
  int fan_in = 64;              // AdamW steps of matrices with more inputs shrink as fan_in / inputs (Yang et al. 2022)
  double muon_rate = 0;         // learning rate of hidden matrices by Muon; 0 leaves them to AdamW
  int warmup = 100;             // steps of linear rise
  double final_fraction = 0.1;  // of learning_rate at the last step, reached along a cosine
  double beta1 = 0.9;
  double beta2 = 0.99;
  double epsilon = 1e-8;
  double weight_decay = 0.01;  // of matrices; vectors (norms, biases, modulation) do not decay
  double clip = 1.0;           // largest global norm of the gradient
  double ema = 0.999;          // of the weights; rises to this as (1 + step) / (10 + step)
  FieldList fields();
};

/// Learning rate of a step (0-based) in a run of `steps`.
double learning_rate(const OptimizerOptions& options, std::int64_t step, std::int64_t steps);

/// What an update did.
struct UpdateReport {
  double gradient_norm = 0;  // before clipping
  bool applied = true;       // false when the gradient was not finite: nothing changed
};

/// Owns fp32 moments and averages beside fp32 master weights. All state is in tensors by parameter name, so that a
/// checkpoint restores it bit for bit.
class Optimizer {
 public:
  Optimizer(OptimizerOptions options, std::vector<nn::NamedParameter> parameters);

  /// One update from the collected gradients, which are then cleared.
  UpdateReport update(std::int64_t step, std::int64_t steps);

  using TensorMap = std::map<std::string, at::Tensor>;
  /// Handles to the state: changing the tensors changes the optimizer.
  TensorMap first_moments() const;
  TensorMap second_moments() const;
  TensorMap averages() const;
  TensorMap weights() const;

 private:
  struct Slot {
    std::string name;
    nn::Parameter* parameter;
    at::Tensor first, second, average;
  };
  struct Factors;
  bool is_orthogonal(const Slot& slot) const { return options_.muon_rate > 0 && slot.parameter->hidden; }
  double decay_of(const Slot& slot) const;
  // Loops of our own on the CPU; elsewhere libtorch's operations over all tensors at once.
  void update_each(const std::vector<Slot*>& slots, const Factors& factors);
  void update_together(const std::vector<Slot*>& slots, const Factors& factors);

  OptimizerOptions options_;
  std::vector<Slot> slots_;
};

/// For its lifetime the parameters hold the averaged weights; afterwards the trained ones again.
class AveragedWeights {
 public:
  AveragedWeights(const Optimizer& optimizer, std::vector<nn::NamedParameter> parameters);
  ~AveragedWeights();
  AveragedWeights(const AveragedWeights&) = delete;
  AveragedWeights& operator=(const AveragedWeights&) = delete;

 private:
  std::vector<nn::NamedParameter> parameters_;
  std::vector<at::Tensor> trained_;
};

}  // namespace hotshot::training
