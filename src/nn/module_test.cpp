#include "nn/module.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "nn/layers.h"

namespace hotshot::nn {
namespace {

// Two linear layers and a norm under a group, as diffusers would name them.
class Small : public Module {
 public:
  Small() : in_({.in = 3, .out = 5}), out_({.in = 5, .out = 2, .bias = false}), norm_(5, 1e-6) {
    add_child("net", net_.with("0", in_).with("2", out_));
    add_child("norm", norm_);
  }

 private:
  Linear in_, out_;
  RmsNorm norm_;
  Group net_;
};

// The same layers registered the other way round.
class Reordered : public Module {
 public:
  Reordered() : in_({.in = 3, .out = 5}), norm_(5, 1e-6), out_({.in = 5, .out = 2, .bias = false}) {
    add_child("norm", norm_);
    add_child("net", net_.with("2", out_).with("0", in_));
  }

 private:
  Linear in_;
  RmsNorm norm_;
  Linear out_;
  Group net_;
};

at::Tensor parameter(Module& module, const std::string& name) {
  for (const auto& [full_name, parameter] : module.parameters()) {
    if (full_name == name) return parameter->tensor;
  }
  ADD_FAILURE() << "no parameter " << name;
  return {};
}

TEST(Module, NamesParametersByPathInOrderOfRegistration) {
  Small small;
  std::vector<std::string> names;
  for (const auto& [name, parameter] : small.parameters()) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"net.0.weight", "net.0.bias", "net.2.weight", "norm.weight"}));
  EXPECT_EQ(small.parameter_count(), 15 + 5 + 10 + 5);
}

TEST(Module, InitialisesFromSeedAndNameAlone) {
  Small a, b, c;
  Reordered d;
  a.initialize(1);
  b.initialize(1);
  c.initialize(2);
  d.initialize(1);
  for (const char* name : {"net.0.weight", "net.0.bias", "net.2.weight", "norm.weight"}) {
    EXPECT_TRUE(at::equal(parameter(a, name), parameter(b, name))) << name;
    EXPECT_TRUE(at::equal(parameter(a, name), parameter(d, name))) << name;
  }
  EXPECT_FALSE(at::equal(parameter(a, "net.0.weight"), parameter(c, "net.0.weight")));
}

TEST(Module, InitialValuesFollowTheirKinds) {
  Linear wide({.in = 400, .out = 300});
  wide.initialize(3);
  const at::Tensor weight = parameter(wide, "weight");
  EXPECT_NEAR(weight.std().item<float>(), 1 / std::sqrt(400.0), 1e-3);
  EXPECT_NEAR(weight.mean().item<float>(), 0, 1e-3);
  EXPECT_EQ(parameter(wide, "bias").abs().max().item<float>(), 0);
  LayerNorm norm(7, 1e-6);
  norm.initialize(3);
  EXPECT_TRUE(at::equal(parameter(norm, "weight"), at::ones({7})));
}

TEST(Module, CastsAllButWhatKeepsSinglePrecision) {
  Small small;
  small.initialize(1);
  small.to(at::kCPU, at::kBFloat16);
  EXPECT_EQ(parameter(small, "net.0.weight").scalar_type(), at::kBFloat16);
  EXPECT_EQ(parameter(small, "norm.weight").scalar_type(), at::kFloat);
  EXPECT_TRUE(small.device().is_cpu());
}

TEST(Module, RequiresGradientsOfEveryParameter) {
  Small small;
  small.initialize(1);
  small.requires_grad(true);
  for (const auto& [name, parameter] : small.parameters()) EXPECT_TRUE(parameter->tensor.requires_grad()) << name;
  small.requires_grad(false);
  for (const auto& [name, parameter] : small.parameters()) EXPECT_FALSE(parameter->tensor.requires_grad()) << name;
}

}  // namespace
}  // namespace hotshot::nn
