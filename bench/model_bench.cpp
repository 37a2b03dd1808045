// One step of a network at published size with random bf16 weights, beside the best rate that oneDNN's products and
// convolutions reach in the same run:
//   model_bench --model hotshot-xl [--frames 8] [--width 512] [--height 512]     1 frame is plain SDXL
//   model_bench --model wan-1.3b --frames 17 --width 832 --height 480            7,800 tokens
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "base/heap.h"
#include "base/options.h"
#include "base/random.h"
#include "base/threads.h"
#include "measure/ceilings.h"
#include "measure/profile.h"
#include "model/unet.h"
#include "model/wan_transformer.h"

namespace {

using namespace hotshot;

struct Options {
  std::string model = "hotshot-xl";
  int frames = 1;
  int width = 512;
  int height = 512;
  int threads = hardware_threads();
  int steps = 2;

  FieldList fields() {
    return {{"model", "hotshot-xl or wan-1.3b", &model}, {"frames", "frames of the clip", &frames, {1, 256}},
            {"width", "pixels", &width, {64, 2048}},     {"height", "pixels", &height, {64, 2048}},
            {"threads", "threads", &threads, {1, 1024}}, {"steps", "steps measured after the first", &steps, {1, 100}}};
  }
};

Options read_options(int argc, char** argv) {
  Options options;
  const FieldList fields = options.fields();
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const auto field =
        std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return "--" + f.name == name; });
    require(field != fields.end(), "model_bench",
            "expected --model, --frames, --width, --height, --threads or --steps but got {}", name);
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

// A network and one call of it, which returns its prediction.
struct Step {
  std::unique_ptr<nn::Module> network;
  std::int64_t parameters = 0;
  std::function<at::Tensor()> call;
};

Step hotshot_xl_step(const Options& o) {
  constexpr std::int64_t kTextTokens = 77;
  auto unet = std::make_unique<model::Unet>(hotshot_xl());
  randomise(*unet);
  const std::int64_t parameters = unet->parameter_count();
  unet->pack();  // as a run does
  const at::Tensor x_bcfhw = random_bf16({1, 4, o.frames, o.height / 8, o.width / 8}, 1, 5);
  const model::UnetContext context{.text_bsd = random_bf16({1, kTextTokens, 2048}, 1, 6),
                                   .pooled_bd = random_bf16({1, 1280}, 1, 7),
                                   .size_ids_bk = at::full({1, 6}, 512.0),
                                   .guidance_b = {}};
  const auto call = [network = unet.get(), x_bcfhw, context] {
    return (*network)(x_bcfhw, at::full({1}, 500.0), context);
  };
  return {std::move(unet), parameters, call};
}

Step wan_step(const Options& o) {
  model::WanTransformerConfig config;
  config.num_attention_heads = 12;
  config.num_layers = 30;
  config.ffn_dim = 8960;
  auto transformer = std::make_unique<model::WanTransformer>(config);
  randomise(*transformer);
  const std::int64_t parameters = transformer->parameter_count();
  transformer->pack();  // as a run does
  const at::Tensor x_bcthw = random_bf16({1, 16, (o.frames + 3) / 4, o.height / 8, o.width / 8}, 1, 5);
  const model::TextContext context{random_bf16({1, 512, config.text_dim}, 1, 6), {}};
  const auto call = [network = transformer.get(), x_bcthw, context] {
    return (*network)(x_bcthw, at::full({1}, 500.0), context);
  };
  return {std::move(transformer), parameters, call};
}

Step step_of(const Options& options) {
  if (options.model == "hotshot-xl") return hotshot_xl_step(options);
  if (options.model == "wan-1.3b") return wan_step(options);
  throw_unknown("--model", options.model, {"hotshot-xl", "wan-1.3b"});
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

// Of products, convolutions and attention in one call.
double operations_of(const std::function<void()>& call) {
  measure::Profile profile;
  call();
  profile.stop();
  double operations = 0;
  for (const measure::ProfileRow& row : profile.rows()) operations += row.operations;
  return operations;
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
  const double ceiling = measure::measure_ceilings().best_library_rate();
  const Step step = step_of(options);
  const auto call = [&] { ensure(step.call().isfinite().all().item<bool>(), "bench", "NaN"); };
  const double operations = operations_of(call);
  double seconds = seconds_of(call);
  for (int i = 1; i < options.steps; ++i) seconds = std::min(seconds, seconds_of(call));
  const double rate = operations / seconds;
  fmt::print("{}, {} parameters, {} frames of {}x{}, {} threads\n", options.model, step.parameters, options.frames,
             options.width, options.height, options.threads);
  fmt::print("{:.2f} s a step of {:.2f} TFLOP: {:.3f} TFLOP/s, {:.0f} % of oneDNN's best, {:.3f}\n", seconds,
             operations * 1e-12, rate * 1e-12, 100 * rate / ceiling, ceiling * 1e-12);
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
