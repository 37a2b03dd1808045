#include "kernel/quantized.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "base/error.h"
#include "kernel/fused.h"
#include "kernel/panels.h"
#include "kernel/recorded.h"

namespace hotshot::kernel {
namespace {

constexpr std::int64_t kQuad = 4;  // bytes of an element

// [columns, depth] as panels [panels, depth / kQuad, kPanelColumns, kQuad].
at::Tensor in_panels(const at::Tensor& bytes) {
  const std::int64_t panels = blocks(bytes.size(0), kPanelColumns), quads = blocks(bytes.size(1), kQuad);
  const at::Tensor whole = at::zeros({panels * kPanelColumns, quads * kQuad}, bytes.options());
  whole.narrow(0, 0, bytes.size(0)).narrow(1, 0, bytes.size(1)).copy_(bytes);
  return whole.view({panels, kPanelColumns, quads, kQuad}).permute({0, 2, 1, 3}).contiguous();
}

at::Tensor padded_to_panels(const at::Tensor& x) {
  return at::constant_pad_nd(x, {0, blocks(x.size(0), kPanelColumns) * kPanelColumns - x.size(0)}).contiguous();
}

template <class T>
at::Tensor times(const at::Tensor& x_rows, const QuantizedWeight& weight, const at::Tensor& bias) {
  const std::int64_t rows = x_rows.size(0), stride = blocks(weight.in, kQuad) * kQuad;
  const at::Tensor bytes = at::empty({rows, stride}, at::kByte), scale = at::empty({rows}, at::kFloat);
  const at::Tensor y = at::empty({rows, weight.out}, x_rows.options());
  at::parallel_for(0, rows, blocks(kPackedAlone, weight.in), [&](std::int64_t begin, std::int64_t end) {
    loops<T>().quantize_rows({.x = data<T>(x_rows),
                              .bytes = data<std::uint8_t>(bytes),
                              .scale = data<float>(scale),
                              .size = weight.in,
                              .stride = stride},
                             begin, end);
  });
  const ByteProduct<T> product{.left = bytes.data_ptr(),
                               .left_scale = data<float>(scale),
                               .block_rows = block_rows_of(rows, stride / kQuad),
                               .right = weight.bytes.data_ptr(),
                               .right_scale = data<float>(weight.scale_o),
                               .right_offset = data<std::int32_t>(weight.offset_o),
                               .bias = bias.defined() ? data<float>(bias) : nullptr,
                               .y = data<T>(y),
                               .rows = rows,
                               .columns = weight.out,
                               .depth = weight.in};
  const std::int64_t tiles = blocks(rows, product.block_rows) * blocks(weight.out, kPanelColumns);
  const std::int64_t operations_of_tile = 2 * product.block_rows * kPanelColumns * weight.in;
  at::parallel_for(0, tiles, blocks(kMultipliedAlone, operations_of_tile),
                   [&](std::int64_t begin, std::int64_t end) { loops<T>().multiply_bytes(product, begin, end); });
  return y;
}

}  // namespace

QuantizedWeight quantized(const at::Tensor& weight_oi) {
  ensure(weight_oi.dim() == 2 && fusable(weight_oi) && weight_oi.size(1) <= kByteDepth, "quantized",
         "expected a matrix of fp32 or bf16 on a CPU with rows of at most {} values but got {} dimensions of {} values",
         kByteDepth, weight_oi.dim(), weight_oi.numel());
  const at::NoGradGuard no_grad;
  const at::Tensor weight = weight_oi.to(at::kFloat);
  const at::Tensor largest = weight.abs().amax(1);
  require(at::isfinite(largest).all().item<bool>(), "quantized", "expected finite weights but got {}",
          "some that are not");
  const at::Tensor scale = largest / 127;
  const at::Tensor step = at::where(scale > 0, scale, at::ones_like(scale));
  const at::Tensor bytes = (weight / step.unsqueeze(1)).round_().clamp_(-127, 127).to(at::kChar);
  return {.out = weight.size(0),
          .in = weight.size(1),
          .bytes = in_panels(bytes),
          .scale_o = padded_to_panels(scale),
          .offset_o = padded_to_panels(bytes.sum(1, false, at::kInt) * 128)};
}

at::Tensor linear(const at::Tensor& x, const QuantizedWeight& weight, const at::Tensor& bias_o) {
  ensure(x.dim() >= 1 && x.size(-1) == weight.in && fusable(x), "linear",
         "expected rows of {} values of fp32 or bf16 on a CPU but got {} values of {} dimensions", weight.in, x.numel(),
         x.dim());
  ensure(!bias_o.defined() || bias_o.numel() == weight.out, "linear", "expected a bias of {} values but got {}",
         weight.out, bias_o.defined() ? bias_o.numel() : 0);
  ensure(!at::GradMode::is_enabled() || !x.requires_grad(), "linear", "expected no gradients through weights of {}",
         "bytes");
  auto shape = x.sizes().vec();
  shape.back() = weight.out;
  const at::Tensor rows = x.reshape({-1, weight.in}).contiguous();
  const Recorded recorded("hotshot::linear_bytes", {rows, weight.bytes});
  const at::Tensor bias = bias_o.defined() ? bias_o.to(at::kFloat).contiguous() : bias_o;
  at::Tensor y;
  with_type(rows, [&](auto type) { y = times<decltype(type)>(rows, weight, bias); });
  return y.view(shape);
}

}  // namespace hotshot::kernel
