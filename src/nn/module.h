// What every network part is: named parameters and children, with the names that diffusers and transformers save.
#pragma once

#include <ATen/core/Tensor.h>

#include <cmath>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace hotshot::nn {

/// How a parameter starts before training.
struct Init {
  enum class Kind { zeros, ones, normal, sinusoid } kind = Kind::zeros;
  double std = 0;  // of Kind::normal

  static Init zeros() { return {Kind::zeros, 0}; }
  static Init ones() { return {Kind::ones, 0}; }
  static Init normal(double std) { return {Kind::normal, std}; }
  /// Normal with variance 1 / fan_in.
  static Init fan_in(std::int64_t fan_in) { return normal(1.0 / std::sqrt(static_cast<double>(fan_in))); }
  /// A table of positions [1, rows, width] (Vaswani et al. 2017, section 3.5): row p has sin(p · 10000^(-2i / width))
  /// in column 2i and the cosine in column 2i + 1.
  static Init sinusoid() { return {Kind::sinusoid, 0}; }
};

class LowRank;

/// One weight tensor of a module. `tensor` is replaced when weights are loaded, moved or cast.
struct Parameter {
  std::string name;  // within its module; full names join with dots
  at::Tensor tensor;
  Init init;
  bool keep_fp32 = false;             // stays fp32 when the network is cast (norms, modulation, time embedding)
  bool hidden = false;                // a matrix between hidden layers, which Muon may orthogonalise
  bool fixed = false;                 // a stored table, which is never trained
  const LowRank* low_rank = nullptr;  // what a Linear adds to the product with its weight; mostly nothing
};

/// A full name with the parameter it stands for.
struct NamedParameter {
  std::string name;
  Parameter* parameter;
};

/// Fills every parameter by its Init from (seed, its full name): independent of order and threads.
void initialize(const std::vector<NamedParameter>& parameters, std::uint64_t seed);

/// Base of layers and networks. Children are members, registered by name in the constructor; a module therefore stays
/// where it was built. Freshly built parameters are fp32 and undefined in value until loaded or initialised.
class Module {
 public:
  Module() = default;
  virtual ~Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// All parameters of this module and its children, in registration order.
  std::vector<NamedParameter> parameters();
  /// Number of values in all parameters.
  std::int64_t parameter_count();
  /// Fills them all, as above.
  void initialize(std::uint64_t seed) { nn::initialize(parameters(), seed); }
  /// Casts parameters to dtype, except those that keep fp32, and moves all to device.
  void to(at::Device device, at::ScalarType dtype);
  /// Makes all parameters but the fixed ones leaves that collect gradients (or stops that).
  void requires_grad(bool on);
  /// Keeps the weights of hidden linear layers as bytes (kernel/quantized.h) from now on, for inference on a CPU; they
  /// are no parameters any more.
  virtual void quantize();
  /// Keeps the weights of hidden linear layers in the order in which products read them (kernel/linear.h) from now on,
  /// for inference; where that was possible they are no parameters any more. Activations are of the weights' type.
  virtual void pack();
  /// The device of the first parameter.
  at::Device device();

 protected:
  Parameter& add_parameter(std::string name, at::IntArrayRef shape, Init init, bool keep_fp32 = false);
  void add_child(std::string name, Module& child);

 private:
  struct Child {
    std::string name;
    Module* module;
  };
  void collect(const std::string& prefix, std::vector<NamedParameter>& out);

  std::deque<Parameter> parameters_;  // a deque: references handed out stay valid
  std::vector<Child> children_;
};

}  // namespace hotshot::nn
