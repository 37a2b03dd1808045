// For the tests of this folder: places on disk, recipes small enough for seconds, parameters without a network.
#pragma once

#include <ATen/ATen.h>

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "base/test_support.h"
#include "nn/module.h"
#include "training/recipe.h"

namespace hotshot::training {

/// A residual 4×8×8 autoencoder of a few thousand weights on pieces of 5 frames of 32×32.
inline std::string autoencoder_recipe(const std::string& loop) {
  return R"(part = "autoencoder"
model = "tiny"
[vae]
base_dim = 8
z_dim = 4
dim_mult = [1, 2, 2]
num_res_blocks = 1
temperal_downsample = [true, true]
in_channels = 12
out_channels = 12
patch_size = 2
is_residual = true
[autoencoder]
frames = 5
size = 32
clip_size = 32
batch = 1
picture_size = 32
picture_batch = 2
statistics_clips = 2
[data]
seed = 5
[optimizer]
learning_rate = 2e-3
muon_rate = 3e-3
warmup = 4
weight_decay = 0.01
[loop]
seed = 6
)" + loop;
}

/// One layer over those latents, with pictures and clips.
inline std::string transformer_recipe(const std::string& loop) {
  return R"(part = "transformer"
model = "tiny"
[transformer]
num_attention_heads = 2
attention_head_dim = 12
in_channels = 4
out_channels = 4
text_dim = 16
freq_dim = 16
ffn_dim = 32
num_layers = 1
[text_encoder]
vocab_size = 400
d_model = 16
d_kv = 8
d_ff = 32
num_layers = 1
num_heads = 2
[flow]
preview_steps = 2
preview_prompts = ["a red car", "一只猫"]
[data]
seed = 7
[[bucket]]
frames = 1
height = 16
width = 16
batch = 3
share = 0.6
clips = 5
[[bucket]]
frames = 5
height = 32
width = 32
batch = 2
share = 0.4
clips = 3
[optimizer]
learning_rate = 3e-3
warmup = 4
weight_decay = 0.01
[loop]
seed = 8
)" + loop;
}

/// The folders of a run named `name`; its model folder has a tokenizer.
inline RunPlaces places_in(const std::filesystem::path& folder, const std::string& name) {
  const RunPlaces places{folder / name / "run", folder / name / "model", folder / name / "latents"};
  std::filesystem::create_directories(places.model_folder);
  std::filesystem::copy(std::filesystem::path(HOTSHOT_SOURCE_DIR) / "tests/golden/pipeline-wan/tokenizer",
                        places.model_folder / "tokenizer",
                        std::filesystem::copy_options::recursive | std::filesystem::copy_options::skip_existing);
  return places;
}

/// Reads and runs a recipe to its end.
inline void run_recipe(const std::filesystem::path& path, const RunPlaces& places, const LoopHooks& hooks = {},
                       Progress* progress = nullptr) {
  const Recipe recipe = read_recipe(path);
  const auto task = recipe.make_task(places, at::kCPU);
  train(*task, recipe.loop, recipe.optimizer, places.run_folder, places.model_folder, recipe.digest, hooks, progress);
}

/// Stops after a number of steps.
struct StopAt : Progress {
  std::int64_t last = 0;
  bool stop = false;
  explicit StopAt(std::int64_t step) : last(step) {}
  void begin(std::string_view, std::int64_t) override {}
  void advance(std::int64_t done) override { stop = done >= last; }
  bool cancelled() const override { return stop; }
};

/// The task of a recipe.
inline std::unique_ptr<Task> task_of(const TestFolder& folder, const std::string& recipe, const RunPlaces& places) {
  write_file(folder / "task.toml", recipe);
  return read_recipe(folder / "task.toml").make_task(places, at::kCPU);
}

/// The mean loss of the same steps whatever was trained: their noise and clips depend on the step alone.
inline double mean_loss(Task& task, int steps = 12) {
  const at::NoGradGuard no_grad;
  double sum = 0;
  for (int step = 0; step < steps; ++step) sum += task.micro_batches(1000 + step, 1).front()().value.item<double>();
  return sum / steps;
}

/// Normal numbers of a stream.
inline at::Tensor normal_tensor(at::IntArrayRef shape, std::uint64_t seed, std::string_view stream) {
  at::Tensor values = at::empty(shape, at::kFloat);
  Random(seed, stream).fill_normal(values.data_ptr<float>(), static_cast<std::size_t>(values.numel()));
  return values;
}

/// Named parameters that collect gradients.
class TestParameters {
 public:
  explicit TestParameters(at::ScalarType dtype = at::kFloat) : dtype_(dtype) {}
  nn::Parameter& add(std::string name, at::Tensor value, bool hidden = false) {
    nn::Parameter& parameter = parameters_.emplace_back();
    parameter.name = std::move(name);
    parameter.tensor = value.to(dtype_).clone().set_requires_grad(true);
    parameter.hidden = hidden;
    return parameter;
  }
  std::vector<nn::NamedParameter> named() {
    std::vector<nn::NamedParameter> all;
    for (nn::Parameter& parameter : parameters_) all.push_back({parameter.name, &parameter});
    return all;
  }
  /// Gives every parameter a gradient that depends on the step alone.
  void set_gradients(std::int64_t step, double size = 1) {
    for (nn::Parameter& parameter : parameters_) {
      const auto seed = static_cast<std::uint64_t>(step);
      parameter.tensor.mutable_grad() =
          (normal_tensor(parameter.tensor.sizes(), seed, parameter.name) * size).to(dtype_);
    }
  }

 private:
  at::ScalarType dtype_;
  std::deque<nn::Parameter> parameters_;
};

}  // namespace hotshot::training
