#include "nn/module.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "base/random.h"

namespace hotshot::nn {
namespace {

at::Tensor sinusoid(at::IntArrayRef shape) {
  const std::int64_t rows = shape[1], width = shape[2];
  const at::Tensor pair = at::floor_divide(at::arange(width, at::kDouble), 2);
  const at::Tensor frequency = at::pow(10000.0, pair * (-2.0 / static_cast<double>(width)));
  const at::Tensor angle = at::arange(rows, at::kDouble).unsqueeze(1) * frequency;
  const at::Tensor even = at::remainder(at::arange(width), 2).eq(0);
  return at::where(even, at::sin(angle), at::cos(angle)).unsqueeze(0);
}

void fill(at::Tensor& tensor, const Init& init, const Random& random) {
  if (init.kind == Init::Kind::zeros) {
    tensor.zero_();
  } else if (init.kind == Init::Kind::ones) {
    tensor.fill_(1);
  } else if (init.kind == Init::Kind::sinusoid) {
    tensor.copy_(sinusoid(tensor.sizes()));
  } else {
    at::Tensor values = at::empty(tensor.sizes(), at::kFloat);
    random.fill_normal(values.data_ptr<float>(), static_cast<std::size_t>(values.numel()));
    tensor.copy_(values.mul_(init.std));
  }
}

}  // namespace

void initialize(const std::vector<NamedParameter>& parameters, std::uint64_t seed) {
  at::NoGradGuard no_grad;
  for (const auto& [name, parameter] : parameters) fill(parameter->tensor, parameter->init, Random(seed, name));
}

void Module::collect(const std::string& prefix, std::vector<NamedParameter>& out) {
  for (Parameter& parameter : parameters_) out.push_back({prefix + parameter.name, &parameter});
  for (const Child& child : children_) child.module->collect(prefix + child.name + ".", out);
}

std::vector<NamedParameter> Module::parameters() {
  std::vector<NamedParameter> all;
  collect("", all);
  return all;
}

std::int64_t Module::parameter_count() {
  std::int64_t count = 0;
  for (const auto& [name, parameter] : parameters()) count += parameter->tensor.numel();
  return count;
}

void Module::to(at::Device device, at::ScalarType dtype) {
  at::NoGradGuard no_grad;
  for (const auto& [name, parameter] : parameters()) {
    parameter->tensor = parameter->tensor.to(device, parameter->keep_fp32 ? at::kFloat : dtype);
  }
}

void Module::requires_grad(bool on) {
  for (const auto& [name, parameter] : parameters()) parameter->tensor.set_requires_grad(on && !parameter->fixed);
}

void Module::quantize() {
  for (const Child& child : children_) child.module->quantize();
}

void Module::pack() {
  for (const Child& child : children_) child.module->pack();
}

at::Device Module::device() {
  const auto all = parameters();
  return all.empty() ? at::Device(at::kCPU) : all.front().parameter->tensor.device();
}

Parameter& Module::add_parameter(std::string name, at::IntArrayRef shape, Init init, bool keep_fp32) {
  return parameters_.emplace_back(Parameter{std::move(name), at::empty(shape, at::kFloat), init, keep_fp32});
}

void Module::add_child(std::string name, Module& child) { children_.push_back({std::move(name), &child}); }

}  // namespace hotshot::nn
