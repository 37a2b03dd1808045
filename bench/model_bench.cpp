// One step of the SDXL UNet (1 frame) or of Hotshot-XL (2 to 24) at published size with random bf16 weights, beside the
// best rates that oneDNN's products and convolutions reach in the same run: model_bench [--frames N] [--size 512]
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "base/heap.h"
#include "base/options.h"
#include "base/random.h"
#include "base/threads.h"
#include "model/unet.h"

namespace {

using namespace hotshot;

constexpr std::int64_t kTextTokens = 77;

struct Options {
  int frames = 1;
  int size = 512;
  int threads = hardware_threads();
  int steps = 2;

  FieldList fields() {
    return {{"frames", "frames of the clip", &frames, {1, 24}},
            {"size", "pixels of a side", &size, {64, 2048}},
            {"threads", "threads", &threads, {1, 1024}},
            {"steps", "steps measured after the first", &steps, {1, 100}}};
  }
};

Options read_options(int argc, char** argv) {
  Options options;
  const FieldList fields = options.fields();
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const auto field =
        std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return "--" + f.name == name; });
    require(field != fields.end(), "model_bench", "expected --frames, --size, --threads or --steps but got {}", name);
    read_field(*field, argv[i + 1], "model_bench");
  }
  return options;
}

at::Tensor random_bf16(at::IntArrayRef shape, double std, std::uint64_t index) {
  at::Tensor x = at::empty(shape, at::kFloat);
  Random(7, index).fill_normal(x.data_ptr<float>(), static_cast<std::size_t>(x.numel()));
  return x.mul_(std).to(at::kBFloat16);
}

model::UnetConfig hotshot_xl() {
  model::UnetConfig config;
  config.block_out_channels = {320, 640, 1280};
  config.down_block_types = {"DownBlock3D", "CrossAttnDownBlock3D", "CrossAttnDownBlock3D"};
  config.mid_block_type = "UNetMidBlock3DCrossAttn";
  config.up_block_types = {"CrossAttnUpBlock3D", "CrossAttnUpBlock3D", "UpBlock3D"};
  config.transformer_layers_per_block = {1, 2, 10};
  config.attention_head_dim = {5, 10, 20};
  config.cross_attention_dim = {2048};
  config.use_linear_projection = true;
  config.addition_embed_type = "text_time";
  config.addition_time_embed_dim = 256;
  config.projection_class_embeddings_input_dim = 2816;
  return config;
}

// A block of values used again and again: making billions of normals would take longer than the measurement.
void randomise(nn::Module& module) {
  const at::Tensor block = random_bf16({1 << 22}, 1, 0);
  for (const auto& [name, parameter] : module.parameters()) {
    const auto shape = parameter->tensor.sizes().vec();
    const std::int64_t count = parameter->tensor.numel();
    const double std = shape.size() < 2 ? 0.1 : 1 / std::sqrt(static_cast<double>(count / shape[0]));
    at::Tensor values = at::empty({count}, parameter->keep_fp32 ? at::kFloat : at::kBFloat16);
    for (std::int64_t first = 0; first < count; first += block.numel()) {
      const std::int64_t part = std::min(block.numel(), count - first);
      values.narrow(0, first, part).copy_(block.narrow(0, 0, part));
    }
    values.mul_(std);
    if (parameter->init.kind == nn::Init::Kind::ones) values.add_(1);
    parameter->tensor = values.view(shape);
  }
}

// How many times smaller than the latents the pictures are that a parameter sees.
int level_of(const std::string& name, int levels) {
  if (name.starts_with("down_blocks.")) return name[12] - '0' + (name.find("downsamplers") != std::string::npos);
  if (name.starts_with("up_blocks."))
    return levels - 1 - (name[10] - '0') - (name.find("upsamplers") != std::string::npos);
  return name.starts_with("mid_block.") ? levels - 1 : 0;
}

