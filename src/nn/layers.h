// Layers with weights that more than one network uses. Activations keep the dtype they come in; weights are cast to it, but
// where they are packed (Module::pack), which takes activations of their type alone.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "kernel/linear.h"
#include "kernel/quantized.h"
#include "nn/module.h"

namespace hotshot::nn {

struct LinearOptions {
  std::int64_t in = 0;
  std::int64_t out = 0;
  bool bias = true;
  bool keep_fp32 = false;
  Init weight_init = Init::normal(-1);  // a negative deviation stands for 1/√in
  bool hidden = true;                   // see Parameter::hidden
};

/// y = x Wᵀ + b over the last axis.
class Linear : public Module {
 public:
  explicit Linear(const LinearOptions& options);
  at::Tensor operator()(const at::Tensor& x) const;
  /// gelu of it, tanh approximation.
  at::Tensor then_gelu(const at::Tensor& x) const;
  /// to.x + to.gate · of it. to.x is of x's dtype and of the result's shape.
  at::Tensor operator()(const at::Tensor& x, const kernel::Residual& to) const;
  void quantize() override;
  void pack() override;

 private:
  at::Tensor bias() const { return bias_ ? bias_->tensor : at::Tensor(); }
  // Whether the packed product is all there is to compute.
  bool fuses() const { return packed_ && !weight_.low_rank; }

  Parameter& weight_;
  Parameter* bias_;
  // Instead of weight_, which is empty then.
  std::optional<kernel::QuantizedWeight> bytes_;
  std::optional<kernel::PackedWeight> packed_;
};

/// RMS norm over the last axis with a weight.
class RmsNorm : public Module {
 public:
  RmsNorm(std::int64_t size, double eps);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  Parameter& weight_;
  double eps_;
};

/// LayerNorm over the last axis with weight and bias.
class LayerNorm : public Module {
 public:
  LayerNorm(std::int64_t size, double eps);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  Parameter& weight_;
  Parameter& bias_;
  double eps_;
};

/// A table of vectors: ids [...] int64 → [..., size]. Returned in the table's dtype.
class Embedding : public Module {
 public:
  Embedding(std::int64_t count, std::int64_t size, Init init);
  at::Tensor operator()(const at::Tensor& ids) const;

  std::int64_t count() const;
  /// Vectors [n, size] become rows of the table, after those it has, in its dtype. They are copied.
  void append(const at::Tensor& rows);

 private:
  Parameter& weight_;
};

/// A module that only groups others under a name ("net.0.proj" in diffusers).
class Group : public Module {
 public:
  /// Registers child under a name relative to this group; returns *this for chaining.
  Group& with(std::string name, Module& child);
};

/// Non-overlapping patches of a clip to vectors: a convolution whose stride is its kernel.
/// x_bcthw → [b, tokens, out], tokens ordered by time, height, width.
class PatchEmbedding : public Module {
 public:
  PatchEmbedding(std::int64_t in, std::int64_t out, std::array<std::int64_t, 3> patch);
  at::Tensor operator()(const at::Tensor& x_bcthw) const;

 private:
  std::array<std::int64_t, 3> patch_;
  Parameter& weight_;
  Parameter& bias_;
};

}  // namespace hotshot::nn
