// Every kernel beside the libtorch composition that defines it, at shapes
// near those of the minis' training (width 256 instead of 192), and attention at those of large models. Figures are per
// core (one thread, processor time): how many times faster than the composition, and shares of what this core can do,
// measured in the same run: bf16 products in registers, copying memory.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <ctime>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/heap.h"
#include "base/random.h"
#include "kernel/activation.h"
#include "kernel/attention.h"
#include "kernel/composition.h"
#include "kernel/convolution.h"
#include "kernel/group_norm.h"
#include "kernel/isa.h"
#include "kernel/linear.h"
#include "kernel/norm.h"
#include "kernel/orthogonal.h"
#include "kernel/quantized.h"
#include "kernel/rotary.h"
#include "measure/ceilings.h"

namespace {

using namespace hotshot;
using Tensors = std::vector<at::Tensor>;
using Function = std::function<at::Tensor(const Tensors&)>;

at::Tensor normals(at::IntArrayRef shape, std::uint64_t index, at::ScalarType dtype) {
  at::Tensor x = at::empty(shape, at::kFloat);
  Random(7, index).fill_normal(x.data_ptr<float>(), static_cast<std::size_t>(x.numel()));
  return x.to(dtype);
}

/// A kernel, what it is compared with, and the work of one forward pass.
struct Case {
  std::string name;
  Function kernel;
  Function composition;  // or none
  Tensors inputs;
  double bytes = 0;             // read and written once by the forward pass; the backward
                                // pass moves 1.5 times that
  double flops = 0;             // of products
  double backward_flops = 2.5;  // of the backward pass, times those of the forward pass
};

double bytes_of(const Tensors& tensors) {
  double bytes = 0;
  for (const at::Tensor& x : tensors) bytes += static_cast<double>(x.nbytes());
  return bytes;
}

std::map<std::string, double> seconds_of_composition;

// Measured when first asked for: not to list the benchmarks.
const measure::Ceilings& ceilings() {
  static const measure::Ceilings measured = measure::measure_ceilings();
  return measured;
}

void run(benchmark::State& state, const Case& c, bool composed, bool backward) {
  const Function& f = composed ? c.composition : c.kernel;
  Tensors inputs;
  for (const at::Tensor& x : c.inputs) inputs.push_back(x.detach().requires_grad_(backward));
  const at::Tensor y = f(inputs), gradient = at::ones_like(y.detach());
  const std::clock_t start = std::clock();
  for (auto _ : state) {
    if (backward) {
      benchmark::DoNotOptimize(torch::autograd::grad({y}, inputs, {gradient},
                                                     /*retain_graph=*/true));
    } else {
      at::NoGradGuard no_grad;
      benchmark::DoNotOptimize(f(inputs));
    }
  }
  const double seconds =
      static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC / static_cast<double>(state.iterations());
  const std::string key = c.name + (backward ? "/backward" : "/forward");
  if (composed) seconds_of_composition[key] = seconds;
  if (!composed && seconds_of_composition.count(key)) {
    state.counters["times_faster"] = seconds_of_composition[key] / seconds;
  }
  const double bytes = c.bytes * (backward ? 1.5 : 1) / seconds,
               flops = c.flops * (backward ? c.backward_flops : 1) / seconds;
  state.counters["GB/s"] = bytes * 1e-9;
  state.counters["%copy"] = 100 * bytes / ceilings().copy_rate();
  if (c.flops == 0) return;
  state.counters["GFLOP/s"] = flops * 1e-9;
  state.counters["%registers"] = 100 * flops / ceilings().registers;
}

void add(const Case& c, bool backward) {
  for (const bool composed : {true, false}) {
    if (composed && !c.composition) continue;
    const std::string name = c.name + (backward ? "/backward" : "/forward") + (composed ? "/composition" : "/kernel");
    benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) { run(state, c, composed, backward); })
        ->Unit(benchmark::kMillisecond)
        ->MinTime(0.2);
  }
}

void add(const Case& c) {
  add(c, false);
  add(c, true);
}

struct AttentionShape {
  std::int64_t batch, queries, keys, heads = 4, size = 64;
};

