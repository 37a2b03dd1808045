// Stable Diffusion, SDXL and Hotshot-XL from folder to frames: against diffusers on tiny models
// (tests/golden/make_image_pipelines.py), and what a person can ask for besides.
#include "pipeline/image_family.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <tuple>

#include "base/file.h"
#include "base/options.h"
#include "media/encode.h"
#include "model/clip_text.h"
#include "model/controlnet.h"
#include "model/part.h"
#include "model/unet.h"
#include "pipeline/clip_prompt.h"
#include "pipeline/footage.h"
#include "pipeline/generate.h"
#include "pipeline/pictures.h"
#include "pipeline/test_support.h"
#include "text/clip_tokenizer.h"
#include "weights/lora.h"
#include "weights/part.h"
#include "weights/safetensors.h"
#include "weights/textual_inversion.h"

namespace hotshot::pipeline {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kGolden = fs::path(HOTSHOT_SOURCE_DIR) / "tests/golden";

double relative_error(const at::Tensor& actual, const at::Tensor& expected) {
  EXPECT_EQ(actual.sizes(), expected.sizes());
  const at::Tensor wide = expected.to(at::kDouble);
  return ((actual.to(at::kDouble) - wide).abs().max() / wide.abs().max()).item<double>();
}

GenerateRequest golden_request(const json& settings) {
  GenerateRequest request{.prompt = settings["prompt"], .negative = settings["negative"]};
  request.size = fmt::format("{}x{}", settings["width"].get<int>(), settings["height"].get<int>());
  request.steps = settings["steps"].get<int>();
  request.guidance = settings["guidance"].get<double>();
  request.dtype = "fp32";
  request.seed = 1;
  return request;
}

class ImageParity : public testing::TestWithParam<const char*> {
 protected:
  const fs::path path_ = kGolden / GetParam();
};

TEST_P(ImageParity, EveryStepAndThePicture) {
  const ModelFolder folder = open_model(path_);
  auto golden = weights::read_safetensors(path_ / "golden.safetensors").tensors;
  const Plan plan = plan_request(golden_request(read_json(path_ / "settings.json")), folder);
  const auto run = folder.family->begin(folder, plan, nullptr);
  const auto answer = [&](const at::Tensor& input, const diffusion::DenoiserCall& call) {
    return run->answer(input, call);
  };
  const auto on_step = [&](const diffusion::StepResult& step) {
    EXPECT_LT(relative_error(step.latents.squeeze(2), golden["latents_sbchw"][step.done - 1]), 1e-3) << step.done;
  };
  const at::Tensor noise = golden["noise_bchw"].unsqueeze(2) * plan.schedule.noise_scale;
  const at::Tensor latents =
      diffusion::sample(plan.sampler, answer, noise, plan.schedule, plan.sampler_options, on_step);
  run->finish_sampling();
  const at::Tensor picture = unit_values(run->decode(latents, nullptr)).squeeze(2);
  EXPECT_LT((picture - golden["picture_bchw"]).abs().max().item<double>(), 1.5 / 255);
  EXPECT_TRUE(run->warnings().empty());
}

INSTANTIATE_TEST_SUITE_P(Tiny, ImageParity, testing::Values("pipeline-sd", "pipeline-sdxl"));

// Puts a UNet with random weights in place of a folder's own, whose config is changed.
void replace_unet(const fs::path& folder, const json& changes) {
  json config = read_json(folder / "unet/config.json");
  fs::remove_all(folder / "unet");
  config.update(changes);
  model::Unet unet(model::UnetConfig::from_json(config, "test"));
  unet.initialize(4);
  model::save_part(unet, config, folder / "unet", "diffusion_pytorch_model", at::kFloat);
}

/// A tiny Hotshot-XL: SDXL's towers and autoencoder, a UNet with layers over frames, all random.
class TinyHotshot {
 public:
  TinyHotshot() : path_(folder_ / "tiny-xl") {
    fs::copy(kGolden / "pipeline-sdxl", path_, fs::copy_options::recursive);
    json index = read_json(path_ / "model_index.json");
    index["_class_name"] = "HotshotXLPipeline";
    index["unet"] = {"hotshot_xl.models.unet", "UNet3DConditionModel"};
    write_file(path_ / "model_index.json", index.dump());
    replace_unet(path_, {{"_class_name", "UNet3DConditionModel"},
                         {"block_out_channels", {32, 64}},
                         {"down_block_types", {"DownBlock3D", "CrossAttnDownBlock3D"}},
                         {"mid_block_type", "UNetMidBlock3DCrossAttn"},
                         {"up_block_types", {"CrossAttnUpBlock3D", "UpBlock3D"}}});
  }
  const fs::path& path() const { return path_; }

