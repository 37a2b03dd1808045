#include "kernel/convolution.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "kernel/linear.h"
#include "kernel/panels.h"
#include "kernel/recorded.h"

namespace hotshot::kernel {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

enum Axis { kTime, kHeight, kWidth };
using Sizes = std::array<std::int64_t, 3>;

Extent extent(const Sizes& s) { return {s[kTime], s[kHeight], s[kWidth]}; }

// [b, c, t, h, w] as it lies in memory, [b, t, h, w, c].
at::Tensor lying(const at::Tensor& x_bcthw) { return x_bcthw.permute({0, 2, 3, 4, 1}).contiguous(); }
at::Tensor standing(const at::Tensor& x_bthwc) { return x_bthwc.permute({0, 4, 1, 2, 3}); }

// --- What the loops work on.

// Of a block. More outputs of a frame make the filter pass less often, fewer leave room for it in the second cache.
constexpr std::int64_t kBlockColumns = 64, kBlockOutputs = 512;
// So that threads end together.
constexpr std::int64_t kUnits = 8;

// The fewest channels from `channels` on whose operand has whole elements and is cut into equal tiles of 16 at most.
std::int64_t padded_channels(std::int64_t channels, std::int64_t merged, std::int64_t element_depth) {
  constexpr std::int64_t kTile = 16;
  std::int64_t padded = blocks(channels, element_depth) * element_depth;
  while (padded * merged / element_depth % blocks(padded * merged / element_depth, kTile) != 0) padded += element_depth;
  return padded;
}

template <class T>
void choose_block(Windows<T>& w) {
  const std::int64_t halo = (w.kernel.columns - 1) / w.stride.columns;
  w.block.columns = blocks(w.out.columns, blocks(w.out.columns, kBlockColumns));
  w.block.frames = w.out.frames;
  w.block.rows = std::clamp<std::int64_t>(kBlockOutputs / (w.block.columns + halo), 1, w.out.rows);
  w.block.rows = blocks(w.out.rows, blocks(w.out.rows, w.block.rows));
  const auto too_large = [&] {
    const std::int64_t pixels = w.kernel.frames * w.block_pixels();
    return static_cast<std::int64_t>(sizeof(T)) * pixels * w.padded_channels > second_cache_bytes() / 3;
  };
  while (w.block.rows > 1 && too_large()) w.block.rows = blocks(w.block.rows, 2);
  while (w.block.frames > 2 * w.kernel.frames && w.clips * w.units().volume() < kUnits) {
    w.block.frames = blocks(w.block.frames, 2);
  }
  while (w.block.rows > 4 && w.clips * w.units().volume() < kUnits) w.block.rows = blocks(w.block.rows, 2);
}

// The frames of clips as windows see them, zeros and `past` first.
template <class T>
std::vector<const T*> frames_of(const at::Tensor& x_bthwc, const at::Tensor& past_bthwc, std::int64_t before,
                                std::int64_t clip_frames) {
  const std::int64_t clips = x_bthwc.size(0), frames = x_bthwc.size(1);
  const std::int64_t remembered = past_bthwc.defined() ? past_bthwc.size(1) : 0;
  const std::int64_t size = x_bthwc.size(2) * x_bthwc.size(3) * x_bthwc.size(4);
  std::vector<const T*> all;
  for (std::int64_t clip = 0; clip < clips; ++clip) {
    for (std::int64_t i = 0; i < clip_frames; ++i) {
      const std::int64_t frame = i - before;
      if (frame >= 0 && frame < frames) {
        all.push_back(data<T>(x_bthwc) + (clip * frames + frame) * size);
      } else if (frame < 0 && frame + remembered >= 0) {
        all.push_back(data<T>(past_bthwc) + (clip * remembered + frame + remembered) * size);
      } else {
        all.push_back(nullptr);
      }
    }
  }
  return all;
}

// Windows over x and the frames they see.
template <class T>
struct Seen {
  std::vector<const T*> frames;
  Windows<T> windows;

