// For the tests of image models in training: folders and recipes small enough for seconds.
#pragma once

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "training/test_support.h"
#include "weights/safetensors.h"

namespace hotshot::training {

inline const std::filesystem::path kGolden = std::filesystem::path(HOTSHOT_SOURCE_DIR) / "tests/golden";

/// The folders of a run named `name`; its model folder has that part of a tiny SDXL, or, where `parts` is empty, all of
/// it.
inline RunPlaces image_places(const std::filesystem::path& folder, const std::string& name, std::string_view parts) {
  const RunPlaces places{folder / name / "run", folder / name / "model", folder / name / "latents", {}};
  const auto options = std::filesystem::copy_options::recursive | std::filesystem::copy_options::skip_existing;
  const auto from = kGolden / "pipeline-sdxl" / parts;
  std::filesystem::create_directories(places.model_folder / parts);
  std::filesystem::copy(from, places.model_folder / parts, options);
  return places;
}

/// A fresh UNet of one attention level with its two text towers, on pictures of the world in two shapes.
inline std::string spatial_recipe(const std::string& loop) {
  return fmt::format(R"(part = "unet"
model = "tiny"
[unet]
block_out_channels = [32, 32]
down_block_types = ["DownBlock2D", "CrossAttnDownBlock2D"]
up_block_types = ["CrossAttnUpBlock2D", "UpBlock2D"]
layers_per_block = [1]
attention_head_dim = [2]
cross_attention_dim = [24]
norm_num_groups = 8
use_linear_projection = true
addition_embed_type = "text_time"
addition_time_embed_dim = 8
projection_class_embeddings_input_dim = 64
sample_size = 4
[text_encoder]
hidden_size = 8
intermediate_size = 16
num_hidden_layers = 2
num_attention_heads = 2
[text_encoder_2]
hidden_size = 16
intermediate_size = 32
projection_dim = 16
num_hidden_layers = 2
num_attention_heads = 2
hidden_act = "gelu"
[tokenizer]
merges_file = "{}/models/clip-tokenizer/merges.txt"
merges = 200
[denoising]
step = "spatial"
dtype = "fp32"
preview_steps = 2
preview_prompts = ["a red car", ""]
[data]
seed = 5
english_share = 1.0
[[bucket]]
frames = 1
height = 32
width = 32
batch = 6
clips = 8
[[bucket]]
frames = 1
height = 32
width = 48
batch = 4
clips = 4
share = 0.5
[optimizer]
learning_rate = 3e-3
warmup = 4
[loop]
seed = 6
{})",
                     HOTSHOT_SOURCE_DIR, loop);
}

/// Layers over frames on what spatial_recipe made, with clips of two lengths.
inline std::string temporal_recipe(const std::string& loop) {
  return R"(part = "unet"
model = "tiny"
initial = "."
[denoising]
step = "temporal"
dtype = "fp32"
noise_offset = 0.05
preview_steps = 2
preview_prompts = ["a red car"]
[data]
seed = 5
english_share = 1.0
[[bucket]]
frames = 3
height = 32
width = 32
batch = 2
clips = 3
[[bucket]]
frames = 5
height = 32
width = 48
batch = 2
clips = 2
[optimizer]
learning_rate = 5e-3
warmup = 4
[loop]
seed = 7
)" + loop;
}

/// A LoRA of a pet over pictures of the world.
inline std::string lora_recipe(const std::string& lora, const std::string& loop) {
  return R"(part = "lora"
model = "tiny"
[lora]
name = "my-pet"
rank = 4
alpha = 2
)" + lora +
         R"([denoising]
dtype = "fp32"
caption_dropout = 0.0
preview_steps = 2
preview_prompts = ["sks dog"]
[data]
seed = 9
english_share = 1.0
[[bucket]]
frames = 1
height = 32
width = 32
batch = 3
clips = 4
[optimizer]
learning_rate = 1e-2
warmup = 2
[loop]
seed = 8
)" + loop;
}

/// Reads pictures that are text files: "WIDTH HEIGHT RED".
inline data::PictureReader text_reader() {
  const auto read = [](const std::filesystem::path& path) {
    std::array<int, 3> numbers{};
    std::ifstream in(path);
    for (int& number : numbers) in >> number;
    require(bool(in), "test", "expected a picture but '{}' is none", path.string());
    return numbers;
  };
  return {.size =
              [read](const std::filesystem::path& path) {
                const auto [width, height, red] = read(path);
                return data::PictureSize{width, height};
              },
          .cover =
              [read](const std::filesystem::path& path, int height, int width) {
                Frames frame(1, height, width);
                for (std::size_t i = 0; i < frame.pixels.size(); i += 3) {
                  frame.pixels[i] = static_cast<std::uint8_t>(read(path)[2]);
                }
                return frame;
              }};
}

/// The tensors of a part of the run's model.
inline weights::TensorMap tensors_of(const RunPlaces& places, std::string_view part) {
  const std::string_view file = part.starts_with("text") ? "model" : "diffusion_pytorch_model";
  return weights::read_safetensors(places.model_folder / part / fmt::format("{}.safetensors", file)).tensors;
}

inline bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() && a.equal(b);
}

}  // namespace hotshot::training