 private:
  TestFolder folder_;
  fs::path path_;
};

GenerateRequest quick(const std::string& size = "64x48") {
  GenerateRequest request{.prompt = "a red cat", .negative = "dark"};
  request.size = size, request.seed = 3, request.steps = 3, request.dtype = "fp32";
  return request;
}

std::vector<Made> make(const ModelFolder& folder, const GenerateRequest& request) {
  std::vector<Made> all;
  generate(folder, plan_request(request, folder), [&](Made made) { all.push_back(std::move(made)); });
  return all;
}

std::string complaint(const ModelFolder& folder, const GenerateRequest& request) {
  return message_of([&] { make(folder, request); });
}

/// A random ControlNet in the shape of the model's UNet, that says something.
std::string write_control_net(const ModelFolder& model, const fs::path& folder, int text_width) {
  const json config = read_json(model.path / "unet/config.json");
  json own{{"_class_name", "ControlNetModel"}, {"conditioning_embedding_out_channels", {4, 4, 8, 8}}};
  for (const char* key : {"in_channels", "block_out_channels", "layers_per_block", "attention_head_dim",
                          "transformer_layers_per_block", "use_linear_projection", "norm_num_groups",
                          "addition_embed_type", "addition_time_embed_dim", "projection_class_embeddings_input_dim"}) {
    own[key] = config[key];
  }
  // Of pictures, also where the UNet is one of clips.
  for (const std::string type : config["down_block_types"]) {
    own["down_block_types"].push_back(type.starts_with("CrossAttn") ? "CrossAttnDownBlock2D" : "DownBlock2D");
  }
  own["cross_attention_dim"] = text_width;
  model::ControlNet net(model::ControlNetConfig::from_json(own, "test"));
  net.initialize(8);
  for (const auto& [parameter, slot] : net.parameters()) {
    if (parameter.starts_with("controlnet_")) slot->tensor.fill_(0.05);  // zero convolutions would say nothing
  }
  model::save_part(net, own, folder, "diffusion_pytorch_model", at::kFloat);
  return folder.string();
}

/// Frames whose brightness grows from one to the next, but for one that may be white.
std::string write_clip(const fs::path& path, int count, int white = -1) {
  Frames frames(count, 48, 64);
  for (int i = 0; i < count; ++i) {
    std::fill_n(frames.frame(i), frames.frame_bytes(), static_cast<std::uint8_t>(i == white ? 255 : 9 * i));
  }
  media::encode({frames, {8, 1}}, path, {.quality = 100});
  return path.string();
}

TEST(HotshotXl, TheBucketNearestToAnAspectIsTaken) {
  const TinyHotshot tiny;
  const ModelFolder folder = open_model(tiny.path());
  GenerateRequest request = quick("");
  for (const auto& [aspect, size] : {std::pair{"16:9", PixelSize{672, 384}},
                                     {"1:1", {512, 512}},
                                     {"9:16", {384, 672}},
                                     {"4:3", {608, 416}},
                                     {"21:9", {768, 320}},
                                     {"1:3", {320, 768}}}) {
    request.aspect = aspect;
    EXPECT_EQ(plan_request(request, folder).size, size) << aspect;
  }
  request.aspect = "4:3";
  ASSERT_FALSE(plan_request(request, folder).warnings.empty());
  EXPECT_NE(plan_request(request, folder).warnings[0].find("608x416"), std::string::npos);
}

TEST(HotshotXl, AControlNetGuidesAClipFrameByFrameAlsoInWindows) {
  const TinyHotshot tiny;
  const TestFolder files;
  const ModelFolder folder = open_model(tiny.path());
  const int width = read_json(tiny.path() / "unet/config.json")["cross_attention_dim"];
  GenerateRequest request = quick();
  request.frames = 10, request.window = 6, request.overlap = 2;
  const Frames alone = make(folder, request)[0].clip.frames;
  request.files.controlnet = {write_control_net(folder, files / "net", width)};
  request.files.control = {write_clip(files / "clip.gif", 10)};
  const Frames guided = make(folder, request)[0].clip.frames;
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(std::equal(alone.frame(i), alone.frame(i) + alone.frame_bytes(), guided.frame(i))) << i;
  }
  // In one step the windows of frames 0 to 5 and 4 to 9 know nothing of each other.
  request.steps = 1;
  const Frames dark = make(folder, request)[0].clip.frames;
  for (const auto& [white, first, last] : {std::tuple{8, 4, 9}, {2, 0, 5}}) {
    request.files.control = {write_clip(files / "other.gif", 10, white)};
    const Frames other = make(folder, request)[0].clip.frames;
    for (int i = 0; i < 10; ++i) {
      const bool same = std::equal(dark.frame(i), dark.frame(i) + dark.frame_bytes(), other.frame(i));
      EXPECT_EQ(same, i < first || i > last) << white << " " << i;
    }
  }
  request.files.control = {write_clip(files / "short.gif", 5)};
  const std::string refused = message_of([&] { plan_request(request, folder); });
  EXPECT_NE(refused.find("at least 10 frames in"), std::string::npos) << refused;
  EXPECT_NE(refused.find("short.gif"), std::string::npos) << refused;
}