// Of products and convolutions of one call, from the shapes of the weights.
double flops_of(nn::Module& module, std::int64_t frames, std::int64_t latents, int levels) {
  double flops = 0;
  for (const auto& [name, parameter] : module.parameters()) {
    if (parameter->tensor.dim() < 2 || parameter->fixed) continue;
    if (frames == 1 && name.find("temporal") != std::string::npos) continue;
    const double side = static_cast<double>(latents >> level_of(name, levels)), pixels = side * side;
    const double channels = static_cast<double>(parameter->tensor.size(0)), n = static_cast<double>(frames);
    const bool of_text = name.find("attn2.to_k") != std::string::npos || name.find("attn2.to_v") != std::string::npos;
    const double rows = of_text                                     ? kTextTokens
                        : name.find("time_") != std::string::npos   ? 1
                        : name.find("add_emb") != std::string::npos ? 1
                                                                    : n * pixels;
    flops += 2 * static_cast<double>(parameter->tensor.numel()) * rows;
    if (!name.ends_with("to_q.weight")) continue;
    const double keys = name.find("temporal") != std::string::npos ? n
                        : name.find("attn1") != std::string::npos  ? pixels
                                                                   : kTextTokens;
    flops += 4 * n * pixels * keys * channels;
  }
  return flops;
}

// Of the processor, where one thread works: what else runs on the machine does not count then.
double seconds_of(const std::function<void()>& work) {
  if (at::get_num_threads() == 1) {
    const std::clock_t start = std::clock();
    work();
    return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  }
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double best_rate(double flops, const std::function<void()>& work) {
  double best = seconds_of(work);
  for (int i = 0; i < 5; ++i) best = std::min(best, seconds_of(work));
  return flops / best;
}

double best_product() {
  double best = 0;
  for (const auto& [rows, in, out] :
       {std::array<std::int64_t, 3>{2048, 2048, 2048}, {4096, 1280, 1280}, {1024, 640, 5120}}) {
    const at::Tensor x = random_bf16({rows, in}, 1, 1), w = random_bf16({out, in}, 1, 2);
    best = std::max(best, best_rate(2.0 * rows * in * out, [&] { at::linear(x, w); }));
  }
  return best;
}

double best_convolution() {
  double best = 0;
  for (const auto& [n, channels, side] : {std::array<std::int64_t, 3>{1, 320, 64}, {4, 320, 64}, {8, 640, 32}}) {
    const at::Tensor x = random_bf16({n, channels, side, side}, 1, 3).contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor w = random_bf16({channels, channels, 3, 3}, 1, 4);
    best = std::max(best, best_rate(18.0 * n * side * side * channels * channels,
                                    [&] { at::conv2d(x, w, {}, /*stride=*/1, /*padding=*/1); }));
  }
  return best;
}

double peak_gib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / (1 << 20);
}

int run(const Options& options) {
  keep_freed_memory();
  at::NoGradGuard no_grad;
  at::set_num_threads(options.threads);
  const double product = best_product(), convolution = best_convolution();
  model::Unet unet(hotshot_xl());
  randomise(unet);
  const std::int64_t latents = options.size / 8;
  const double flops = flops_of(unet, options.frames, latents, 3);
  const at::Tensor x_bcfhw = random_bf16({1, 4, options.frames, latents, latents}, 1, 5);
  const model::UnetContext context{.text_bsd = random_bf16({1, kTextTokens, 2048}, 1, 6),
                                   .pooled_bd = random_bf16({1, 1280}, 1, 7),
                                   .size_ids_bk = at::full({1, 6}, 512.0),
                                   .guidance_b = {}};
  const auto step = [&] {
    ensure(unet(x_bcfhw, at::full({1}, 500.0), context).isfinite().all().item<bool>(), "bench", "NaN");
  };
  const double first = seconds_of(step);
  double seconds = seconds_of(step);
  for (int i = 1; i < options.steps; ++i) seconds = std::min(seconds, seconds_of(step));
  const double rate = flops / seconds, ceiling = std::max(product, convolution);
  fmt::print("{} parameters, {} frames of {}x{}, {} threads\n", unet.parameter_count(), options.frames, options.size,
             options.size, options.threads);
  fmt::print("first step {:.2f} s, then {:.2f} s of {:.2f} TFLOP: {:.3f} TFLOP/s\n", first, seconds, flops * 1e-12,
             rate * 1e-12);
  fmt::print("oneDNN: products {:.3f}, convolutions {:.3f} TFLOP/s; the step reaches {:.0f} % of the better\n",
             product * 1e-12, convolution * 1e-12, 100 * rate / ceiling);
  fmt::print("peak memory {:.2f} GiB\n", peak_gib());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(read_options(argc, argv));
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}