void add_attention(const std::string& name, const AttentionShape& shape, bool biased = false) {
  constexpr std::int64_t kLong = 4096;  // beyond it the composition needs up to gigabytes of scores
  const auto [batch, queries, keys, heads, size] = shape;
  const at::Tensor bias = biased ? at::zeros({batch, 1, 1, keys}) : at::Tensor();
  const Tensors inputs{normals({batch, queries, heads, size}, 1, at::kBFloat16),
                       normals({batch, keys, heads, size}, 2, at::kBFloat16),
                       normals({batch, keys, heads, size}, 3, at::kBFloat16)};
  Function composition;
  if (keys <= kLong) {
    composition = [=](const Tensors& in) { return kernel::composition::attention(in[0], in[1], in[2], 0.125, bias); };
  }
  add({.name = "attention " + name,
       .kernel = [=](const Tensors& in) { return kernel::attention(in[0], in[1], in[2], 0.125, bias); },
       .composition = composition,
       .inputs = inputs,
       .bytes = bytes_of(inputs) + bytes_of({inputs[0]}),
       .flops = 4.0 * batch * heads * queries * keys * size});
}

void add_rows(at::ScalarType dtype, const std::string& type) {
  const at::Tensor x = normals({8, 448, 256}, 1, dtype), y = normals({8, 448, 256}, 2, dtype);
  const at::Tensor a = normals({8, 1, 256}, 3, at::kFloat), b = normals({8, 1, 256}, 4, at::kFloat);
  const at::Tensor w = normals({256}, 5, at::kFloat), ffn = normals({8, 448, 1024}, 6, dtype);
  add({"gelu_tanh " + type,
       [](const Tensors& in) { return kernel::gelu_tanh(in[0]); },
       [](const Tensors& in) { return kernel::composition::gelu_tanh(in[0]); },
       {ffn},
       2 * bytes_of({ffn})});
  add({"layer_norm_modulate " + type,
       [](const Tensors& in) { return kernel::layer_norm_modulate(in[0], in[1], in[2], 1e-6); },
       [](const Tensors& in) { return kernel::composition::layer_norm_modulate(in[0], in[1], in[2], 1e-6); },
       {x, a, b},
       2 * bytes_of({x})});
  add({"gated_residual " + type,
       [](const Tensors& in) { return kernel::gated_residual(in[0], in[1], in[2]); },
       [](const Tensors& in) { return kernel::composition::gated_residual(in[0], in[1], in[2]); },
       {x, y, a},
       3 * bytes_of({x})});
  add({"layer_norm " + type,
       [](const Tensors& in) { return kernel::layer_norm(in[0], in[1], in[2], 1e-6); },
       [](const Tensors& in) { return kernel::composition::layer_norm(in[0], in[1], in[2], 1e-6); },
       {x, w, w},
       2 * bytes_of({x})});
  add({"geglu " + type,
       [](const Tensors& in) { return kernel::geglu(in[0]); },
       [](const Tensors& in) { return kernel::composition::geglu(in[0]); },
       {ffn},
       1.5 * bytes_of({ffn})});
  add({"rms_norm " + type,
       [](const Tensors& in) { return kernel::rms_norm(in[0], in[1], 1e-6); },
       [](const Tensors& in) { return kernel::composition::rms_norm(in[0], in[1], 1e-6); },
       {x, w},
       2 * bytes_of({x})});
  const at::Tensor table = kernel::rotary_table(7, 8, 8, 64);
  add({"rotate " + type,
       [=](const Tensors& in) { return kernel::rotate(in[0], table); },
       [=](const Tensors& in) { return kernel::composition::rotate(in[0], table); },
       {x.view({8, 448, 4, 64})},
       2 * bytes_of({x})});
  const at::Tensor video = normals({8, 32, 9, 32, 32}, 7, dtype), gamma = normals({32}, 8, at::kFloat);
  const at::Tensor picture = normals({16, 32 * 32, 64}, 9, dtype), weight = normals({64}, 10, at::kFloat);
  add({"group_norm+silu " + type,
       [](const Tensors& in) { return kernel::group_norm_silu(in[0], 32, in[1], in[2], 1e-6); },
       [](const Tensors& in) { return kernel::composition::group_norm_silu(in[0], 32, in[1], in[2], 1e-6); },
       {picture, weight, weight},
       2 * bytes_of({picture})});
  add({"channel_rms_norm+silu " + type,
       [](const Tensors& in) { return kernel::channel_rms_norm(in[0], in[1], true); },
       [](const Tensors& in) { return kernel::composition::channel_rms_norm(in[0], in[1], true); },
       {video, gamma},
       2 * bytes_of({video})});
}