TEST(HotshotXl, StartsFromAClipByStrength) {
  const TinyHotshot tiny;
  const TestFolder files;
  const ModelFolder folder = open_model(tiny.path());
  GenerateRequest request = quick();
  request.steps = 10;
  request.files.image = write_clip(files / "clip.gif", 8);
  request.files.strength = 0.3;
  EXPECT_EQ(plan_request(request, folder).steps(), 3);
  const Frames clip = make(folder, request)[0].clip.frames;
  request.files.image = write_clip(files / "picture.png", 1);
  EXPECT_NE(make(folder, request)[0].clip.frames.pixels, clip.pixels);
}

TEST(HotshotXl, MakesAClipOfEightFramesAndLongerOnesInWindows) {
  const TinyHotshot tiny;
  const ModelFolder folder = open_model(tiny.path());
  EXPECT_EQ(folder.trained.frames, 8);
  EXPECT_EQ(folder.trained.sizes.size(), 7u);
  const auto clip = make(folder, quick());
  EXPECT_EQ(clip[0].clip.frames.count, 8);
  EXPECT_EQ(clip[0].clip.rate, (Rational{8, 1}));
  GenerateRequest longer = quick();
  longer.frames = 27;
  EXPECT_FALSE(plan_request(longer, folder).warnings.empty());
  EXPECT_EQ(make(folder, longer)[0].clip.frames.count, 27);
  longer.window = 25;
  EXPECT_NE(complaint(folder, longer).find("[window] expected at most 24 frames"), std::string::npos);
}

TEST(HotshotXl, FramesOfAClipKnowOfEachOther) {
  const TinyHotshot tiny;
  const ModelFolder folder = open_model(tiny.path());
  GenerateRequest request = quick();
  request.frames = 2;
  const auto two = make(folder, request)[0].clip.frames;
  request.frames = 1;
  const auto one = make(folder, request)[0].clip.frames;
  EXPECT_FALSE(std::equal(one.frame(0), one.frame(0) + one.frame_bytes(), two.frame(0)));
}

TEST(HotshotXl, SizesAreSaidWidthFirstAndThoseOfSdxlHeightFirst) {
  model::UnetConfig video;
  video.mid_block_type = "UNetMidBlock3DCrossAttn";
  EXPECT_EQ(size_ids(video, {1920, 1080}, {512, 384}), (std::vector<float>{1920, 1080, 0, 0, 512, 384}));
  EXPECT_EQ(size_ids({}, {1920, 1080}, {512, 384}), (std::vector<float>{1080, 1920, 0, 0, 384, 512}));
  EXPECT_EQ(size_ids(video, {8, 6}, {4, 2}, {3, 1}), (std::vector<float>{8, 6, 3, 1, 4, 2}));
  EXPECT_EQ(size_ids({}, {8, 6}, {4, 2}, {3, 1}), (std::vector<float>{6, 8, 1, 3, 2, 4}));
}