  Seen(const at::Tensor& x_bthwc, const at::Tensor& past_bthwc, const Sizes& kernel, const Sizes& stride,
       const Sizes& before, const Sizes& out) {
    Windows<T>& w = windows;
    w.clips = x_bthwc.size(0);
    w.clip_frames = (out[kTime] - 1) * stride[kTime] + kernel[kTime];
    frames = frames_of<T>(x_bthwc, past_bthwc, before[kTime], w.clip_frames);
    w.frames = frames.data();
    w.height = x_bthwc.size(2), w.width = x_bthwc.size(3), w.channels = x_bthwc.size(4);
    w.kernel = extent(kernel), w.stride = extent(stride), w.out = extent(out);
    w.above = before[kHeight], w.before = before[kWidth];
    w.padded_channels = padded_channels(w.channels, w.merges() ? w.kernel.columns : 1, loops<T>().element_depth);
    choose_block(w);
  }
};

template <class T>
void for_units(const Windows<T>& w, std::int64_t out_channels, std::int64_t scratch,
               const std::function<void(std::int64_t, std::int64_t, float*)>& work) {
  const std::int64_t operations = 2 * w.block.volume() * w.taps() * w.padded_channels * out_channels;
  at::parallel_for(0, w.clips * w.units().volume(), blocks(kMultipliedAlone, operations),
                   [&](std::int64_t begin, std::int64_t end) {
                     const at::Tensor memory = at::empty({scratch}, at::kFloat);
                     work(begin, end, data<float>(memory));
                   });
}

// Filter [o, c, kt, kh, kw] as the right operand, in the loops' type.
template <class T>
at::Tensor packed_filter(const at::Tensor& weight, const Windows<T>& w) {
  at::Tensor lying = weight.permute({0, 2, 3, 4, 1});
  if (w.padded_channels > w.channels) lying = at::constant_pad_nd(lying, {0, w.padded_channels - w.channels});
  return packed_transposed<T>(lying.reshape({weight.size(0), -1}).contiguous());
}

// The output of windows, at y.
template <class T>
void convolve(const Seen<T>& seen, const at::Tensor& weight, Convolution<T> c) {
  const Windows<T>& w = seen.windows;
  const at::Tensor filter = packed_filter<T>(weight, w);
  c.windows = w;
  c.filter = filter.data_ptr();
  c.channels = weight.size(0);
  c.filter_panel = kPanelColumns * blocks(w.parts() * w.part_depth(), loops<T>().element_depth);
  for_units(w, c.channels, convolution_scratch(w),
            [&](std::int64_t begin, std::int64_t end, float* scratch) { loops<T>().convolve(c, begin, end, scratch); });
}

Sizes kernel_of(const at::Tensor& weight) { return {weight.size(2), weight.size(3), weight.size(4)}; }

// x, past and added lie as the loops want them, in one type; weight too is in that type.
at::Tensor forward(const at::Tensor& x_bthwc, const at::Tensor& weight, const at::Tensor& bias,
                   const ConvolutionOptions& options, const Sizes& out, const at::Tensor& added_bthwc,
                   const at::Tensor& past_bthwc) {
  const std::int64_t channels = weight.size(0);
  const at::Tensor y = at::empty({x_bthwc.size(0), out[kTime], out[kHeight], out[kWidth], channels}, x_bthwc.options());
  const Recorded recorded("hotshot::convolution", {x_bthwc, weight, y});
  with_type(x_bthwc, [&](auto type) {
    using T = decltype(type);
    const Seen<T> seen(x_bthwc, past_bthwc, kernel_of(weight), options.stride, options.before, out);
    convolve<T>(seen, weight,
                {.windows = {},
                 .bias = data<float>(bias),
                 .added = added_bthwc.defined() ? data<T>(added_bthwc) : nullptr,
                 .then_silu = options.then_silu,
                 .y = data<T>(y),
                 .y_clip = y.stride(0),
                 .y_frame = y.stride(1),
                 .y_row = y.stride(2),
                 .y_column = y.stride(3)});
  });
  return y;
}

// --- Gradients.

// Of the inputs u = stride · m + phase, m = 0 …, taps first, first + stride, … see them: those of the outputs
// m + shift, m + shift − 1, …
struct Phase {
  std::int64_t first, taps, shift, count;
};

Phase phase_of(std::int64_t phase, std::int64_t size, std::int64_t kernel, std::int64_t stride, std::int64_t before) {
  const std::int64_t first = (phase + before) % stride;
  return {first, first < kernel ? blocks(kernel - first, stride) : 0, (phase + before - first) / stride,
          phase < size ? blocks(size - phase, stride) : 0};
}

// For every phase of the stride a convolution of grad_y with the filter's taps that see it, turned round.
template <class T>
void input_gradient(const at::Tensor& grad_y_bthwc, const at::Tensor& weight, const ConvolutionOptions& options,
                    const at::Tensor& grad_x_bthwc) {
  const Sizes kernel = kernel_of(weight);
  for (std::int64_t index = 0; index < extent(options.stride).volume(); ++index) {
    const Sizes offset{index / (options.stride[kHeight] * options.stride[kWidth]),
                       index / options.stride[kWidth] % options.stride[kHeight], index % options.stride[kWidth]};
    Sizes taps, before, out;
    at::Tensor part = weight.transpose(0, 1), to = grad_x_bthwc;
    bool any = true;
    for (const int axis : {kTime, kHeight, kWidth}) {
      const std::int64_t stride = options.stride[axis];
      const Phase p = phase_of(offset[axis], grad_x_bthwc.size(axis + 1), kernel[axis], stride, options.before[axis]);
      taps[axis] = p.taps, before[axis] = p.taps - 1 - p.shift, out[axis] = p.count;
      any = any && p.count > 0;
      if (!any) break;
      part = part.slice(axis + 2, p.first, c10::nullopt, stride);
      to = to.slice(axis + 1, offset[axis], c10::nullopt, stride);
    }
    if (!any) continue;
    if (part.numel() == 0) {
      to.zero_();
      continue;
    }
    const Seen<T> seen(grad_y_bthwc, {}, taps, {1, 1, 1}, before, out);
    convolve<T>(seen, part.flip({2, 3, 4}),
                {.windows = {},
                 .y = data<T>(to),
                 .y_clip = to.stride(0),
                 .y_frame = to.stride(1),
                 .y_row = to.stride(2),
                 .y_column = to.stride(3)});
  }
}

// fp32 [o, c, kt, kh, kw]. Units are shared out among pieces, each with sums of its own, whose number depends on the
// shapes alone.
template <class T>
at::Tensor weight_gradient(const at::Tensor& x_bthwc, const at::Tensor& grad_y_bthwc, const at::Tensor& weight,
                           const ConvolutionOptions& options) {
  constexpr std::int64_t kPieces = 8, kSums = 1 << 24;
  const std::int64_t channels = weight.size(0);
  const Sizes out{grad_y_bthwc.size(1), grad_y_bthwc.size(2), grad_y_bthwc.size(3)};
  const Seen<T> seen(x_bthwc, {}, kernel_of(weight), options.stride, options.before, out);
  const Windows<T>& w = seen.windows;
  const std::int64_t units = w.clips * w.units().volume(), sums_of_piece = convolution_weight_sums(w, channels),
                     pieces = std::min(units, std::clamp<std::int64_t>(kSums / sums_of_piece, 1, kPieces));
  const at::Tensor sums = at::zeros({pieces, sums_of_piece}, at::kFloat);
  at::parallel_for(0, pieces, 1, [&](std::int64_t begin, std::int64_t end) {
    const at::Tensor scratch = at::empty({convolution_weight_scratch(w, channels)}, at::kFloat);
    for (std::int64_t piece = begin; piece < end; ++piece) {
      loops<T>().convolve_weights({.windows = w, .channels = channels, .grad_y = data<T>(grad_y_bthwc)},
                                  units * piece / pieces, units * (piece + 1) / pieces, data<float>(scratch),
                                  data<float>(sums) + piece * sums.stride(0));
    }
  });
  const Sizes kernel = kernel_of(weight);
  return sums.sum(0)
      .view({kernel[kTime], kernel[kHeight], kernel[kWidth], channels, padded(w.padded_channels)})
      .narrow(-1, 0, w.channels)
      .permute({3, 4, 0, 1, 2});
}

ConvolutionOptions options_of(at::IntArrayRef numbers) {
  ConvolutionOptions o;
  std::copy_n(numbers.begin(), 3, o.stride.begin());
  std::copy_n(numbers.begin() + 3, 3, o.before.begin());
  std::copy_n(numbers.begin() + 6, 3, o.after.begin());
  return o;
}

std::vector<std::int64_t> numbers_of(const ConvolutionOptions& o) {
  std::vector<std::int64_t> numbers;
  for (const Sizes& sizes : {o.stride, o.before, o.after}) numbers.insert(numbers.end(), sizes.begin(), sizes.end());
  return numbers;
}

Sizes out_of(const at::Tensor& x_bcthw, const at::Tensor& weight, const ConvolutionOptions& o) {
  Sizes out;
  for (const int axis : {kTime, kHeight, kWidth}) {
    const std::int64_t room = x_bcthw.size(axis + 2) + o.before[axis] + o.after[axis] - weight.size(axis + 2);
    ensure(room >= 0, "convolution", "expected {} values or more along an axis but got {}", weight.size(axis + 2),
           x_bcthw.size(axis + 2) + o.before[axis] + o.after[axis]);
    out[axis] = room / o.stride[axis] + 1;
  }
  return out;
}

// [b, t, h, w, o], without an activation; `added` empty for none.
struct FusedConvolution : torch::autograd::Function<FusedConvolution> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x_bcthw, const at::Tensor& weight_any,
                            const at::Tensor& bias, const at::Tensor& added_bcthw,
                            const std::vector<std::int64_t>& numbers) {
    const ConvolutionOptions options = options_of(numbers);
    const at::Tensor x = lying(x_bcthw), weight = weight_any.to(x.scalar_type());
    context->save_for_backward({x, weight});
    context->saved_data["options"] = numbers;
    context->saved_data["weight_type"] = static_cast<std::int64_t>(weight_any.scalar_type());
    context->saved_data["bias_type"] = static_cast<std::int64_t>(bias.scalar_type());
    const at::Tensor added = added_bcthw.numel() > 0 ? lying(added_bcthw) : at::Tensor();
    return kernel::forward(x, weight, bias.to(at::kFloat).contiguous(), options, out_of(x_bcthw, weight, options),
                           added, {});
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const std::vector<std::int64_t> numbers = context->saved_data["options"].toIntVector();
    const ConvolutionOptions options = options_of(numbers);
    const at::Tensor grad_y = gradients[0].to(x.scalar_type()).contiguous();
    const auto type_of = [&](const char* name) {
      return static_cast<at::ScalarType>(context->saved_data[name].toInt());
    };
    variable_list result(5);
    with_type(x, [&](auto type) {
      using T = decltype(type);
      if (context->needs_input_grad(0)) {
        const at::Tensor grad_x = at::empty_like(x);
        const Recorded recorded("hotshot::convolution_grad_x", {grad_y, weight, grad_x});
        input_gradient<T>(grad_y, weight, options, grad_x);
        result[0] = standing(grad_x);
      }
      if (context->needs_input_grad(1)) {
        const Recorded recorded("hotshot::convolution_grad_weight", {grad_y, weight, x});
        result[1] = weight_gradient<T>(x, grad_y, weight, options).to(type_of("weight_type"));
      }
      if (context->needs_input_grad(2)) {
        result[2] = summed_rows<T>(grad_y.view({-1, grad_y.size(-1)})).to(type_of("bias_type"));
      }
    });
    if (context->needs_input_grad(3)) result[3] = standing(gradients[0]);
    return result;
  }
};

