#include "kernel/norm.h"

#include "kernel/composition.h"
#include "kernel/test_support.h"

namespace hotshot::kernel {
namespace {

using Norms = PerIsa;
HOTSHOT_TEST_EVERY_ISA(Norms);

constexpr double kEps = 1e-6;

Function modulated(bool fused) {
  return [fused](const Tensors& in) {
    return fused ? layer_norm_modulate(in[0], in[1], in[2], kEps)
                 : composition::layer_norm_modulate(in[0], in[1], in[2], kEps);
  };
}

Function gated(bool fused) {
  return [fused](const Tensors& in) {
    return fused ? gated_residual(in[0], in[1], in[2]) : composition::gated_residual(in[0], in[1], in[2]);
  };
}

Function affine(bool fused) {
  return [fused](const Tensors& in) {
    return fused ? layer_norm(in[0], in[1], in[2], kEps) : composition::layer_norm(in[0], in[1], in[2], kEps);
  };
}

Function root_mean_square(bool fused) {
  return [fused](const Tensors& in) {
    return fused ? rms_norm(in[0], in[1], kEps) : composition::rms_norm(in[0], in[1], kEps);
  };
}

Function over_channels(bool fused, bool then_silu) {
  return [=](const Tensors& in) {
    return fused ? channel_rms_norm(in[0], in[1], then_silu) : composition::channel_rms_norm(in[0], in[1], then_silu);
  };
}

// Activations in fp32 and bf16, with an offset so that the mean matters.
void expect_like_in_both(const Function& f, const Function& reference, Tensors inputs, std::size_t activations) {
  expect_like(f, reference, inputs, kFloatTolerance);
  for (std::size_t i = 0; i < activations; ++i) inputs[i] = inputs[i].to(at::kBFloat16);
  expect_like(f, reference, inputs, kBf16Tolerance);
}

struct Shape {
  std::int64_t b, l, d;
};
const Shape kShapes[] = {{1, 1, 1}, {2, 5, 3}, {3, 70, 16}, {2, 33, 50}, {1, 100, 256}, {2, 2, 1000}};

TEST_P(Norms, LayerNormModulatedPerClipPerTokenAndForAll) {
  std::uint64_t index = 0;
  for (const auto& [b, l, d] : kShapes) {
    if (d == 1) continue;
    const at::Tensor x = normals({b, l, d}, ++index) + 0.5;
    for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{b, 1, d}, {b, l, d}, {1, 1, d}, {d}}) {
      expect_like_in_both(modulated(true), modulated(false), {x, normals(shape, ++index), normals(shape, ++index, 0.3)},
                          1);
    }
    expect_like_in_both(modulated(true), modulated(false),
                        {x, normals({b, l, d}, ++index), normals({b, 1, d}, ++index, 0.3)}, 1);
  }
}

TEST_P(Norms, LayerNormAndRmsNormWithWeights) {
  std::uint64_t index = 100;
  for (const auto& [b, l, d] : kShapes) {
    if (d == 1) continue;
    const at::Tensor x = normals({b, l, d}, ++index, 3) - 1, weight = normals({d}, ++index);
    expect_like_in_both(affine(true), affine(false), {x, weight, normals({d}, ++index)}, 1);
    expect_like_in_both(root_mean_square(true), root_mean_square(false), {x, weight}, 1);
  }
  expect_like_in_both(root_mean_square(true), root_mean_square(false), {normals({37}, 1), normals({37}, 2)}, 1);
}

TEST_P(Norms, GatedResidualPerClipPerTokenAndForAll) {
  std::uint64_t index = 200;
  for (const auto& [b, l, d] : kShapes) {
    const at::Tensor x = normals({b, l, d}, ++index), y = normals({b, l, d}, ++index);
    for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{b, 1, d}, {b, l, d}, {1, 1, d}, {d}}) {
      expect_like_in_both(gated(true), gated(false), {x, y, normals(shape, ++index)}, 2);
    }
  }
}