class Sdxl : public testing::Test {
 protected:
  ModelFolder folder_ = open_model(kGolden / "pipeline-sdxl");
  TestFolder files_;

  Frames picture() const {
    Frames frames(1, 48, 64);
    for (std::size_t i = 0; i < frames.pixels.size(); ++i) frames.pixels[i] = static_cast<std::uint8_t>(i * 7 % 251);
    return frames;
  }
  std::string write(const char* name, const Frames& frames) const {
    media::encode({frames, {1, 1}}, files_ / name);
    return files_ / name;
  }
  Frames made(const GenerateRequest& request) const { return make(folder_, request)[0].clip.frames; }
};

TEST_F(Sdxl, EverySettingMatters) {
  const auto base = made(quick()).pixels;
  const auto changed = [&](const auto& change) {
    GenerateRequest request = quick();
    change(request);
    return made(request).pixels != base;
  };
  EXPECT_TRUE(changed([](auto& r) { r.prompt = "a blue dog"; }));
  EXPECT_TRUE(changed([](auto& r) { r.prompt = "a (red:1.5) cat"; }));
  EXPECT_TRUE(changed([](auto& r) { r.negative = ""; }));
  EXPECT_TRUE(changed([](auto& r) { r.prompt_2 = "a blue dog"; }));
  EXPECT_TRUE(changed([](auto& r) { r.negative_2 = "bright"; }));
  EXPECT_FALSE(changed([](auto& r) { r.prompt_2 = r.prompt, r.negative_2 = r.negative; }));
  EXPECT_TRUE(changed([](auto& r) { r.rescale = 0.7; }));
  EXPECT_TRUE(changed([](auto& r) { r.clip_skip = 1; }));
  EXPECT_TRUE(changed([](auto& r) { r.original_size = "1024x512"; }));
  EXPECT_TRUE(changed([](auto& r) { r.negative_original_size = "512x1024"; }));
  EXPECT_TRUE(changed([](auto& r) { r.negative_target_size = "32x32"; }));
  EXPECT_TRUE(changed([](auto& r) { r.crop = "16x0"; }));
  EXPECT_TRUE(changed([](auto& r) { r.negative_crop = "0x16"; }));
  EXPECT_FALSE(changed([](auto& r) { r.crop = "0x0"; }));
  EXPECT_TRUE(changed([](auto& r) { r.spacing = "trailing"; }));
  EXPECT_TRUE(changed([](auto& r) { r.spacing = "linspace"; }));
  EXPECT_TRUE(changed([](auto& r) { r.spacing = "karras"; }));
  EXPECT_TRUE(changed([](auto& r) { r.sampler = "euler-ancestral"; }));
  EXPECT_TRUE(changed([](auto& r) { r.seed = 0; }));
  EXPECT_FALSE(changed([](auto&) {}));
  GenerateRequest zero = quick();
  zero.seed = 0;
  EXPECT_EQ(make(folder_, zero)[0].seed, 0u);
}

TEST_F(Sdxl, NoNegativePromptIsZerosWhereTheModelSaysSo) {
  fs::copy(folder_.path, files_ / "read", fs::copy_options::recursive);
  json index = read_json(files_ / "read/model_index.json");
  ASSERT_TRUE(index["force_zeros_for_empty_prompt"].get<bool>());
  index["force_zeros_for_empty_prompt"] = false;
  write_file(files_ / "read/model_index.json", index.dump());
  const ModelFolder reads = open_model(files_ / "read");
  GenerateRequest request = quick();
  EXPECT_EQ(make(reads, request)[0].clip.frames.pixels, made(request).pixels);
  request.negative = "";
  EXPECT_NE(make(reads, request)[0].clip.frames.pixels, made(request).pixels);
}