// --- By the library.

// at::convolution computes 1x1 filters in fp32 without oneDNN when there is one thread, and rounds differently then; to
// give the same bytes for every thread count, oneDNN is asked for by name.
at::Tensor library(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, at::IntArrayRef stride,
                   at::IntArrayRef padding) {
  const std::vector<std::int64_t> dilation(stride.size(), 1), none(stride.size(), 0);
  const bool by_name = !at::GradMode::is_enabled() && x.is_cpu() && x.scalar_type() == at::kFloat && at::hasMKLDNN();
  if (by_name) return at::mkldnn_convolution(x, weight, bias, padding, stride, dilation, 1);
  return at::convolution(x, weight, bias, stride, padding, dilation, /*transposed=*/false, none, 1);
}

at::Tensor library_convolution(const at::Tensor& x_any, const at::Tensor& weight_any, const at::Tensor& bias_any,
                               const ConvolutionOptions& o, const at::Tensor& added, const at::Tensor& past) {
  at::Tensor x = past.defined() ? at::cat({past, x_any}, 2) : x_any;
  const at::Tensor weight = weight_any.to(x.scalar_type()), bias = bias_any.to(x.scalar_type());
  Sizes padding{}, before = o.before;
  before[kTime] -= past.defined() ? past.size(2) : 0;
  std::array<std::int64_t, 6> uneven{};  // what the library cannot add by itself; the last axis first
  for (const int axis : {kTime, kHeight, kWidth}) {
    padding[axis] = std::min(before[axis], o.after[axis]);
    uneven[4 - 2 * axis] = before[axis] - padding[axis];
    uneven[5 - 2 * axis] = o.after[axis] - padding[axis];
  }
  if (std::ranges::any_of(uneven, [](std::int64_t zeros) { return zeros > 0; })) x = at::constant_pad_nd(x, uneven);
  at::Tensor y;
  if (weight.size(2) == 1 && x.size(2) == 1 && padding[kTime] == 0) {  // pictures, for which libraries do better
    y = library(x.squeeze(2).contiguous(at::MemoryFormat::ChannelsLast),
                weight.squeeze(2).contiguous(at::MemoryFormat::ChannelsLast), bias, at::IntArrayRef(o.stride).slice(1),
                at::IntArrayRef(padding).slice(1))
            .unsqueeze(2);
  } else {
    // libtorch 1.13 knows no clips with channels side by side on a CPU.
    const auto format = x.is_cpu() ? at::MemoryFormat::Contiguous : at::MemoryFormat::ChannelsLast3d;
    y = library(x.contiguous(format), weight.contiguous(format), bias, o.stride, padding)
            .contiguous(at::MemoryFormat::ChannelsLast3d);
  }
  if (o.then_silu) y = at::silu(y);
  return added.defined() ? y + added : y;
}

