#include "weights/recognise.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../../tests/fuzz/mutate.h"
#include "base/file.h"
#include "weights/image_model.h"
#include "weights/lora.h"
#include "weights/names.h"
#include "weights/test_models.h"
#include "weights/textual_inversion.h"

namespace hotshot::weights {
namespace {

namespace fs = std::filesystem;
using ::testing::IsSubstring;

constexpr std::string_view kTypes = "F16";

// A file of that layout with zeros for data, which take no disk space.
fs::path sparse_file(const TestFolder& folder, std::string_view name, const Layout& layout) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  std::uint64_t position = 0;
  for (const auto& [tensor, shape] : layout) {
    std::uint64_t bytes = 2;
    for (const std::int64_t size : shape) bytes *= static_cast<std::uint64_t>(size);
    header[tensor] = {{"dtype", kTypes}, {"shape", shape}, {"data_offsets", {position, position + bytes}}};
    if (shape.empty()) header[tensor]["shape"] = nlohmann::json::array();
    position += bytes;
  }
  std::string json = header.dump();
  json.append((8 - json.size() % 8) % 8, ' ');
  const fs::path path = folder.file(name, safetensors_bytes(json, ""));
  fs::resize_file(path, fs::file_size(path) + position);
  return path;
}

Layout original_layout(std::string_view network, const std::string& prefix = "") {
  Layout layout;
  for (const GoldenName& name : golden_names(network)) layout[prefix + name.original] = name.original_shape;
  return layout;
}

Layout sd15_checkpoint() {
  Layout layout = original_layout("sd15-unet");
  layout.merge(original_layout("vae"));
  layout.merge(original_layout("clip-l"));
  layout["model_ema.decay"] = {};
  return layout;
}

Layout sdxl_checkpoint() {
  Layout layout = original_layout("sdxl-unet");
  layout.merge(original_layout("vae"));
  layout.merge(original_layout("clip-g"));
  for (const auto& [name, shape] : diffusers_layout("clip-l"))
    layout["conditioner.embedders.0.transformer." + name] = shape;
  return layout;
}

TEST(Recognise, WholeCheckpoints) {
  const TestFolder folder;
  const Recognised sd15 = recognise(sparse_file(folder, "a.safetensors", sd15_checkpoint()));
  EXPECT_EQ(sd15.kind, FileKind::checkpoint);
  EXPECT_EQ(sd15.family, "SD 1.5");
  EXPECT_EQ(sd15.refusal, "");
  EXPECT_EQ(
      sd15.description,
      "SD 1.5 checkpoint in one file: text_encoder, unet, vae, F16, 2.13 GB; not used: 1 tensors: averaged weights "
      "of training; the plain ones are used");
  const Recognised sdxl = recognise(sparse_file(folder, "b.safetensors", sdxl_checkpoint()));
  EXPECT_EQ(sdxl.refusal, "");
  EXPECT_EQ(sdxl.description, "SDXL checkpoint in one file: text_encoder, text_encoder_2, unet, vae, F16, 6.94 GB");
}

TEST(Recognise, CheckpointsThatLackOrHaveOther) {
  const TestFolder folder;
  const Recognised alone = recognise(sparse_file(folder, "a.safetensors", original_layout("sdxl-unet")));
  EXPECT_EQ(alone.refusal, "");
  EXPECT_PRED_FORMAT2(IsSubstring, "; without vae, text_encoder, text_encoder_2", alone.description);
  Layout layout = sd15_checkpoint();
  layout["model.diffusion_model.input_blocks.0.0.weight"] = {320, 9, 3, 3};
  EXPECT_PRED_FORMAT2(IsSubstring, "SD 1.5 inpainting checkpoint",
                      recognise(sparse_file(folder, "a.safetensors", layout)).description);
  layout.erase("model.diffusion_model.middle_block.1.norm.bias");
  const Recognised cut = recognise(sparse_file(folder, "a.safetensors", layout));
  EXPECT_EQ(cut.kind, FileKind::checkpoint);
  EXPECT_PRED_FORMAT2(IsSubstring, "1 missing: mid_block.attentions.0.norm.bias", cut.refusal);
  Layout sd2;
  for (const auto& [name, shape] : unet_layout(family_named("SD 2.x").unet)) {
    const auto names = sgm_unet_names(name);
    sd2["model.diffusion_model." + names.at(0)] = shape;
  }
  EXPECT_PRED_FORMAT2(IsSubstring, "this is SD 2.x: its text encoder",
                      recognise(sparse_file(folder, "a.safetensors", sd2)).refusal);
}

TEST(Recognise, TemporalLayersByTheirCount) {
  const TestFolder folder;
  Layout layout = temporal_layout(family_named("SDXL").unet.channels);
  const Recognised whole = recognise(sparse_file(folder, "a.safetensors", layout));
  EXPECT_EQ(whole.kind, FileKind::temporal_layers);
  EXPECT_EQ(whole.refusal, "");
  EXPECT_EQ(whole.description, "temporal layers of Hotshot-XL: 420 tensors with 237316800 values, F16, 474.6 MB");
  layout.erase("down_blocks.0.temporal_attentions.0.norm.bias");
  EXPECT_PRED_FORMAT2(IsSubstring, "1 missing: down_blocks.0.temporal_attentions.0.norm.bias",
                      recognise(sparse_file(folder, "a.safetensors", layout)).refusal);
  const Recognised other = recognise(sparse_file(
      folder, "a.safetensors",
      {{"down_blocks.0.motion_modules.0.temporal_transformer.transformer_blocks.0.attention_blocks.0.pos_encoder.pe",
        {1, 24, 320}}}));
  EXPECT_PRED_FORMAT2(IsSubstring, "AnimateDiff", other.description);
  EXPECT_PRED_FORMAT2(IsSubstring, "not those of Hotshot-XL", other.refusal);
}

TEST(Recognise, SingleNetworks) {
  const TestFolder folder;
  const auto of = [&](const Layout& layout) { return recognise(sparse_file(folder, "a.safetensors", layout)); };
  for (const Layout& layout : {original_layout("vae"), diffusers_layout("vae")}) {
    const Recognised vae = of(layout);
    EXPECT_EQ(vae.kind, FileKind::vae);
    EXPECT_EQ(vae.refusal, "");
  }
  Layout vae16 = diffusers_layout("vae");
  vae16["decoder.conv_in.weight"] = {512, 16, 3, 3};
  EXPECT_PRED_FORMAT2(IsSubstring, "SD 3 or Flux", of(vae16).refusal);
  for (const Layout& layout : {original_layout("sd15-controlnet"), diffusers_layout("sd15-controlnet")}) {
    const Recognised controlnet = of(layout);
    EXPECT_EQ(controlnet.kind, FileKind::controlnet);
    EXPECT_EQ(controlnet.family, "SD 1.5");
    EXPECT_EQ(controlnet.refusal, "");
  }
  EXPECT_EQ(of(controlnet_layout(family_named("SDXL").unet)).family, "SDXL");
  EXPECT_PRED_FORMAT2(IsSubstring, "SD 2.x", of(controlnet_layout(family_named("SD 2.x").unet)).refusal);
  EXPECT_EQ(of(diffusers_layout("sdxl-unet")).description, "UNet in diffusers' names, F16, 5.13 GB");
  EXPECT_EQ(of(diffusers_layout("clip-g")).kind, FileKind::network);
  EXPECT_PRED_FORMAT2(IsSubstring, "Flux", of({{"double_blocks.0.img_attn.qkv.weight", {2, 2}}}).description);
  EXPECT_PRED_FORMAT2(IsSubstring, "unknown: 2 tensors, such as 'a'", of({{"a", {2, 2}}, {"b", {2}}}).description);
  EXPECT_NE(of({{"a", {2, 2}}, {"b", {2}}}).refusal, "");
}

TEST(Recognise, LorasAndInversions) {
  const Recognised kohya = recognise(golden("lora/kohya.safetensors"));
  EXPECT_EQ(kohya.kind, FileKind::lora);
  EXPECT_EQ(kohya.refusal, "");
  EXPECT_PRED_FORMAT2(IsSubstring, "LoRA for a UNet of other widths", kohya.description);
  const TestFolder folder;
  const std::string key = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k";
  const Layout layout = {{key + ".lora_down.weight", {16, 2048}}, {key + ".lora_up.weight", {640, 16}}};
  const Recognised xl = recognise(sparse_file(folder, "a.safetensors", layout));
  EXPECT_EQ(xl.refusal, "");
  EXPECT_EQ(xl.description, "LoRA for SDXL (kohya names): rank 16, 1 layers of unet, F16, 0.1 MB");
  const std::string flux = "lora_unet_double_blocks_0_img_attn_qkv";
  const Layout flux_layout = {{flux + ".lora_down.weight", {4, 3072}}, {flux + ".lora_up.weight", {9216, 4}}};
  EXPECT_PRED_FORMAT2(IsSubstring, "are in neither",
                      recognise(sparse_file(folder, "a.safetensors", flux_layout)).refusal);
  EXPECT_PRED_FORMAT2(IsSubstring, "LoHa",
                      recognise(sparse_file(folder, "a.safetensors", {{"lora_unet_x.hada_w1_a", {2, 2}}})).refusal);
  const Recognised inversion = recognise(sparse_file(folder, "word.safetensors", {{"emb_params", {2, 768}}}));
  EXPECT_EQ(inversion.kind, FileKind::textual_inversion);
  EXPECT_EQ(inversion.description, "textual inversion for SD 1.5: 'word', 2 vectors, F16, 0.0 MB");
}

TEST(Recognise, FoldersAndWhatCannotBeRead) {
  const TestFolder folder;
  EXPECT_EQ(recognise(golden("pipeline-wan")).kind, FileKind::model_folder);
  EXPECT_PRED_FORMAT2(IsSubstring, "WanPipeline", recognise(golden("pipeline-wan")).description);
  for (const char* family : {"SDXL", "SD 2.x"}) {
    const TestFolder model;
    model.file("model_index.json", R"({"_class_name": "StableDiffusionXLPipeline"})");
    fs::create_directory(model / "unet");
    sparse_file(model, "unet/diffusion_pytorch_model.safetensors", family_named(family).layout("unet"));
    EXPECT_EQ(recognise(model.path()).family, family);
    EXPECT_EQ(recognise(model.path()).refusal, family_named(family).refusal);
  }
  EXPECT_EQ(recognise(golden("transformer-wan21")).kind, FileKind::part_folder);
  EXPECT_PRED_FORMAT2(IsSubstring, "got 0 such files", message_of([&] { recognise(folder.path()); }));
  EXPECT_PRED_FORMAT2(IsSubstring, "pickle", message_of([&] { recognise(folder.file("a.ckpt", "x")); }));
  EXPECT_PRED_FORMAT2(IsSubstring, "holds none",
                      message_of([&] { recognise(sparse_file(folder, "empty.safetensors", {})); }));
  fs::remove(folder / "empty.safetensors");
  sparse_file(folder, "word.safetensors", {{"emb_params", {2, 768}}});
  EXPECT_EQ(recognise(folder.path()).kind, FileKind::textual_inversion);
}

// Reads a hostile file in every way there is. Only InvalidArgument may come out.
void read_all(const fs::path& path) {
  const auto attempt = [](const std::function<void()>& read) {
    try {
      read();
    } catch (const InvalidArgument&) {
    }
  };
  attempt([&] { recognise(path); });
  attempt([&] { read_textual_inversion(path); });
  attempt([&] { read_temporal_layers(path, {4, 8}); });
  attempt([&] {
    const std::array known = {tiny_sdxl()};
    read_single_file(path, known);
  });
  attempt([&] {
    const Lora lora = read_lora(path);
    family_of_lora(lora);
    TensorMap tensors = tensors_of(unet_layout(tiny_sdxl().unet));
    merge_loras("unet", tensors, std::array{LoraUse{&lora}});
  });
}

// Changes names, shapes and types of some tensors.
TensorMap shuffled(const TensorMap& tensors, Random& random) {
  const std::array<Shape, 8> shapes = {{{}, {0}, {3}, {2, 2}, {0, 4}, {2, 2, 1, 1}, {2, 0, 1, 1}, {1, 1, 1, 1, 1}}};
  const std::array types = {at::kHalf, at::kFloat, at::kLong, at::kBool};
  TensorMap result;
  for (const auto& [name, tensor] : tensors) {
    if (random.below(4) == 0) continue;
    std::string changed = name;
    if (random.below(8) == 0) changed = fuzz::mutate(name, random, {".", "lora_", ".weight", "unet"});
    changed.erase(std::remove_if(changed.begin(), changed.end(), [](unsigned char c) { return c >= 0x80; }),
                  changed.end());
    const bool keep = random.below(4) != 0;
    result[changed] = keep ? tensor : at::ones(shapes[random.below(8)], types[random.below(4)]);
  }
  return result;
}

TEST(Recognise, SurvivesHostileFiles) {
  const TestFolder folder;
  const std::array sources = {golden("lora/old.safetensors"), golden("lora/peft.safetensors"),
                              golden("lora/kohya.safetensors"), golden("single-file/checkpoint.safetensors")};
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed, 0);
    const fs::path& source = sources[seed % sources.size()];
    write_safetensors(folder / "a.safetensors", shuffled(read_safetensors(source).tensors, random));
    read_all(folder / "a.safetensors");
    folder.file("b.safetensors", fuzz::mutate(read_file(source), random, {"\"F16\"", "lora_down", "[0,0]"}));
    read_all(folder / "b.safetensors");
  }
}

}  // namespace
}  // namespace hotshot::weights
