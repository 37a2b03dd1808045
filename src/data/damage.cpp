#include "data/damage.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"

namespace hotshot::data {
namespace {

constexpr std::int64_t kBlock = 8;

// The orthonormal cosine transform (Ahmed et al. 1974): row k, column n.
at::Tensor cosine_matrix() {
  at::Tensor matrix = at::empty({kBlock, kBlock}, at::kFloat);
  auto* value = matrix.data_ptr<float>();
  for (std::int64_t k = 0; k < kBlock; ++k) {
    const double scale = std::sqrt((k == 0 ? 1.0 : 2.0) / kBlock);
    for (std::int64_t n = 0; n < kBlock; ++n) {
      *value++ =
          static_cast<float>(scale * std::cos(M_PI * (static_cast<double>(n) + 0.5) * static_cast<double>(k) / kBlock));
    }
  }
  return matrix;
}

// Sum of shifted copies along the last axis.
at::Tensor blur_rows(const at::Tensor& x_cthw, const std::vector<double>& weights) {
  const auto radius = static_cast<std::int64_t>(weights.size()) - 1;
  const at::Tensor padded = at::replication_pad2d(x_cthw, {radius, radius, 0, 0});
  const std::int64_t width = x_cthw.size(3);
  at::Tensor sum = x_cthw * weights[0];
  for (std::int64_t d = 1; d <= radius; ++d) {
    const double weight = weights[static_cast<std::size_t>(d)];
    sum.add_(padded.narrow(3, radius - d, width), weight).add_(padded.narrow(3, radius + d, width), weight);
  }
  return sum;
}

at::Tensor shrunk(const at::Tensor& x_cthw, double factor) {
  const std::int64_t height = x_cthw.size(2), width = x_cthw.size(3);
  const auto smaller = [&](std::int64_t size) {
    return std::max<std::int64_t>(1, std::lround(static_cast<double>(size) / factor));
  };
  const at::Tensor small = at::_adaptive_avg_pool2d(x_cthw, {smaller(height), smaller(width)});
  return at::upsample_bilinear2d(small, {height, width}, /*align_corners=*/false);
}

}  // namespace

at::Tensor quantize_blocks(const at::Tensor& x, double step) {
  const std::int64_t height = x.size(2), width = x.size(3);
  require(height % kBlock == 0 && width % kBlock == 0, "damage", "expected sides in multiples of {} but got {}x{}",
          kBlock, width, height);
  const at::Tensor d = cosine_matrix();
  const at::Tensor blocks = x.unflatten(3, {width / kBlock, kBlock})
                                .unflatten(2, {height / kBlock, kBlock})  // …hkwn
                                .transpose(3, 4);
  const at::Tensor coefficients = at::matmul(at::matmul(d, blocks), d.t());
  const at::Tensor k = at::arange(kBlock, at::kFloat);
  const at::Tensor steps = (k.unsqueeze(1) + k).mul(4.0 / (2 * (kBlock - 1))).add(1).mul(step);
  const at::Tensor back = at::matmul(at::matmul(d.t(), (coefficients / steps).round() * steps), d);
  return back.transpose(3, 4).reshape(x.sizes());
}

at::Tensor blur(const at::Tensor& x, double deviation) {
  const int radius = std::max(1, static_cast<int>(std::ceil(2.5 * deviation)));
  std::vector<double> weights;
  double total = 0;
  for (int d = 0; d <= radius; ++d) {
    weights.push_back(std::exp(-0.5 * d * d / (deviation * deviation)));
    total += (d == 0 ? 1 : 2) * weights.back();
  }
  for (double& weight : weights) weight /= total;
  return blur_rows(blur_rows(x, weights).transpose(2, 3).contiguous(), weights).transpose(2, 3);
}

at::Tensor damaged(const at::Tensor& clip_cthw, const Damage& damage, Random random) {
  at::Tensor x = clip_cthw;
  const auto noise_stream = static_cast<std::uint64_t>(random.below(1u << 30));
  if (random.chance(damage.share)) x = shrunk(x, random.uniform(1.0f, damage.shrink));
  if (random.chance(damage.share)) x = blur(x, random.uniform(0.3f, damage.blur));
  if (random.chance(damage.share)) {
    x = x * random.uniform(1 - damage.exposure, 1 + damage.exposure) +
        random.uniform(-damage.exposure, damage.exposure);
  }
  if (random.chance(damage.share)) {
    at::Tensor noise = at::empty(x.sizes(), at::kFloat);
    Random(noise_stream, "damage-noise").fill_normal(noise.data_ptr<float>(), static_cast<std::size_t>(noise.numel()));
    x = x + noise * random.uniform(0.0f, damage.noise);
  }
  if (random.chance(damage.share)) x = quantize_blocks(x, random.uniform(0.02f, damage.blocks));
  return x.clamp(-1, 1).contiguous();
}

}  // namespace hotshot::data