void check_options(const at::Tensor& weight, const ConvolutionOptions& o) {
  ensure(weight.numel() > 0, "convolution", "expected a filter with values but got {}", weight.numel());
  for (const int axis : {kTime, kHeight, kWidth}) {
    ensure(o.stride[axis] >= 1 && o.before[axis] >= 0 && o.after[axis] >= 0, "convolution",
           "expected a stride of 1 or more and no fewer than 0 zeros but got {}, {} and {}", o.stride[axis],
           o.before[axis], o.after[axis]);
  }
}

void check(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const ConvolutionOptions& o,
           const at::Tensor& added, const at::Tensor& past, const Sizes& out) {
  ensure(weight.device() == x.device() && bias.device() == x.device() &&
             (!added.defined() || added.device() == x.device()) && (!past.defined() || past.device() == x.device()),
         "convolution", "expected all on {} but got {} and {}", x.device().str(), weight.device().str(),
         bias.device().str());
  ensure(bias.dim() == 1 && bias.size(0) == weight.size(0), "convolution", "expected a bias of {} values but got {}",
         weight.size(0), bias.numel());
  const std::vector<std::int64_t> y{x.size(0), weight.size(0), out[kTime], out[kHeight], out[kWidth]};
  ensure(!added.defined() || (added.sizes() == y && added.scalar_type() == x.scalar_type()), "convolution",
         "expected what is added to have {} values of the input's type but got {}", c10::multiply_integers(y),
         added.defined() ? added.numel() : 0);
  ensure(!past.defined() || (past.dim() == 5 && past.size(0) == x.size(0) && past.size(1) == x.size(1) &&
                             past.size(2) <= o.before[kTime] && past.size(3) == x.size(3) &&
                             past.size(4) == x.size(4) && past.scalar_type() == x.scalar_type()),
         "convolution", "expected at most {} earlier frames like those of the input but got {} values", o.before[kTime],
         past.defined() ? past.numel() : 0);
}