TEST_P(Norms, StridedInputs) {
  const at::Tensor x = normals({6, 40, 5}, 1).transpose(0, 2), y = normals({40, 5, 6}, 2).transpose(0, 1);
  const at::Tensor parts = normals({5, 2, 6}, 3);
  expect_like_in_both(modulated(true), modulated(false), {x, parts.select(1, 0).unsqueeze(1), parts.narrow(1, 1, 1)},
                      1);
  expect_like_in_both(gated(true), gated(false), {x, y, parts.narrow(1, 1, 1)}, 2);
}

TEST_P(Norms, ChannelRmsNorm) {
  std::uint64_t index = 300;
  const std::vector<std::vector<std::int64_t>> shapes = {{1, 1, 1, 1},      {2, 3, 5, 7}, {2, 16, 3, 8, 8},
                                                         {1, 96, 2, 5, 13}, {3, 33, 130}, {1, 8, 1, 1, 129},
                                                         {2, 32, 3, 5, 7},  {1, 64, 35}};
  for (const auto& shape : shapes) {
    for (const bool then_silu : {false, true}) {
      expect_like_in_both(over_channels(true, then_silu), over_channels(false, then_silu),
                          {normals(shape, ++index) + 0.2, normals({shape[1]}, ++index) + 1}, 1);
    }
  }
  const at::Tensor strided = normals({2, 9, 4, 4, 12}, 1).transpose(1, 4);
  expect_like_in_both(over_channels(true, true), over_channels(false, true), {strided, normals({12, 1, 1, 1}, 2)}, 1);
}

TEST_P(Norms, ZeroPixelsStayZero) {
  const Tensors got = value_and_gradients(over_channels(true, true), {at::zeros({1, 4, 20}), at::ones({4})});
  EXPECT_EQ(got[0].abs().max().item<float>(), 0);
  EXPECT_TRUE(got[2].isfinite().all().item<bool>());
}

TEST_P(Norms, DoNotDependOnThreads) {
  const at::Tensor x = normals({3, 301, 48}, 1).to(at::kBFloat16), y = normals({3, 301, 48}, 2).to(at::kBFloat16);
  const at::Tensor a = normals({3, 1, 48}, 3), b = normals({3, 1, 48}, 4), weight = normals({48}, 5);
  expect_thread_independent(modulated(true), {x, a, b});
  expect_thread_independent(gated(true), {x, y, a});
  expect_thread_independent(affine(true), {x, weight, b[0][0]});
  expect_thread_independent(root_mean_square(true), {x, weight});
  for (const std::int64_t channels : {24, 32}) {
    expect_thread_independent(over_channels(true, true),
                              {normals({2, channels, 3, 17, 19}, 6), normals({channels}, 7)});
  }
}

// Central differences in fp64 of the composition, so that the reference itself
// is known to be right.
TEST(NormComposition, GradientsAreFiniteDifferences) {
  const Tensors inputs{normals({1, 2, 6}, 1).to(at::kDouble), normals({1, 1, 6}, 2).to(at::kDouble),
                       normals({1, 1, 6}, 3).to(at::kDouble)};
  const Tensors analytic = value_and_gradients(modulated(false), inputs);
  const at::Tensor weights = normals({1, 2, 6}, 99).to(at::kDouble);
  for (std::size_t which = 0; which < inputs.size(); ++which) {
    for (std::int64_t i = 0; i < inputs[which].numel(); ++i) {
      const auto loss = [&](double step) {
        Tensors moved{inputs[0].clone(), inputs[1].clone(), inputs[2].clone()};
        moved[which].view(-1)[i] += step;
        return (modulated(false)(moved) * weights).sum().item<double>();
      };
      const double slope = (loss(1e-5) - loss(-1e-5)) / 2e-5;
      EXPECT_NEAR(analytic[which + 1].reshape(-1)[i].item<double>(), slope, 1e-6);
    }
  }
}

}  // namespace
}  // namespace hotshot::kernel
