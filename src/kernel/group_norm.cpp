#include "kernel/group_norm.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <vector>

#include "kernel/composition.h"
#include "kernel/fused.h"
#include "kernel/recorded.h"

namespace hotshot::kernel {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kRowsPerPiece = 64;

// x_nlc cut into pieces of rows and into groups of channels, whatever the number of threads.
struct Cut {
  Cut(const at::Tensor& x_nlc, std::int64_t group_count)
      : entries(x_nlc.size(0)),
        rows(x_nlc.size(1)),
        channels(x_nlc.size(2)),
        groups(group_count),
        per_group(channels / groups),
        pieces((rows + kRowsPerPiece - 1) / kRowsPerPiece) {}

  /// Two values per piece and channel.
  at::Tensor parts() const { return at::empty({entries * pieces, 2, channels}, at::kFloat); }

  /// Calls work(piece of all, entry, first row, last row) in parallel.
  template <class Work>
  void for_each_piece(Work work) const {
    at::parallel_for(0, entries * pieces, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t piece = begin; piece < end; ++piece) {
        const std::int64_t first = piece % pieces * kRowsPerPiece;
        work(piece, piece / pieces, first, std::min(first + kRowsPerPiece, rows));
      }
    });
  }

  /// Calls work(entry · channels + first channel of a group, sums) in parallel, the sums over pieces of the first and
  /// then of the second value of each channel of the group.
  template <class Work>
  void for_each_group(const at::Tensor& parts, Work work) const {
    at::parallel_for(0, entries * groups, 1, [&](std::int64_t begin, std::int64_t end) {
      std::vector<double> sums(2 * per_group);
      for (std::int64_t index = begin; index < end; ++index) {
        const std::int64_t entry = index / groups, first = index % groups * per_group;
        std::fill(sums.begin(), sums.end(), 0.0);
        for (std::int64_t piece = entry * pieces; piece < (entry + 1) * pieces; ++piece) {
          const float* part = data<float>(parts) + piece * 2 * channels + first;
          for (std::int64_t c = 0; c < per_group; ++c) sums[c] += part[c];
          for (std::int64_t c = 0; c < per_group; ++c) sums[per_group + c] += part[channels + c];
        }
        work(entry * channels + first, sums);
      }
    });
  }

  std::int64_t entries, rows, channels, groups, per_group, pieces;
};

// Mean and 1 / √(variance + eps) of each group, repeated for its channels: fp32 [n, c].
struct Statistics {
  at::Tensor mean_nc, inverse_nc;
};

// Moments of each channel about its value in the first row, then of the channels of a group together (Chan, Golub &
// LeVeque 1983).
template <class T>
Statistics statistics(const at::Tensor& x, const Cut& cut, double eps) {
  const at::Tensor origin_nc = x.select(1, 0).to(at::kFloat).contiguous(), parts = cut.parts();
  cut.for_each_piece([&](std::int64_t piece, std::int64_t entry, std::int64_t first, std::int64_t last) {
    float* const sums = data<float>(parts) + piece * 2 * cut.channels;
    loops<T>().channel_sums({.x = data<T>(x) + entry * cut.rows * cut.channels,
                             .origin = data<float>(origin_nc) + entry * cut.channels,
                             .sum = sums,
                             .square = sums + cut.channels,
                             .channels = cut.channels},
                            first, last);
  });
  const Statistics s{at::empty_like(origin_nc), at::empty_like(origin_nc)};
  const double rows = static_cast<double>(cut.rows), width = static_cast<double>(cut.per_group);
  cut.for_each_group(parts, [&](std::int64_t at, const std::vector<double>& sums) {
    const float* const origin = data<float>(origin_nc) + at;
    const auto channel_mean = [&](std::int64_t c) { return origin[c] + sums[c] / rows; };
    double mean = 0, squares = 0;
    for (std::int64_t c = 0; c < cut.per_group; ++c) mean += channel_mean(c) / width;
    for (std::int64_t c = 0; c < cut.per_group; ++c) {
      const double apart = channel_mean(c) - mean;
      squares += sums[cut.per_group + c] - sums[c] * sums[c] / rows + rows * apart * apart;
    }
    const double variance = std::max(squares / (rows * width), 0.0);
    std::fill_n(data<float>(s.mean_nc) + at, cut.per_group, static_cast<float>(mean));
    std::fill_n(data<float>(s.inverse_nc) + at, cut.per_group, static_cast<float>(1 / std::sqrt(variance + eps)));
  });
  return s;
}

template <class T>
void normalise(const at::Tensor& x, const Statistics& statistics, const at::Tensor& weight_c, const at::Tensor& bias_c,
               bool then_silu, const Cut& cut, const at::Tensor& y) {
  const at::Tensor scale_nc = statistics.inverse_nc * weight_c;
  cut.for_each_piece([&](std::int64_t, std::int64_t entry, std::int64_t first, std::int64_t last) {
    const std::int64_t start = entry * cut.rows * cut.channels, row = entry * cut.channels;
    loops<T>().channel_affine({.x = data<T>(x) + start,
                               .y = data<T>(y) + start,
                               .mean = data<float>(statistics.mean_nc) + row,
                               .scale = data<float>(scale_nc) + row,
                               .shift = data<float>(bias_c),
                               .channels = cut.channels,
                               .then_silu = then_silu},
                              first, last);
  });
}

// What the backward pass works on, and the sums it needs before it can write grad_x: fp32 [n, c] each.
struct Backward {
  at::Tensor x, grad_y, grad_x, weight_c, bias_c;
  Statistics statistics;
  bool then_silu = false;
  at::Tensor grad_shift_nc, grad_scale_nc, mean_grad_nc, mean_product_nc;