// As in training: fp32 master weights, cast on the way.
void add_linear(at::ScalarType dtype, const std::string& type, std::int64_t rows, std::int64_t in_size,
                std::int64_t out_size) {
  const Tensors inputs{normals({rows, in_size}, 1, dtype), normals({out_size, in_size}, 2, at::kFloat),
                       normals({out_size}, 3, at::kFloat)};
  const auto size = [](std::int64_t n) { return std::to_string(n); };
  add({.name = "linear " + type + " " + size(rows) + "x" + size(in_size) + "x" + size(out_size),
       .kernel = [](const Tensors& in) { return kernel::linear(in[0], in[1], in[2]); },
       .composition = [dtype](const Tensors& in) { return at::linear(in[0], in[1].to(dtype), in[2].to(dtype)); },
       .inputs = inputs,
       .bytes = bytes_of(inputs) + static_cast<double>(rows * out_size) * c10::elementSize(dtype),
       .flops = 2.0 * static_cast<double>(rows * in_size * out_size),
       .backward_flops = 2});
}

// Weights as bytes beside bf16 ones, ready to use both.
void add_quantized(std::int64_t rows, std::int64_t in_size, std::int64_t out_size) {
  const Tensors inputs{normals({rows, in_size}, 1, at::kBFloat16), normals({out_size, in_size}, 2, at::kBFloat16)};
  const std::string name =
      "linear bytes " + std::to_string(rows) + "x" + std::to_string(in_size) + "x" + std::to_string(out_size);
  const Case c{
      .name = name,
      .kernel = [bytes = kernel::quantized(inputs[1])](const Tensors& in) { return kernel::linear(in[0], bytes, {}); },
      .composition = [](const Tensors& in) { return kernel::linear(in[0], in[1], {}); },
      .inputs = inputs,
      .bytes = bytes_of(inputs),
      .flops = 2.0 * static_cast<double>(rows * in_size * out_size)};
  add(c, false);
}

// Muon's orthogonalisation of one matrix; of the products what is symmetric counts whole, as the library computes it.
void add_orthogonalized(std::int64_t rows, std::int64_t columns) {
  constexpr double kSteps = 5, kLinear = 3.4445, kCubic = -4.7750, kQuintic = 2.0315;
  const double m = static_cast<double>(rows), n = static_cast<double>(columns);
  const auto library = [=](const Tensors& in) {
    at::Tensor x = (in[0] / (in[0].norm() * 1.01 + 1e-7)).to(at::kBFloat16);
    for (int step = 0; step < kSteps; ++step) {
      const at::Tensor a = at::mm(x, x.t());
      x = at::addmm(x, at::addmm(a, a, a, kCubic, kQuintic), x, kLinear);
    }
    return x.to(at::kFloat);
  };
  const Tensors inputs{normals({rows, columns}, 1, at::kFloat)};
  add({.name = fmt::format("orthogonalized {}x{}", rows, columns),
       .kernel = [](const Tensors& in) { return kernel::orthogonalized(in[0]); },
       .composition = library,
       .inputs = inputs,
       .bytes = 2 * bytes_of(inputs),
       .flops = kSteps * (4 * m * m * n + 2 * m * m * m)},
      false);
}

struct ConvolutionShape {
  std::int64_t clips, frames, side, in, out, taps;
  std::int64_t kernel = 3, stride = 1;
};