TEST_F(Sdxl, TheSizesOfOneMegapixelAreTwiceHotshots) {
  fs::copy(folder_.path, files_ / "large", fs::copy_options::recursive);
  json config = read_json(files_ / "large/unet/config.json");
  config["sample_size"] = 128;
  write_file(files_ / "large/unet/config.json", config.dump());
  const ModelFolder large = open_model(files_ / "large");
  EXPECT_EQ(large.trained.sizes.size(), 7u);
  GenerateRequest request = quick("");
  for (const auto& [aspect, size] :
       {std::pair{"1:1", PixelSize{1024, 1024}}, {"16:9", {1344, 768}}, {"1:3", {640, 1536}}}) {
    request.aspect = aspect;
    EXPECT_EQ(plan_request(request, large).size, size) << aspect;
  }
}

// Latent consistency models are told the scale and answer once a step: the negative prompt is not looked at.
TEST(LatentConsistency, IsToldTheGuidanceScale) {
  const TestFolder tiny;
  fs::copy(kGolden / "pipeline-sdxl", tiny / "lcm", fs::copy_options::recursive);
  replace_unet(tiny / "lcm", {{"time_cond_proj_dim", 16}});
  const ModelFolder folder = open_model(tiny / "lcm");
  GenerateRequest request = quick();
  request.sampler = "lcm", request.guidance = 8;
  const auto pixels = make(folder, request)[0].clip.frames.pixels;
  GenerateRequest other = request;
  for (int i = 0; i < 100; ++i) other.negative += "bright ";  // more than a chunk
  EXPECT_EQ(make(folder, other)[0].clip.frames.pixels, pixels);
  other.guidance = 2;
  EXPECT_NE(make(folder, other)[0].clip.frames.pixels, pixels);
}

// In tiles, and each half of guidance by itself.
TEST_F(Sdxl, LowMemoryMakesNearlyTheSame) {
  GenerateRequest request = quick("128x96");
  const Frames whole = made(request);
  request.low_memory = true;
  const Frames saved = made(request);
  EXPECT_LT((unit_values(whole) - unit_values(saved)).abs().mean().item<double>(), 0.05);  // norms are of a tile
}

TEST_F(Sdxl, WeightsOfBytesMakeNearlyTheSame) {
  GenerateRequest request = quick();
  request.dtype = "bf16";
  const at::Tensor whole = unit_values(made(request));
  request.dtype = "int8";
  EXPECT_EQ(plan_request(request, folder_).settled.dtype, "int8");
  const at::Tensor bytes = unit_values(made(request));
  EXPECT_GT((whole - bytes).abs().max().item<double>(), 0);
  EXPECT_LT((whole - bytes).abs().mean().item<double>(), 0.02);
}

TEST_F(Sdxl, StartsFromAPictureByStrength) {
  GenerateRequest request = quick();
  request.steps = 10;
  request.files.image = write("start.png", picture());
  request.files.strength = 0.1;
  EXPECT_EQ(plan_request(request, folder_).steps(), 1);
  const Frames near = made(request);
  request.files.image = write("other.png", Frames(1, 48, 64));
  EXPECT_NE(made(request).pixels, near.pixels);
  request.files.strength = 0.05;
  EXPECT_NE(complaint(folder_, request), "");
}

TEST_F(Sdxl, AMaskKeepsTheRest) {
  const at::NoGradGuard no_grad;
  Frames mask(1, 48, 64);
  for (int y = 0; y < 48; ++y) std::fill_n(mask.frame(0) + (y * 64 + 32) * 3, 96, std::uint8_t{255});
  GenerateRequest request = quick();
  request.files.image = write("start.png", picture());
  request.files.mask = write("mask.png", mask);
  request.files.strength = 1;
  const Plan plan = plan_request(request, folder_);
  const auto run = folder_.family->begin(folder_, plan, nullptr);
  const auto answer = [&](const at::Tensor& input, const diffusion::DenoiserCall& call) {
    return run->answer(input, call);
  };
  const at::Tensor latents = diffusion::sample(plan.sampler, answer, run->start(3), plan.schedule, plan.sampler_options,
                                               [&](const diffusion::StepResult& step) { run->after_step(step); });
  const auto vae = load_network<model::KlVae>(folder_, "vae", at::kFloat, at::kCPU);
  const at::Tensor original = encode_pictures(*vae, unit_values(picture()) * 2 - 1, at::kFloat, false);
  EXPECT_LT((latents - original).narrow(4, 0, 4).abs().max().item<double>(), 1e-5);
  EXPECT_GT((latents - original).narrow(4, 4, 4).abs().max().item<double>(), 1e-2);
  request.files.image.clear();
  EXPECT_NE(complaint(folder_, request).find("[mask]"), std::string::npos);
}