// Ours reads a filter once a block: beyond the second cache libraries do better. They do for pictures too, but not when
// it comes to gradients (docs/benchmarks.md).
bool is_ours(const at::Tensor& x, const at::Tensor& weight, bool gradients) {
  if (!multiplies(x) || weight.size(2) * weight.size(3) * weight.size(4) > kConvolutionParts) return false;
  if (weight.size(2) == 1 && x.size(2) == 1 && !gradients) return false;
  return weight.numel() * static_cast<std::int64_t>(x.element_size()) <= second_cache_bytes();
}

// A filter of one tap is a product.
bool is_pointwise(const at::Tensor& x, const at::Tensor& weight, const ConvolutionOptions& o) {
  const auto all = [](const Sizes& sizes, std::int64_t value) {
    return std::ranges::all_of(sizes, [&](std::int64_t size) { return size == value; });
  };
  return x.is_cpu() && all(kernel_of(weight), 1) && all(o.stride, 1) && all(o.before, 0) && all(o.after, 0);
}

}  // namespace

at::Tensor convolution(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                       const ConvolutionOptions& options, const at::Tensor& added, const at::Tensor& past) {
  ensure(x.dim() == 5 && weight.dim() == 5 && x.size(1) == weight.size(1), "convolution",
         "expected clips [b, c, t, h, w] and a filter of as many channels but got {} and {} axes", x.dim(),
         weight.dim());
  check_options(weight, options);
  const Sizes out = out_of(x, weight, options);
  check(x, weight, bias, options, added, past, out);
  const bool gradients =
      at::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad() || bias.requires_grad() ||
                                     (added.defined() && added.requires_grad()));
  ensure(!gradients || !past.defined(), "convolution", "expected no earlier frames with gradients but got {} values",
         past.defined() ? past.numel() : 0);
  if (is_pointwise(x, weight, options)) {
    at::Tensor y = standing(linear(lying(x), weight.flatten(1), bias));
    if (options.then_silu) y = at::silu(y);
    return added.defined() ? y + added : y;
  }
  if (!is_ours(x, weight, gradients)) return library_convolution(x, weight, bias, options, added, past);
  if (!gradients) {
    return standing(forward(lying(x), weight.to(x.scalar_type()), bias.to(at::kFloat).contiguous(), options, out,
                            added.defined() ? lying(added) : added, past.defined() ? lying(past) : past));
  }
  // Autograd takes no undefined tensors.
  const at::Tensor none = at::empty({0}, x.options());
  if (!options.then_silu) {
    return standing(FusedConvolution::apply(x, weight, bias, added.defined() ? added : none, numbers_of(options)));
  }
  const at::Tensor y = at::silu(standing(FusedConvolution::apply(x, weight, bias, none, numbers_of(options))));
  return added.defined() ? y + added : y;
}

}  // namespace hotshot::kernel