  template <class T>
  GroupNormBackward<T> entry(std::int64_t index) const {
    const std::int64_t channels = x.size(2), start = index * x.size(1) * channels, row = index * channels;
    return {.x = data<T>(x) + start,
            .grad_y = data<T>(grad_y) + start,
            .grad_x = data<T>(grad_x) + start,
            .mean = data<float>(statistics.mean_nc) + row,
            .inverse = data<float>(statistics.inverse_nc) + row,
            .weight = data<float>(weight_c),
            .bias = data<float>(bias_c),
            .mean_grad = data<float>(mean_grad_nc) + row,
            .mean_product = data<float>(mean_product_nc) + row,
            .channels = channels,
            .then_silu = then_silu};
  }
};

template <class T>
void differentiate(const Backward& b, const Cut& cut) {
  const at::Tensor parts = cut.parts();
  cut.for_each_piece([&](std::int64_t piece, std::int64_t entry, std::int64_t first, std::int64_t last) {
    float* const sums = data<float>(parts) + piece * 2 * cut.channels;
    loops<T>().group_norm_sums(b.entry<T>(entry), first, last, sums, sums + cut.channels);
  });
  const double count = static_cast<double>(cut.rows * cut.per_group);
  cut.for_each_group(parts, [&](std::int64_t at, const std::vector<double>& sums) {
    const float* const weight = data<float>(b.weight_c) + at % cut.channels;
    double grad = 0, product = 0;
    for (std::int64_t c = 0; c < cut.per_group; ++c) {
      const double shift = sums[c], scale = sums[cut.per_group + c];
      data<float>(b.grad_shift_nc)[at + c] = static_cast<float>(shift);
      data<float>(b.grad_scale_nc)[at + c] = static_cast<float>(scale);
      grad += weight[c] * shift / count;
      product += weight[c] * scale / count;
    }
    std::fill_n(data<float>(b.mean_grad_nc) + at, cut.per_group, static_cast<float>(grad));
    std::fill_n(data<float>(b.mean_product_nc) + at, cut.per_group, static_cast<float>(product));
  });
  cut.for_each_piece([&](std::int64_t, std::int64_t entry, std::int64_t first, std::int64_t last) {
    loops<T>().group_norm_backward(b.entry<T>(entry), first, last);
  });
}

struct Options {
  std::int64_t groups = 1;
  double eps = 0;
  bool then_silu = false;
};

// weight_c and bias_c fp32 contiguous.
struct GroupNorm : torch::autograd::Function<GroupNorm> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x_any, const at::Tensor& weight_c,
                            const at::Tensor& bias_c, const Options& options) {
    const at::Tensor x = x_any.contiguous(), y = at::empty_like(x);
    const Cut cut(x, options.groups);
    const Recorded recorded("hotshot::group_norm", {x, x, y});  // once for the moments
    with_type(x, [&](auto type) {
      using T = decltype(type);
      const Statistics s = statistics<T>(x, cut, options.eps);
      normalise<T>(x, s, weight_c, bias_c, options.then_silu, cut, y);
      context->save_for_backward({x, weight_c, bias_c, s.mean_nc, s.inverse_nc});
    });
    context->saved_data["groups"] = options.groups;
    context->saved_data["then_silu"] = options.then_silu;
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto per_channel = [&] { return at::empty_like(saved[3]); };
    const Backward work{.x = saved[0],
                        .grad_y = gradients[0].to(saved[0].scalar_type()).contiguous(),
                        .grad_x = at::empty_like(saved[0]),
                        .weight_c = saved[1],
                        .bias_c = saved[2],
                        .statistics = {saved[3], saved[4]},
                        .then_silu = context->saved_data["then_silu"].toBool(),
                        .grad_shift_nc = per_channel(),
                        .grad_scale_nc = per_channel(),
                        .mean_grad_nc = per_channel(),
                        .mean_product_nc = per_channel()};
    const Cut cut(work.x, context->saved_data["groups"].toInt());
    const Recorded recorded("hotshot::group_norm_backward", {work.x, work.grad_y, work.x, work.grad_y, work.grad_x});
    with_type(work.x, [&](auto type) { differentiate<decltype(type)>(work, cut); });
    return {work.grad_x, work.grad_scale_nc.sum(0), work.grad_shift_nc.sum(0), at::Tensor()};
  }
};

at::Tensor fused(const at::Tensor& x_nlc, const at::Tensor& weight_c, const at::Tensor& bias_c,
                 const Options& options) {
  return GroupNorm::apply(x_nlc, weight_c.to(at::kFloat).contiguous(), bias_c.to(at::kFloat).contiguous(), options);
}

}  // namespace

at::Tensor group_norm(const at::Tensor& x_nlc, std::int64_t groups, const at::Tensor& weight_c,
                      const at::Tensor& bias_c, double eps) {
  if (!fusable(x_nlc)) return composition::group_norm(x_nlc, groups, weight_c, bias_c, eps);
  return fused(x_nlc, weight_c, bias_c, {.groups = groups, .eps = eps});
}

at::Tensor group_norm_silu(const at::Tensor& x_nlc, std::int64_t groups, const at::Tensor& weight_c,
                           const at::Tensor& bias_c, double eps) {
  if (!fusable(x_nlc)) return composition::group_norm_silu(x_nlc, groups, weight_c, bias_c, eps);
  return fused(x_nlc, weight_c, bias_c, {.groups = groups, .eps = eps, .then_silu = true});
}

}  // namespace hotshot::kernel