TEST_F(Sdxl, LorasChangeTheModelByTheirStrengthAndNameWhatDoesNotFit) {
  const std::string parameter = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q.weight";
  const auto layer = [](const std::string& name) {
    return weights::TrainedLayer{"unet", name, at::full({2, 32}, 0.3), at::full({32, 2}, 0.3)};
  };
  const std::vector<weights::TrainedLayer> layers{layer(parameter)};
  const weights::Family& sdxl = *std::find_if(weights::families().begin(), weights::families().end(),
                                              [](const auto& family) { return family.name == "SDXL"; });
  weights::write_lora(files_ / "style.safetensors", layers, 2, sdxl, weights::LoraNaming::kohya, {});
  const std::string file = files_ / "style.safetensors";
  const auto with = [&](const std::vector<std::string>& loras) {
    GenerateRequest request = quick();
    request.files.lora = loras;
    return made(request).pixels;
  };
  const auto plain = made(quick()).pixels;
  EXPECT_NE(with({file}), plain);
  EXPECT_NE(with({file + ":0.5"}), with({file}));
  EXPECT_EQ(with({file + ":0"}), plain);
  EXPECT_EQ(with({file + ":0.5", file + ":0.5"}), with({file}));
  GenerateRequest bad = quick();
  bad.files.lora = {file + ":much"};
  EXPECT_NE(complaint(folder_, bad).find("[lora]"), std::string::npos);
}

TEST_F(Sdxl, AControlNetGuidesAndOneOfAnotherFamilyIsRefused) {
  const auto write_net = [&](const std::string& name, int text_width) {
    return write_control_net(folder_, files_ / name, text_width);
  };
  GenerateRequest request = quick();
  request.files.controlnet = {write_net("edges", 56)};
  request.files.control = {write("picture.png", picture())};
  const auto guided = made(request).pixels;
  EXPECT_NE(guided, made(quick()).pixels);
  request.files.control_guess = true;
  const auto guessed = made(request).pixels;
  EXPECT_NE(guessed, guided);
  EXPECT_NE(guessed, made(quick()).pixels);
  request.low_memory = true;  // the prompt and its negative, one after the other
  const auto apart = made(request).pixels;
  int most = 0;
  for (std::size_t i = 0; i < apart.size(); ++i) most = std::max(most, std::abs(apart[i] - guessed[i]));
  EXPECT_LE(most, 2);
  request.files.control_guess = request.low_memory = false;
  request.files.control_edges = {"canny"};
  EXPECT_NE(made(request).pixels, guided);
  request.files.control_scale = {0};
  EXPECT_EQ(made(request).pixels, made(quick()).pixels);
  request.files.control_scale = {1}, request.files.control_start = {0.9};
  EXPECT_EQ(made(request).pixels, made(quick()).pixels);
  request.files.control_start = {0}, request.files.control_end = {0.3};
  EXPECT_EQ(made(request).pixels, made(quick()).pixels);
  const auto throughout = [&] {
    request.files.control_end = {1};
    return made(request).pixels;
  }();
  request.files.control_end = {0.7};
  EXPECT_NE(made(request).pixels, throughout);
  EXPECT_NE(made(request).pixels, made(quick()).pixels);
  request.files.controlnet = {write_net("other", 40)};
  EXPECT_NE(complaint(folder_, request).find("another family"), std::string::npos);
  request.files.control.clear();
  EXPECT_NE(complaint(folder_, request).find("a control picture for each"), std::string::npos);
}

