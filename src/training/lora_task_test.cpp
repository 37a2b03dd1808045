// A LoRA learns, its base stays as it is, and the file says the same as the network did in training.
#include "training/lora_task.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "model/part.h"
#include "training/image_test_support.h"
#include "weights/digest.h"
#include "weights/lora.h"
#include "weights/part.h"

namespace hotshot::training {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPet = "subject = \"pet\"\ntrigger = \"sks\"\n";

void run(const TestFolder& folder, const std::string& recipe, const RunPlaces& places, Progress* progress = nullptr) {
  write_file(folder / "run.toml", recipe);
  run_recipe(folder / "run.toml", places, {}, progress);
}

/// Answers of a UNet to the same question.
at::Tensor answer(const model::Unet& unet) {
  const at::NoGradGuard no_grad;
  const at::Tensor latents = normal_tensor({2, 4, 1, 4, 4}, 1, "latents");
  const model::UnetContext context{.text_bsd = normal_tensor({2, 7, 56}, 1, "text"),
                                   .pooled_bd = normal_tensor({2, 32}, 1, "pooled"),
                                   .size_ids_bk = at::full({2, 6}, 32.0),
                                   .guidance_b = {}};
  return unet(latents, at::tensor({10.0, 700.0}, at::kFloat), context);
}

TEST(LoraTask, TheFileMergedIntoTheBaseAnswersAsTheNetworkInTraining) {
  for (const char* feed_forward : {"", "feed_forward = true\n"}) {
    const TestFolder folder;
    const RunPlaces places = image_places(folder.path(), "a", "");
    const std::string base = weights::folder_digest(places.model_folder);
    const std::string recipe = lora_recipe(std::string(kPet) + feed_forward, "steps = 25\n");
    write_file(folder / "r.toml", recipe);
    const Recipe read = read_recipe(folder / "r.toml");
    const auto task = read.make_task(places, at::kCPU);
    const auto& lora_task = dynamic_cast<const LoraTask&>(*task);
    const at::Tensor untrained = answer(lora_task.network());
    const double before = mean_loss(*task);
    OptimizerOptions optimizer = read.optimizer;
    optimizer.ema = 0;  // what the network holds at the end is what the file gets
    train(*task, read.loop, optimizer, places.run_folder, places.model_folder, "digest", {}, nullptr);
    EXPECT_LT(mean_loss(*task), 0.95 * before);
    EXPECT_EQ(weights::folder_digest(places.model_folder), base);

    const at::Tensor trained = answer(lora_task.network());
    EXPECT_GT((trained - untrained).abs().max().item<double>(), 1e-2 * untrained.abs().max().item<double>());
    const weights::Lora lora = weights::read_lora(places.run_folder / "my-pet.safetensors");
    EXPECT_EQ(lora.naming, "kohya");
    weights::TensorMap tensors = weights::read_part(places.model_folder / "unet");
    for (auto& [name, tensor] : tensors) tensor = tensor.to(at::kFloat);
    const weights::LoraUse use{.lora = &lora};
    const auto reports = weights::merge_loras("unet", tensors, {&use, 1});
    EXPECT_TRUE(reports[0].unmatched.empty());
    EXPECT_EQ(reports[0].merged, static_cast<int>(task->parameters().size()) / 2);

    const auto path = places.model_folder / "unet/config.json";
    model::Unet merged(model::UnetConfig::from_json(read_json(path), path.string()));
    for (const auto& [name, parameter] : merged.parameters()) parameter->tensor = tensors.at(name);
    EXPECT_LT((answer(merged) - trained).abs().max().item<double>(), 2e-3 * trained.abs().max().item<double>());
  }
}

TEST(LoraTask, OnlyThinMatricesLearnAndTheyStartAtNothing) {
  const TestFolder folder;
  const RunPlaces places = image_places(folder.path(), "a", "");
  const auto task = task_of(folder, lora_recipe(kPet, ""), places);
  const auto& unet = dynamic_cast<const LoraTask&>(*task).network();
  for (const auto& [name, parameter] : task->parameters()) {
    const bool up = name.ends_with(".lora_up.weight");
    EXPECT_TRUE(up || name.ends_with(".lora_down.weight")) << name;
    EXPECT_EQ(parameter->tensor.abs().max().item<double>() == 0, up) << name;
    EXPECT_EQ(name.find(".ff."), std::string::npos) << name;
  }
  // Two attentions of four layers in each of eight transformer blocks, two matrices each.
  EXPECT_EQ(task->parameters().size(), 8u * 2u * 4u * 2u);
  const auto path = places.model_folder / "unet/config.json";
  model::Unet base(model::UnetConfig::from_json(read_json(path), path.string()));
  model::load_parameters(base, places.model_folder / "unet");
  EXPECT_TRUE(answer(unet).equal(answer(base)));
}

TEST(LoraTask, APersonNeedsAStatementWhichIsKept) {
  const TestFolder folder;
  const RunPlaces places = image_places(folder.path(), "a", "");
  for (const char* consent : {"", "consent = \"\"\n", "consent = \" \\n\\t\"\n"}) {
    write_file(folder / "r.toml", lora_recipe(std::string("subject = \"person\"\n") + consent, ""));
    const std::string message = message_of([&] { read_recipe(folder / "r.toml"); });
    EXPECT_NE(message.find("the person agrees"), std::string::npos) << message;
  }
  const std::string statement = "I, Ada, agree to pictures of me. 2026-11-25";
  run(folder, lora_recipe("subject = \"person\"\nconsent = \"" + statement + "\"\n", "steps = 1\n"), places);
  const weights::Metadata metadata = weights::read_safetensors(places.run_folder / "my-pet.safetensors").metadata;
  EXPECT_EQ(metadata.at("hotshot.consent"), statement);
  EXPECT_EQ(metadata.at("ss_network_dim"), "4");
  EXPECT_EQ(metadata.at("ss_network_alpha"), "2");
  EXPECT_EQ(metadata.at("modelspec.title"), "my-pet");
}

TEST(LoraTask, WhatDoesNotFitIsRefused) {
  const TestFolder folder;
  const RunPlaces places = image_places(folder.path(), "a", "");
  const auto refusal = [&](std::string recipe, const std::string& from, const std::string& to) {
    recipe.replace(recipe.find(from), from.size(), to);
    return message_of([&] { task_of(folder, recipe, places); });
  };
  const auto says = [](const std::string& message, const std::string& part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  says(refusal(lora_recipe(kPet, ""), "\"pet\"", "\"car\""), "person, pet, style");
  says(refusal(lora_recipe(kPet, ""), "subject = \"pet\"\n", ""), "person, pet, style");
  says(refusal(lora_recipe(kPet, ""), "my-pet", "../my-pet"), "lora name");
  says(refusal(lora_recipe(kPet, ""), "clips = 4", "clips = 3"), "at least 4 pictures");
  says(refusal(lora_recipe(kPet, ""), "frames = 1", "frames = 8"), "single pictures");
  says(refusal(lora_recipe(kPet, ""), "rank = 4", "rank = 0"), "rank");
}

TEST(LoraTask, AResumedRunWritesTheSameBytes) {
  const TestFolder folder;
  const std::string recipe = lora_recipe(kPet, "steps = 6\n");
  const RunPlaces whole = image_places(folder.path(), "whole", ""), parts = image_places(folder.path(), "parts", "");
  run(folder, recipe, whole);
  StopAt stop(3);
  EXPECT_THROW(run(folder, recipe, parts, &stop), Cancelled);
  EXPECT_FALSE(fs::exists(parts.run_folder / "my-pet.safetensors"));
  run(folder, recipe, parts);
  EXPECT_EQ(sha256_file(whole.run_folder / "my-pet.safetensors"), sha256_file(parts.run_folder / "my-pet.safetensors"));
}

TEST(LoraTask, TheModelMakesPicturesOfTheClassBeforehand) {
  const TestFolder folder;
  const RunPlaces places = image_places(folder.path(), "a", "");
  const std::string prior = std::string(kPet) + "[prior]\nprompt = \"a dog\"\npictures = 5\nweight = 0.5\n";
  const auto task = task_of(folder, lora_recipe(prior, ""), places);
  const auto latents = [&] {
    std::map<std::string, fs::file_time_type> files;
    for (const auto& entry : fs::recursive_directory_iterator(places.latent_folder)) {
      if (entry.is_regular_file()) files[entry.path()] = entry.last_write_time();
    }
    return files;
  };
  const auto made = latents();
  ASSERT_EQ(made.size(), 1u);  // those of the subject come when they are asked for
  const at::Tensor pictures = weights::read_safetensors(made.begin()->first).tensors.at("latents");
  EXPECT_EQ(pictures.sizes(), (std::vector<std::int64_t>{5, 4, 1, 4, 4}));
  EXPECT_FALSE(pictures[0].equal(pictures[1]));
  const Loss loss = task->micro_batches(0, 1).front()();
  EXPECT_EQ(loss.samples, 6);  // three of each
  EXPECT_EQ(task_of(folder, lora_recipe(prior, ""), places)->data_digest(), task->data_digest());
  EXPECT_EQ(latents().at(made.begin()->first), made.begin()->second);  // not made again
  EXPECT_NE(task_of(folder, lora_recipe(kPet, ""), places)->data_digest(), task->data_digest());
}

TEST(LoraTask, OneTextTowerWillDo) {
  const TestFolder folder;
  const RunPlaces places{folder / "run", folder / "model", folder / "latents", {}};
  fs::copy(kGolden / "pipeline-sd", places.model_folder, fs::copy_options::recursive);
  run(folder, lora_recipe(kPet, "steps = 2\n"), places);
  const weights::Lora lora = weights::read_lora(places.run_folder / "my-pet.safetensors");
  weights::TensorMap tensors = weights::read_part(places.model_folder / "unet");
  const weights::LoraUse use{.lora = &lora};
  EXPECT_GT(weights::merge_loras("unet", tensors, {&use, 1})[0].merged, 0);
}

TEST(LoraTask, LearnsFromAFolderOfPictures) {
  const TestFolder folder;
  RunPlaces places = image_places(folder.path(), "a", "");
  places.pictures = text_reader();
  for (const char* set : {"mine", "class"}) {
    fs::create_directories(folder / set);
    for (int i = 0; i < 4; ++i) write_file(folder / set / fmt::format("{}.png", i), fmt::format("60 60 {}", 60 * i));
  }
  const std::string prior = "[prior]\nprompt = \"a dog\"\nfolder = \"class\"\n";
  std::string recipe = lora_recipe(std::string(kPet) + "prompt = \"sks dog\"\n" + prior, "steps = 2\n");
  recipe.insert(recipe.find("seed = 9"), "folder = \"mine\"\n");
  EXPECT_EQ(task_of(folder, recipe, places)->micro_batches(0, 1).front()().samples, 6);
  run(folder, recipe, places);
  EXPECT_TRUE(fs::exists(places.run_folder / "my-pet.safetensors"));
  fs::remove(folder / "mine/3.png");
  EXPECT_NE(message_of([&] { task_of(folder, recipe, places); }).find("at least 4 pictures"), std::string::npos);
}

TEST(LoraTask, TheClassWeighsAsItIsTold) {
  const TestFolder folder;
  const RunPlaces places = image_places(folder.path(), "a", "");
  const auto loss = [&](const std::string& prior) {
    const auto task = task_of(folder, lora_recipe(kPet + prior, ""), places);
    return task->micro_batches(0, 1).front()().value.item<double>();
  };
  const auto weighed = [](double weight) {
    return fmt::format("[prior]\nprompt = \"a dog\"\npictures = 2\nweight = {}\n", weight);
  };
  const double none = loss(weighed(0)), one = loss(weighed(1)), three = loss(weighed(3));
  EXPECT_GT(one, none);
  EXPECT_NEAR(three - none, 3 * (one - none), 1e-4 * three);
}

}  // namespace
}  // namespace hotshot::training
