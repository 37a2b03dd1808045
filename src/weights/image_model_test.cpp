#include "weights/image_model.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/options.h"
#include "weights/part.h"
#include "weights/test_models.h"

namespace hotshot::weights {
namespace {

namespace fs = std::filesystem;
using ::testing::IsSubstring;

TensorMap golden_checkpoint() { return read_safetensors(golden("single-file/checkpoint.safetensors")).tensors; }

ImageModel read_tiny(const TensorMap& tensors, const Metadata& metadata = {}) {
  const TestFolder folder;
  write_safetensors(folder / "tiny.safetensors", tensors, metadata);
  const std::array known = {tiny_sdxl()};
  return read_single_file(folder / "tiny.safetensors", known);
}

std::string refusal(const TensorMap& tensors) {
  return message_of([&] { read_tiny(tensors); });
}

TensorMap tiny_temporal(at::ScalarType type = at::kHalf) {
  return tensors_of(temporal_layout(tiny_sdxl().unet.channels), type);
}

void write_tokenizer(const fs::path& folder, const Family& family) {
  make_folders(folder, "test");
  write_file(folder / "family.txt", family.name);
}

void expect_equal(const ImageModel& a, const ImageModel& b) {
  ASSERT_EQ(a.parts.size(), b.parts.size());
  for (const auto& [part, tensors] : a.parts) {
    ASSERT_EQ(layout_of(tensors), layout_of(b.parts.at(part))) << part;
    for (const auto& [name, tensor] : tensors) EXPECT_TRUE(at::equal(tensor, b.parts.at(part).at(name))) << name;
  }
}

TEST(SingleFile, HasTheTensorsThatDiffusersMakesOfIt) {
  const ImageModel model = read_tiny(golden_checkpoint());
  const TensorMap expected = read_safetensors(golden("single-file/parts.safetensors")).tensors;
  std::size_t count = 0;
  for (const auto& [part, tensors] : model.parts) {
    for (const auto& [name, tensor] : tensors) {
      const auto found = expected.find(fmt::format("{}.{}", part, name));
      ASSERT_NE(found, expected.end()) << part << "." << name;
      EXPECT_TRUE(at::equal(tensor, found->second)) << found->first;
      ++count;
    }
  }
  EXPECT_EQ(count, expected.size());
  EXPECT_EQ(model.missing_parts(), std::vector<std::string>());
  EXPECT_TRUE(model.prediction.velocity);
  EXPECT_FALSE(model.prediction.zero_terminal);
  EXPECT_EQ(model.ignored.size(), 3u);  // the schedule, averages, the mark
}

TEST(SingleFile, ListsWhatIsMissingUnexpectedOrMisshapen) {
  TensorMap tensors = golden_checkpoint();
  tensors.erase("model.diffusion_model.out.2.bias");
  tensors["model.diffusion_model.input_blocks.1.0.extra.weight"] = at::zeros({1});
  tensors["first_stage_model.decoder.conv_in.bias"] = at::zeros({9});
  tensors["control_model.something"] = at::zeros({1});
  const std::string text = refusal(tensors);
  EXPECT_PRED_FORMAT2(IsSubstring, "in unet; 1 missing: conv_out.bias", text);
  EXPECT_PRED_FORMAT2(IsSubstring, "1 unexpected: down_blocks.0.resnets.0.extra.weight", text);
  EXPECT_PRED_FORMAT2(IsSubstring, "in vae; 1 of the wrong shape: decoder.conv_in.bias (expected [8] but got [9])",
                      text);
  EXPECT_PRED_FORMAT2(IsSubstring, "1 unexpected: control_model.something", text);
}

TEST(SingleFile, RefusesWhatItCannotRun) {
  TensorMap tensors = golden_checkpoint();
  const std::string input = "model.diffusion_model.input_blocks.0.0.weight";
  tensors[input] = at::zeros({4, 8, 3, 3});
  EXPECT_PRED_FORMAT2(IsSubstring, "InstructPix2Pix", refusal(tensors));
  tensors[input] = at::zeros({4, 9, 3, 3});
  EXPECT_EQ(refusal(tensors), "");
  tensors["edm_mean"] = at::zeros({1});
  EXPECT_PRED_FORMAT2(IsSubstring, "Playground", refusal(tensors));
  tensors = golden_checkpoint();
  tensors["model.diffusion_model.out.2.bias"] = at::zeros({4}, at::kChar);
  EXPECT_PRED_FORMAT2(IsSubstring, "expected floating-point weights but 'conv_out.bias'", refusal(tensors));
  EXPECT_PRED_FORMAT2(IsSubstring, "no tensor begins with 'model.diffusion_model.'", refusal({{"x", at::zeros({1})}}));

  const auto widths = [](const char* name) {
    const Family& family = family_named(name);
    return message_of([&] { model_of_unet(unet_layout(family.unet), "x"); });
  };
  EXPECT_EQ(widths("SDXL"), "");
  EXPECT_PRED_FORMAT2(IsSubstring, "OpenCLIP ViT-H", widths("SD 2.x"));
  EXPECT_PRED_FORMAT2(IsSubstring, "this is SDXL refiner", widths("SDXL refiner"));
}

TEST(SingleFile, UnderstandsThePrediction) {
  TensorMap tensors = golden_checkpoint();
  tensors["ztsnr"] = at::zeros({0});
  EXPECT_TRUE(read_tiny(tensors).prediction.zero_terminal);
  tensors.erase("v_pred");
  EXPECT_FALSE(read_tiny(tensors).prediction.velocity);
  EXPECT_TRUE(read_tiny(tensors, {{"modelspec.prediction_type", "v"}}).prediction.velocity);
}

TEST(ImageFolder, HoldsTheWholeModel) {
  const TestFolder folder;
  const std::array known = {tiny_sdxl()};
  const ImageModel model = read_tiny(golden_checkpoint());
  write_image_folder(model, folder / "model", write_tokenizer);
  EXPECT_EQ(folder.files(), 1);
  const ImageModel again = read_image_folder(folder / "model", known);
  expect_equal(model, again);
  EXPECT_TRUE(again.prediction.velocity);
  const auto index = read_json(folder / "model" / "model_index.json");
  EXPECT_EQ(index["_class_name"], "StableDiffusionXLPipeline");
  EXPECT_EQ(index["text_encoder_2"], (nlohmann::json{"transformers", "CLIPTextModelWithProjection"}));
  for (const auto& [part, entry] : index.items()) {
    EXPECT_TRUE(!entry.is_array() || fs::is_directory(folder / "model" / part)) << part;
  }
  EXPECT_EQ(read_json(folder / "model/scheduler/scheduler_config.json")["prediction_type"], "v_prediction");
  const auto unet = read_json(folder / "model/unet/config.json");
  EXPECT_EQ(unet["transformer_layers_per_block"], (nlohmann::json{1, 2}));
  EXPECT_EQ(unet["down_block_types"], (nlohmann::json{"DownBlock2D", "CrossAttnDownBlock2D"}));
  EXPECT_EQ(unet["up_block_types"], (nlohmann::json{"CrossAttnUpBlock2D", "UpBlock2D"}));
}

TEST(ImageFolder, AppearsWholeOrNotAtAll) {
  const TestFolder folder;
  ImageModel model = read_tiny(golden_checkpoint());
  const auto fail = [](const fs::path&, const Family&) { throw std::runtime_error("no tokenizer"); };
  EXPECT_THROW(write_image_folder(model, folder / "model", fail), std::runtime_error);
  EXPECT_EQ(folder.files(), 0);
  model.parts.erase("text_encoder_2");
  EXPECT_PRED_FORMAT2(IsSubstring, "it lacks text_encoder_2",
                      message_of([&] { write_image_folder(model, folder / "model", write_tokenizer); }));
  EXPECT_EQ(folder.files(), 0);
  complete(model, read_tiny(golden_checkpoint()));
  write_image_folder(model, folder / "model", write_tokenizer);
  EXPECT_PRED_FORMAT2(IsSubstring, "is there already",
                      message_of([&] { write_image_folder(model, folder / "model", write_tokenizer); }));
  ImageModel other = model;
  other.family.name = "SD 1.5";
  EXPECT_PRED_FORMAT2(IsSubstring, "is one of SD 1.5", message_of([&] { complete(model, other); }));
}

TEST(ImageFolder, BecomesHotshotXlWithTemporalLayers) {
  const TestFolder folder;
  const std::array known = {tiny_sdxl()};
  ImageModel model = read_tiny(golden_checkpoint());
  write_safetensors(folder / "temporal.safetensors", tiny_temporal());
  add_temporal_layers(model, read_temporal_layers(folder / "temporal.safetensors", model.family.unet.channels));
  write_image_folder(model, folder / "xl", write_tokenizer);
  EXPECT_EQ(read_json(folder / "xl/model_index.json")["_class_name"], "HotshotXLPipeline");
  EXPECT_EQ(read_json(folder / "xl/unet/config.json")["_class_name"], "UNet3DConditionModel");
  EXPECT_EQ(read_json(folder / "xl/unet/config.json")["down_block_types"],
            (nlohmann::json{"DownBlock3D", "CrossAttnDownBlock3D"}));
  const ImageModel again = read_image_folder(folder / "xl", known);
  expect_equal(model, again);
  EXPECT_TRUE(again.family.temporal);
  ImageModel other = read_tiny(golden_checkpoint());
  EXPECT_TRUE(temporal_layers_of(other).empty());
  add_temporal_layers(other, temporal_layers_of(again));
  expect_equal(other, model);

  TensorMap cut = tiny_temporal();
  cut.erase("up_blocks.1.temporal_attentions.2.proj_out.weight");
  write_safetensors(folder / "cut.safetensors", cut);
  EXPECT_PRED_FORMAT2(IsSubstring, "1 missing: up_blocks.1.temporal_attentions.2.proj_out.weight", message_of([&] {
                        read_temporal_layers(folder / "cut.safetensors", model.family.unet.channels);
                      }));
  ImageModel inpainting = read_tiny(golden_checkpoint());
  inpainting.family.unet.in_channels = 9;
  EXPECT_PRED_FORMAT2(IsSubstring, "4 input channels", message_of([&] { add_temporal_layers(inpainting, cut); }));
}

TEST(ImageFolder, RefusesOthers) {
  const TestFolder folder;
  folder.file("model_index.json", R"({"_class_name": "FluxPipeline"})");
  EXPECT_PRED_FORMAT2(IsSubstring, "HotshotXLPipeline but got 'FluxPipeline'",
                      message_of([&] { read_image_folder(folder.path()); }));
  folder.file("model_index.json", "[]");
  EXPECT_PRED_FORMAT2(IsSubstring, "JSON object", message_of([&] { read_image_folder(folder.path()); }));
}

}  // namespace
}  // namespace hotshot::weights