TEST_F(Sdxl, SeveralControlNetsAddUpByTheirScales) {
  const std::string net = write_control_net(folder_, files_ / "net", 56);
  const std::string shown = write("picture.png", picture());
  const auto with = [&](const std::vector<double>& scales) {
    GenerateRequest request = quick();
    request.files.controlnet.assign(scales.size(), net);
    request.files.control.assign(scales.size(), shown);
    request.files.control_scale = scales;
    return unit_values(made(request));
  };
  const auto apart = [](const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); };
  const at::Tensor whole = with({1});
  EXPECT_LE(apart(with({0.25, 0.75}), whole), 2.0 / 255);
  EXPECT_LE(apart(with({1, 0}), whole), 0);
  EXPECT_GT(apart(with({1, 1}), whole), 4.0 / 255);
}

// What is wrong with a file is said before any network is loaded.
TEST_F(Sdxl, FilesAreLookedAtWhilePlanning) {
  const auto refused = [&](const auto& change) {
    GenerateRequest request = quick();
    change(request);
    return message_of([&] { plan_request(request, folder_); });
  };
  EXPECT_NE(refused([&](auto& r) {
              r.files.controlnet = {write_control_net(folder_, files_ / "other", 40)};
              r.files.control = {write("p.png", picture())};
            }).find("another family"),
            std::string::npos);
  write_file(files_ / "pickle.pth", "PK");
  EXPECT_NE(refused([&](auto& r) {
              r.files.controlnet = {(files_ / "pickle.pth").string()};
              r.files.control = {write("p.png", picture())};
            }),
            "");
  EXPECT_NE(refused([&](auto& r) { r.files.image = (files_ / "missing.png").string(); }), "");
}

TEST_F(Sdxl, LowMemoryAndControlNetsCountInTheEstimate) {
  GenerateRequest request = quick("512x512");
  const auto peak = [&] { return plan_request(request, folder_).memory.peak(); };
  const std::uint64_t plain = peak();
  request.low_memory = true;
  EXPECT_LT(peak(), plain);
  const std::uint64_t low = peak();
  request.files.controlnet = {write_control_net(folder_, files_ / "net", 56)};
  request.files.control = {write("p.png", picture())};
  EXPECT_GT(peak(), low);
}

TEST(HotshotXl, AWindowBoundsTheEstimate) {
  const TinyHotshot tiny;
  const ModelFolder folder = open_model(tiny.path());
  GenerateRequest request = quick("512x512");
  request.frames = 24;
  const auto sampling = [&] { return plan_request(request, folder).memory.sampling; };
  const std::uint64_t whole = sampling();
  request.window = 8;
  EXPECT_LT(sampling(), whole / 3 * 2);  // some of it is the same for all
}

/// The model `from` at `to`, with a part's parameters as `change` leaves them.
ModelFolder changed_model(const fs::path& from, const fs::path& to, const std::string& part,
                          const std::function<void(weights::TensorMap&)>& change) {
  fs::copy(from, to, fs::copy_options::recursive);
  weights::TensorMap tensors;
  for (const auto& [name, tensor] : weights::read_part(to / part)) tensors[name] = tensor.clone();
  change(tensors);
  weights::write_part(to / part, "diffusion_pytorch_model", tensors);
  return open_model(to);
}

// A network whose numbers are lost says so at its first step.
TEST_F(Sdxl, NumbersThatAreLostStopTheRun) {
  GenerateRequest request = quick();
  request.guidance = 100;
  const ModelFolder wild = changed_model(folder_.path, files_ / "wild", "unet",
                                         [](auto& tensors) { tensors["conv_out.bias"].fill_(std::nanf("")); });
  std::string message;
  try {
    make(wild, request);
  } catch (const std::runtime_error& error) {
    message = error.what();
  }
  EXPECT_NE(message.find("after step 1 of 3"), std::string::npos) << message;
}

TEST_F(Sdxl, APictureThatIsBlackIsSaid) {
  const ModelFolder black = changed_model(folder_.path, files_ / "black", "vae", [](auto& tensors) {
    tensors["decoder.conv_out.weight"].zero_();
    tensors["decoder.conv_out.bias"].fill_(-1);
  });
  const auto warnings_of = [](const Made& made) { return fmt::format("{}", fmt::join(made.warnings, "\n")); };
  EXPECT_NE(warnings_of(make(black, quick())[0]).find("every frame is black"), std::string::npos);
  EXPECT_EQ(warnings_of(make(folder_, quick())[0]).find("black"), std::string::npos);
}