// Filters of kernel², or with `taps` frames in time, from frames + taps − 1 to `frames`; as in training, weights of
// fp32. Compared with the library's, whose clips lie channel after channel and whose pictures pixel after pixel: what
// it does best.
void add_convolution(const ConvolutionShape& s, at::ScalarType dtype = at::kBFloat16) {
  const std::int64_t padding = s.stride == 1 ? s.kernel / 2 : 0,
                     side = (s.side + 2 * padding - s.kernel) / s.stride + 1;
  const at::Tensor x = normals({s.clips, s.in, s.frames + s.taps - 1, s.side, s.side}, 1, dtype);
  const Tensors inputs{x.contiguous(at::MemoryFormat::ChannelsLast3d),
                       normals({s.out, s.in, s.taps, s.kernel, s.kernel}, 2, at::kFloat),
                       normals({s.out}, 3, at::kFloat)};
  const kernel::ConvolutionOptions options{
      .stride = {1, s.stride, s.stride}, .before = {0, padding, padding}, .after = {0, padding, padding}};
  const std::string name = fmt::format("convolution {} {}x{}x{}x{}, {} to {} by {}x{}x{}{}", c10::toString(dtype),
                                       s.clips, s.frames, s.side, s.side, s.in, s.out, s.taps, s.kernel, s.kernel,
                                       s.stride > 1 ? fmt::format(" step {}", s.stride) : "");
  const auto library = [=](const at::Tensor& x, const Tensors& in) {
    const at::Tensor weight = in[1].to(dtype), bias = in[2].to(dtype);
    if (s.taps > 1) return at::conv3d(x, weight, bias, {1, s.stride, s.stride}, {0, padding, padding});
    return at::conv2d(x.squeeze(2), weight.squeeze(2), bias, s.stride, padding);
  };
  const Case c{.name = name,
               .kernel = [=](const Tensors& in) { return kernel::convolution(in[0], in[1], in[2], options); },
               .composition = [=](const Tensors& in) { return library(in[0], in); },
               .inputs = inputs,
               .bytes = bytes_of(inputs) +
                        static_cast<double>(s.clips * s.frames * side * side * s.out) * c10::elementSize(dtype),
               .flops = 2.0 * static_cast<double>(s.kernel * s.kernel * s.clips * s.frames * side * side * s.in *
                                                  s.out * s.taps),
               .backward_flops = 2};
  Case plain = c;
  plain.inputs[0] = x;
  for (const bool backward : {false, true}) {
    for (const bool composed : {true, false}) {
      const Case& measured = composed && s.taps > 1 ? plain : c;
      const std::string title = name + (backward ? "/backward" : "/forward") + (composed ? "/composition" : "/kernel");
      benchmark::RegisterBenchmark(title.c_str(),
                                   [=](benchmark::State& state) { run(state, measured, composed, backward); })
          ->Unit(benchmark::kMillisecond)
          ->MinTime(0.2);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  hotshot::keep_freed_memory();  // as every program that runs a network does
  at::set_num_threads(1);
  add_rows(at::kBFloat16, "bf16");
  add_rows(at::kFloat, "fp32");
  add_attention("video 8x448", {8, 448, 448});
  add_attention("pictures 64x64", {64, 64, 64});
  add_attention("text 8x448x31", {8, 448, 31}, /*biased=*/true);
  for (const std::int64_t size : {32, 64, 128}) {
    for (const std::int64_t tokens : {1024, 4096, 7800, 32760}) {
      add_attention(std::to_string(tokens) + " tokens, heads of " + std::to_string(size), {1, tokens, tokens, 1, size});
    }
  }
  for (const auto& [dtype, type] : {std::pair{at::kBFloat16, "bf16"}, {at::kFloat, "fp32"}}) {
    add_linear(dtype, type, 64, 192, 768);
    add_linear(dtype, type, 896, 192, 192);
    add_linear(dtype, type, 896, 192, 768);
    add_linear(dtype, type, 896, 768, 192);
    add_linear(dtype, type, 3072, 192, 768);
    add_linear(dtype, type, 1024, 1536, 1536);
    add_linear(dtype, type, 1024, 1536, 8960);
    add_linear(dtype, type, 1024, 8960, 1536);
  }
  add_orthogonalized(256, 256);
  add_orthogonalized(256, 1024);
  for (const std::int64_t rows : {16, 896}) {
    add_quantized(rows, 192, 768);
    add_quantized(rows, 768, 192);
    add_quantized(rows, 1536, 1536);
    add_quantized(rows, 1536, 8960);
    add_quantized(rows, 8960, 1536);
  }
  for (const ConvolutionShape& shape :
       std::vector<ConvolutionShape>{// Autoencoders of clips: in a clip that is decoded, in training, large.
                                     {1, 4, 64, 32, 32, 3},
                                     {1, 4, 64, 64, 32, 3},
                                     {1, 4, 32, 64, 64, 3},
                                     {1, 4, 64, 12, 32, 3},
                                     {1, 4, 64, 32, 12, 3},
                                     {8, 9, 32, 32, 32, 3},
                                     {8, 9, 16, 64, 64, 3},
                                     {1, 4, 240, 96, 96, 3},
                                     {1, 4, 120, 192, 192, 3},
                                     {1, 4, 60, 384, 384, 3},
                                     // Pictures, and the networks that make and read them.
                                     {16, 1, 64, 32, 32, 1},
                                     {16, 1, 32, 64, 64, 1},
                                     {1, 1, 256, 128, 128, 1},
                                     {16, 1, 16, 128, 128, 1},
                                     {1, 1, 64, 320, 320, 1},
                                     {1, 1, 32, 640, 640, 1},
                                     {16, 1, 64, 32, 32, 1, 3, 2},
                                     {16, 1, 32, 64, 64, 1, 2, 2},
                                     {16, 1, 128, 3, 32, 1, 4, 4}}) {
    add_convolution(shape);
  }
  add_convolution({1, 4, 64, 32, 32, 3}, at::kFloat);
  add_convolution({1, 4, 60, 384, 384, 3}, at::kFloat);
  add_convolution({16, 1, 64, 32, 32, 1}, at::kFloat);
  benchmark::AddCustomContext("instruction set", std::string(kernel::isa_name(kernel::isa())));
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
