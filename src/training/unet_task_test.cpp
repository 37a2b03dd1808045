// Both steps to a Hotshot-XL learn, and only what should changes.
#include "training/unet_task.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "model/part.h"
#include "training/denoising.h"
#include "training/image_test_support.h"
#include "weights/digest.h"
#include "weights/part.h"

namespace hotshot::training {
namespace {

namespace fs = std::filesystem;

void run(const TestFolder& folder, const std::string& recipe, RunPlaces places, const std::string& run_name,
         Progress* progress = nullptr) {
  places.run_folder = places.run_folder.parent_path() / run_name;
  write_file(folder / "run.toml", recipe);
  run_recipe(folder / "run.toml", places, {}, progress);
}

/// A tiny model after a few steps of pictures.
RunPlaces spatial_model(const TestFolder& folder, const std::string& name) {
  const RunPlaces places = image_places(folder.path(), name, "vae");
  run(folder, spatial_recipe("steps = 2\n"), places, "spatial");
  return places;
}

nlohmann::json index_of(const RunPlaces& places) { return read_json(places.model_folder / "model_index.json"); }

TEST(UnetTask, TheWholeNetworkLearnsFromPicturesWithItsTowers) {
  const TestFolder folder;
  const RunPlaces places = image_places(folder.path(), "a", "vae");
  const double before = mean_loss(*task_of(folder, spatial_recipe(""), places));
  run(folder, spatial_recipe("steps = 60\n"), places, "spatial");
  const std::string further = "initial = \".\"\n" + spatial_recipe("");
  const std::string without_unet =
      further.substr(0, further.find("[unet]")) + further.substr(further.find("[text_enc"));
  EXPECT_LT(mean_loss(*task_of(folder, without_unet, places)), 0.85 * before);
  EXPECT_EQ(index_of(places)["_class_name"], "StableDiffusionXLPipeline");
  EXPECT_TRUE(index_of(places)["force_zeros_for_empty_prompt"].get<bool>());
  EXPECT_EQ(read_json(places.model_folder / "text_encoder_2/config.json")["architectures"][0],
            "CLIPTextModelWithProjection");
  EXPECT_EQ(read_json(places.model_folder / "hotshot.json")["frames"], 1);
  EXPECT_EQ(tensors_of(places, "unet").at("conv_in.weight").scalar_type(), at::kBFloat16);
}

TEST(Denoising, CaptionsAreDroppedAtTheirShare) {
  const TestFolder folder;
  const RunPlaces places = image_places(folder.path(), "a", "");
  for (const double share : {0.0, 0.25, 1.0}) {
    DenoisingOptions options;
    options.caption_dropout = share;
    std::vector<std::string> captions(4000, "a cat");
    Denoising(options, places.model_folder).drop_captions(captions, 3, 5);
    const auto dropped = std::count(captions.begin(), captions.end(), "");
    EXPECT_NEAR(static_cast<double>(dropped) / 4000, share, share == 0 || share == 1 ? 0 : 0.03);
    EXPECT_EQ(dropped + std::count(captions.begin(), captions.end(), "a cat"), 4000);
  }
}

TEST(UnetTask, TemporalLayersLearnAndNothingElseChangesByABit) {
  const TestFolder folder;
  const RunPlaces places = spatial_model(folder, "a");
  const weights::TensorMap before = tensors_of(places, "unet");
  const std::string encoders = weights::folder_digest(places.model_folder / "text_encoder_2");
  const double loss = mean_loss(*task_of(folder, temporal_recipe(""), places));
  run(folder, temporal_recipe("steps = 60\n"), places, "temporal");
  EXPECT_LT(mean_loss(*task_of(folder, temporal_recipe(""), places)), 0.9 * loss);

  const weights::TensorMap after = tensors_of(places, "unet");
  int temporal = 0;
  for (const auto& [name, tensor] : after) {
    if (name.find(".temporal_attentions.") == std::string::npos) {
      EXPECT_TRUE(same_bits(tensor, before.at(name))) << name;
    } else {
      ++temporal;
      const bool is_table = name.ends_with("positional_encoding");
      EXPECT_GT(tensor.abs().max().item<double>(), 0) << name;
      EXPECT_EQ(is_table, tensor.dim() == 3) << name;
    }
  }
  EXPECT_EQ(temporal, (2 + 4) * 28);  // one layer a level on the way down, two on the way up
  EXPECT_EQ(after.size(), before.size() + static_cast<std::size_t>(temporal));
  EXPECT_EQ(weights::folder_digest(places.model_folder / "text_encoder_2"), encoders);
  EXPECT_EQ(index_of(places)["_class_name"], "HotshotXLPipeline");
  EXPECT_EQ(read_json(places.model_folder / "unet/config.json")["_class_name"], "UNet3DConditionModel");
  EXPECT_EQ(read_json(places.model_folder / "hotshot.json")["frames"], 5);
}

TEST(UnetTask, FrozenParametersAreNotAmongThoseThatLearn) {
  const TestFolder folder;
  const RunPlaces places = spatial_model(folder, "a");
  const auto task = task_of(folder, temporal_recipe(""), places);
  for (const auto& [name, parameter] : task->parameters()) {
    EXPECT_NE(name.find(".temporal_attentions."), std::string::npos) << name;
    EXPECT_FALSE(parameter->fixed) << name;
    EXPECT_EQ(parameter->tensor.scalar_type(), at::kFloat) << name;
    const bool adds = name.find(".proj_out.") != std::string::npos;
    EXPECT_LE(adds ? parameter->tensor.abs().max().item<double>() : 0, 0) << name;
  }
  EXPECT_EQ(task->parameters().size(), 6u * 26u);  // without two tables each
}

TEST(UnetTask, ALossDependsOnTheStepAloneAndSoDoesItsGradientUpToRounding) {
  const TestFolder folder;
  const RunPlaces places = spatial_model(folder, "a");
  const auto a = task_of(folder, temporal_recipe(""), places), b = task_of(folder, temporal_recipe(""), places);
  for (const std::int64_t step : {0, 1, 2}) a->micro_batches(step, 1).front()();
  const Loss whole = differentiate(*a, 3, 1), parts = differentiate(*b, 3, 2);
  EXPECT_NEAR(whole.value.item<double>(), parts.value.item<double>(), 1e-5);
  EXPECT_EQ(parts.samples, 2);
  const auto names = a->parameters(), others = b->parameters();
  for (std::size_t i = 0; i < names.size(); ++i) {
    const at::Tensor x = names[i].parameter->tensor.grad(), y = others[i].parameter->tensor.grad();
    ASSERT_EQ(x.defined(), y.defined()) << names[i].name;
    if (!x.defined()) continue;
    EXPECT_LT((x - y).abs().max().item<double>(), 1e-4 * (1 + x.abs().max().item<double>()));
  }
  EXPECT_NE(a->micro_batches(4, 1).front()().value.item<double>(), whole.value.item<double>());
}

TEST(UnetTask, AResumedRunEndsWithTheSameBytes) {
  const TestFolder folder;
  for (const auto& [name, recipe] : {std::pair("spatial", spatial_recipe("steps = 6\nlog_every = 1\n")),
                                     std::pair("temporal", temporal_recipe("steps = 6\nlog_every = 1\n"))}) {
    std::string ends[2];
    for (const bool stopped : {false, true}) {
      const std::string model = fmt::format("{}-{}", name, stopped);
      const RunPlaces places =
          std::string(name) == "temporal" ? spatial_model(folder, model) : image_places(folder.path(), model, "vae");
      StopAt stop(3);
      if (stopped) {
        EXPECT_THROW(run(folder, recipe, places, "run", &stop), Cancelled);
      }
      run(folder, recipe, places, "run");
      ends[stopped] = weights::folder_digest(places.model_folder);
      EXPECT_EQ(read_log(places.run_folder).size(), 6u);
    }
    EXPECT_EQ(ends[0], ends[1]) << name;
  }
}

TEST(UnetTask, AFinishedRunMayBeStartedAgain) {
  const TestFolder folder;
  const RunPlaces places = spatial_model(folder, "a");
  run(folder, temporal_recipe("steps = 2\n"), places, "temporal");
  const std::string digest = weights::folder_digest(places.model_folder);
  run(folder, temporal_recipe("steps = 2\n"), places, "temporal");
  EXPECT_EQ(weights::folder_digest(places.model_folder), digest);
}

TEST(UnetTask, PreviewsHaveTheShapeOfTheMostTrainedBucket) {
  const TestFolder folder;
  const RunPlaces places = spatial_model(folder, "a");
  const std::vector<Clip> clips = task_of(folder, temporal_recipe(""), places)->preview();
  ASSERT_EQ(clips.size(), 1u);
  EXPECT_EQ(clips[0].frames.count, 3);
  EXPECT_EQ(clips[0].frames.width, 32);
  EXPECT_EQ(clips[0].rate, (Rational{8, 1}));
}

TEST(UnetTask, AVelocityIsLearnedAndSaidInTheScheduler) {
  const TestFolder folder;
  const RunPlaces places = image_places(folder.path(), "a", "vae");
  std::string recipe = spatial_recipe("steps = 1\n");
  recipe.insert(recipe.find("step = \"spatial\""), "prediction = \"v_prediction\"\n");
  run(folder, recipe, places, "spatial");
  EXPECT_EQ(read_json(places.model_folder / "scheduler/scheduler_config.json")["prediction_type"], "v_prediction");
  const auto told = task_of(folder, temporal_recipe(""), places);  // by the scheduler
  std::string other = temporal_recipe("");
  other.insert(other.find("step = "), "prediction = \"epsilon\"\n");
  EXPECT_NE(mean_loss(*told, 2), mean_loss(*task_of(folder, other, places), 2));
}

TEST(UnetTask, LearnsFromFoldersOfFrames) {
  const TestFolder folder;
  RunPlaces places = spatial_model(folder, "a");
  for (const char* sample : {"one", "two"}) {
    fs::create_directories(folder / "data" / sample);
    for (int i = 0; i < 5; ++i)
      write_file(folder / "data" / sample / fmt::format("{}.png", i), fmt::format("90 60 {}", 50 * i));
    write_file(folder / "data" / sample / "prompt.txt", std::string("a wall, ") + sample);
  }
  std::string recipe = temporal_recipe("steps = 2\n");
  recipe.insert(recipe.find("seed = 5"), "folder = \"data\"\n");
  const std::string refused = message_of([&] { task_of(folder, recipe, places); });
  EXPECT_NE(refused.find("reads pictures"), std::string::npos) << refused;
  places.pictures = text_reader();
  const auto task = task_of(folder, recipe, places);
  for (int step = 0; step < 4; ++step) EXPECT_EQ(task->micro_batches(step, 1).front()().samples, 2);
  run(folder, recipe, places, "temporal");
  const auto hotshot = read_json(places.model_folder / "hotshot.json");
  EXPECT_EQ(hotshot["sizes"], nlohmann::json::parse("[[48, 32]]"));  // no sample was square
  EXPECT_FALSE(hotshot.contains("data"));
  write_file(folder / "data/one/prompt.txt", "a door");
  EXPECT_NE(message_of([&] { run(folder, recipe, places, "temporal"); }).find("other data"), std::string::npos);
}

TEST(UnetTask, AnotherFrozenNetworkIsOtherData) {
  const TestFolder folder;
  const RunPlaces places = spatial_model(folder, "a");
  const std::string recipe = temporal_recipe("steps = 2\n");
  const std::string digest = task_of(folder, recipe, places)->data_digest();
  run(folder, recipe, places, "temporal");
  EXPECT_EQ(task_of(folder, recipe, places)->data_digest(), digest);
  weights::TensorMap tensors = tensors_of(places, "unet");
  tensors.at("conv_in.bias") = tensors.at("conv_in.bias") + 1;
  weights::write_part(places.model_folder / "unet", "diffusion_pytorch_model", tensors);
  EXPECT_NE(task_of(folder, recipe, places)->data_digest(), digest);
}

TEST(UnetTask, TrainsInBf16OnFrozenBf16) {
  const TestFolder folder;
  const RunPlaces places = spatial_model(folder, "a");
  std::string recipe = temporal_recipe("");
  const double exact = mean_loss(*task_of(folder, recipe, places), 4);
  recipe.replace(recipe.find("\"fp32\""), 6, "\"bf16\"");
  const auto task = task_of(folder, recipe, places);
  EXPECT_NEAR(mean_loss(*task, 4), exact, 0.03 * exact);
  differentiate(*task, 0, 1);
  for (const auto& [name, parameter] : task->parameters()) {
    const at::Tensor& gradient = parameter->tensor.grad();
    EXPECT_TRUE(!gradient.defined() || gradient.isfinite().all().item<bool>()) << name;
  }
}

TEST(UnetTask, WhatDoesNotFitIsRefused) {
  const TestFolder folder;
  const RunPlaces places = spatial_model(folder, "a");
  const auto refusal = [&](std::string recipe, const std::string& from, const std::string& to) {
    recipe.replace(recipe.find(from), from.size(), to);
    return message_of([&] { task_of(folder, recipe, places); });
  };
  const auto says = [](const std::string& message, const std::string& part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  says(refusal(temporal_recipe(""), "\"temporal\"", "\"spacial\""), "spatial, temporal");
  says(refusal(temporal_recipe(""), "initial = \".\"\n", ""), "'initial'");
  says(refusal(spatial_recipe(""), "part = ", "initial = \".\"\npart = "), "both");
  says(refusal(temporal_recipe(""), "frames = 3", "frames = 1"), "2 to 24 frames");
  says(refusal(temporal_recipe(""), "frames = 3", "frames = 25"), "2 to 24 frames");
  says(refusal(spatial_recipe(""), "frames = 1", "frames = 2"), "1 to 1 frames");
  says(refusal(spatial_recipe(""), "height = 32", "height = 36"), "multiples of 8");
  says(refusal(spatial_recipe(""), "[24]", "[32]"), "cross_attention_dim 24");
  says(refusal(spatial_recipe(""), "_dim = 64", "_dim = 65"), "projection_class_embeddings_input_dim 64");
  says(refusal(temporal_recipe(""), "step = ", "prediction = \"flow\"\nstep = "), "epsilon, v_prediction");
  fs::remove(places.model_folder / "unet/diffusion_pytorch_model.safetensors");
  says(message_of([&] { task_of(folder, temporal_recipe(""), places); }), "unet");
}

}  // namespace
}  // namespace hotshot::training