// A word that was learned to be what the tokens of another are reads as that one.
TEST_F(Sdxl, AWordThatWasLearnedStandsForItsVectors) {
  const auto encoder = [&] {
    std::vector<ClipTower> towers;
    for (const char* number : {"", "_2"}) {
      towers.push_back(
          {text::ClipTokenizer::load(folder_.path / (std::string("tokenizer") + number)),
           load_network<model::ClipTextModel>(folder_, std::string("text_encoder") + number, at::kFloat, at::kCPU)});
    }
    return ClipEncoder(std::move(towers));
  };
  const auto vectors_of = [&](const std::string& word, const std::string& number) {
    const std::vector<int> ids = text::ClipTokenizer::load(folder_.path / ("tokenizer" + number)).encode(word);
    const auto tensors = weights::read_part(folder_.path / ("text_encoder" + number));
    const auto table = std::find_if(tensors.begin(), tensors.end(), [](const auto& named) {
      return named.first.ends_with("embeddings.token_embedding.weight");
    });
    return table->second.index_select(0, at::tensor(std::vector<std::int64_t>(ids.begin(), ids.end()))).to(at::kFloat);
  };
  const auto read = [](const ClipEncoder& encoder, const char* prompt) {
    return encoder({prompt, prompt}, 1, 0).text_sd;
  };
  ClipEncoder learned = encoder();
  learned.learn({.token = "qxz", .clip_l_nd = vectors_of("red", ""), .clip_g_nd = vectors_of("red", "_2")});
  EXPECT_TRUE(at::equal(read(learned, "a qxz cat"), read(encoder(), "a red cat")));
  EXPECT_FALSE(at::equal(read(encoder(), "a qxz cat"), read(encoder(), "a red cat")));
}

TEST_F(Sdxl, LearnedWordsOfOtherWidthsAreRefused) {
  weights::write_safetensors(files_ / "shiny.safetensors",
                             {{"clip_l", at::full({2, 24}, 0.5)}, {"clip_g", at::full({2, 32}, -0.5)}});
  GenerateRequest request = quick();
  request.files.embedding = {files_ / "shiny.safetensors"};
  const std::string refused = complaint(folder_, request);  // vectors of published widths alone are read
  EXPECT_NE(refused.find("768"), std::string::npos) << refused;
}

TEST_F(Sdxl, BadRequestsAreNamed) {
  GenerateRequest request = quick("60x48");
  EXPECT_NE(complaint(folder_, request).find("[size] expected multiples of 16"), std::string::npos);
  request = quick();
  request.shift = 3.0;
  EXPECT_NE(complaint(folder_, request).find("[shift]"), std::string::npos);
  request = quick();
  request.spacing = "sideways";
  for (const char* known : {"karras", "exponential", "trailing", "linspace"}) {
    EXPECT_NE(complaint(folder_, request).find(known), std::string::npos) << known;
  }
  request = quick();
  request.crop = "8";
  EXPECT_NE(complaint(folder_, request).find("[crop] expected LEFTxTOP"), std::string::npos);
  request = quick();
  request.negative_target_size = "wide";
  EXPECT_NE(complaint(folder_, request).find("[negative_target_size] expected WIDTHxHEIGHT"), std::string::npos);
  request = quick();
  request.frames = 8;
  EXPECT_NE(complaint(folder_, request).find("at most 1 frame"), std::string::npos);
  request = quick();
  request.files.image = files_ / "missing.png";
  EXPECT_NE(complaint(folder_, request), "");
}

TEST(Pictures, ThatAreLostInFp32TooAreAnError) {
  const at::NoGradGuard no_grad;
  const ModelFolder folder = open_model(kGolden / "pipeline-sd");
  const auto vae = load_network<model::KlVae>(folder, "vae", at::kFloat, at::kCPU);
  const at::Tensor latents = at::zeros({2, 4, 4, 4});
  EXPECT_FALSE(decode_pictures(*vae, latents, at::kFloat, false, nullptr).retried);
  latents[1][0][0][0] = std::nanf("");
  EXPECT_THROW(decode_pictures(*vae, latents, at::kBFloat16, false, nullptr), std::runtime_error);
}

}  // namespace
}  // namespace hotshot::pipeline
