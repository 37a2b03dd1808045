// The two tasks learn, and the loop keeps its books.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/options.h"
#include "data/batch.h"
#include "diffusion/density.h"
#include "model/part.h"
#include "training/autoencoder_task.h"
#include "training/caption_task.h"
#include "training/test_support.h"
#include "training/transformer_task.h"
#include "weights/part.h"

namespace hotshot::training {
namespace {

Loss loss_of(Task& task, std::int64_t step) { return task.micro_batches(step, 1).front()(); }

double mean_loss(const std::vector<LogRow>& log, std::size_t begin, std::size_t end) {
  double sum = 0;
  for (std::size_t i = begin; i < end; ++i) sum += log[i].loss;
  return sum / static_cast<double>(end - begin);
}

data::WorldSource source() { return {.seed = 5}; }

constexpr std::uint64_t kTaskSeed = 9;

model::WanVaeConfig tiny_vae() {
  model::WanVaeConfig config;
  config.base_dim = 8, config.z_dim = 4, config.dim_mult = {1, 2, 2}, config.num_res_blocks = 1;
  config.temperal_downsample = {true, true}, config.in_channels = config.out_channels = 12;
  config.patch_size = 2, config.is_residual = true;
  return config;
}

AutoencoderOptions tiny_pieces() {
  AutoencoderOptions options;
  options.frames = 5, options.size = options.picture_size = options.clip_size = 32;
  options.batch = 1, options.picture_batch = 2, options.statistics_clips = 2;
  return options;
}

model::Umt5Config tiny_text() {
  model::Umt5Config text;
  text.vocab_size = 400, text.d_model = 16, text.d_kv = 8, text.d_ff = 32, text.num_layers = 1, text.num_heads = 2;
  return text;
}

/// A transformer task with pictures and clips over a fresh autoencoder.
std::unique_ptr<TransformerTask> tiny_transformer(const TestFolder& folder, double caption_dropout,
                                                  std::vector<data::Bucket> buckets, double subject_weight = 0,
                                                  double continuation_share = 0,
                                                  const std::filesystem::path& initial_text = {}) {
  const RunPlaces places = places_in(folder.path(), "task");
  if (!std::filesystem::exists(places.model_folder / "vae")) {
    AutoencoderTask(tiny_vae(), tiny_pieces(), source(), 1, at::kCPU).export_parts(places.model_folder);
  }
  model::WanTransformerConfig config;
  config.num_attention_heads = 2, config.attention_head_dim = 12, config.in_channels = config.out_channels = 4;
  config.text_dim = config.freq_dim = 16, config.ffn_dim = 32, config.num_layers = 1;
  TransformerOptions options;
  options.captions.caption_dropout = caption_dropout, options.subject_weight = subject_weight;
  options.continuation_share = continuation_share;
  options.preview_steps = 2, options.preview_prompts = {"a red car", ""};
  return std::make_unique<TransformerTask>(
      config, tiny_text(), options, diffusion::DensityOptions{}, std::move(buckets), source(),
      TransformerInputs{places.model_folder, places.latent_folder, {}, initial_text}, kTaskSeed, at::kCPU);
}

data::Bucket bucket(int frames, int size, int batch, int clips, double share = 1) {
  return {.frames = frames, .height = size, .width = size, .batch = batch, .share = share, .clips = clips};
}

TEST(TransformerTask, StartsFromATextEncoderThatLearnedBefore) {
  const TestFolder folder, learned;
  const RunPlaces places = places_in(folder.path(), "task");
  CaptionTask captions(tiny_text(), {.batch = 2, .dtype = "fp32"}, source(), places.model_folder, {}, /*seed=*/77,
                       at::kCPU);
  captions.export_parts(learned.path());
  const auto fresh = tiny_transformer(folder, 0, {bucket(1, 16, 2, 4)});
  const auto task = tiny_transformer(folder, 0, {bucket(1, 16, 2, 4)}, 0, 0, learned.path());
  std::map<std::string, at::Tensor> taught;
  for (const auto& [name, parameter] : captions.parameters()) taught[name] = parameter->tensor.detach();
  const auto of_fresh = fresh->parameters(), of_task = task->parameters();
  ASSERT_EQ(of_task.size(), of_fresh.size());
  for (std::size_t i = 0; i < of_task.size(); ++i) {
    const std::string& name = of_task[i].name;
    const at::Tensor here = of_task[i].parameter->tensor.detach();
    const at::Tensor expected =
        name.starts_with("text_encoder.") ? taught.at(name) : of_fresh[i].parameter->tensor.detach();
    EXPECT_TRUE(at::allclose(here, expected, 1e-2, 1e-3)) << name;  // written as bf16
  }
}

TEST(AutoencoderTask, LossGoesDown) {
  const TestFolder folder;
  write_file(folder / "r.toml", autoencoder_recipe("steps = 40\nlog_every = 1\n"));
  const RunPlaces places = places_in(folder.path(), "a");
  run_recipe(folder / "r.toml", places);
  const auto log = read_log(places.run_folder);
  ASSERT_EQ(log.size(), 40u);
  EXPECT_LT(mean_loss(log, 32, 40), 0.8 * mean_loss(log, 0, 8));
  // What was exported can be trained further and used.
  std::string again = autoencoder_recipe("steps = 1\n");
  again = fmt::format("initial = \"{}\"\n", places.model_folder.string()) + again;
  write_file(folder / "again.toml", again);
  const RunPlaces other = places_in(folder.path(), "b");
  run_recipe(folder / "again.toml", other);
  EXPECT_LT(read_log(other.run_folder)[0].loss, mean_loss(log, 0, 8));
}

TEST(AutoencoderTask, ADecoderAloneLeavesTheLatentsAsTheyAre) {
  const TestFolder folder;
  const RunPlaces first = places_in(folder.path(), "first"), second = places_in(folder.path(), "second");
  AutoencoderTask(tiny_vae(), tiny_pieces(), source(), 1, at::kCPU).export_parts(first.model_folder);
  std::string recipe = autoencoder_recipe("steps = 30\nlog_every = 1\n");
  recipe = fmt::format("initial = \"{}\"\n", first.model_folder.string()) + recipe;
  recipe.replace(recipe.find("[autoencoder]"), 13, "[autoencoder]\ndecoder_alone = true");
  recipe.replace(recipe.find("seed = 5"), 8, "seed = 6");  // of other clips, whose statistics would differ
  write_file(folder / "decoder.toml", recipe);
  run_recipe(folder / "decoder.toml", second);
  const auto before = weights::read_part(first.model_folder / "vae");
  const auto after = weights::read_part(second.model_folder / "vae");
  ASSERT_EQ(before.size(), after.size());
  for (const auto& [name, tensor] : before) {
    const bool decodes = name.starts_with("decoder.") || name.starts_with("post_quant_conv.");
    EXPECT_TRUE(decodes || after.at(name).equal(tensor)) << name;
  }
  EXPECT_FALSE(after.at("decoder.conv_out.weight").equal(before.at("decoder.conv_out.weight")));
  const auto config = [](const RunPlaces& places) { return read_json(places.model_folder / "vae" / "config.json"); };
  EXPECT_EQ(config(first).at("latents_mean"), config(second).at("latents_mean"));
  EXPECT_EQ(config(first).at("latents_std"), config(second).at("latents_std"));
  const auto log = read_log(second.run_folder);
  EXPECT_LT(mean_loss(log, 24, 30), mean_loss(log, 0, 6));
}

TEST(AutoencoderTask, ADecoderAloneNeedsAnAutoencoder) {
  AutoencoderOptions options = tiny_pieces();
  options.decoder_alone = true;
  EXPECT_THROW(AutoencoderTask(tiny_vae(), options, source(), 3, at::kCPU), InvalidArgument);
}

TEST(AutoencoderTask, ALossDependsOnTheStepAlone) {
  AutoencoderTask a(tiny_vae(), tiny_pieces(), source(), 3, at::kCPU),
      b(tiny_vae(), tiny_pieces(), source(), 3, at::kCPU);
  const double third = loss_of(b, 3).value.item<double>();
  for (const std::int64_t step : {0, 1, 2}) loss_of(a, step);
  EXPECT_EQ(loss_of(a, 3).value.item<double>(), third);
  EXPECT_NE(loss_of(a, 4).value.item<double>(), third);
}

TEST(AutoencoderTask, PicturesHaveTheirShareOfTheSteps) {
  AutoencoderOptions options = tiny_pieces();
  options.picture_share = 0.5;
  AutoencoderTask task(tiny_vae(), options, source(), 3, at::kCPU);
  std::int64_t pictures = 0;
  for (std::int64_t step = 0; step < 20; ++step) {
    const Loss loss = loss_of(task, step);
    pictures += loss.extra.contains("psnr_picture");
    EXPECT_EQ(loss.samples, loss.extra.contains("psnr_picture") ? 2 : 1) << step;
  }
  EXPECT_GT(pictures, 3);
  EXPECT_LT(pictures, 17);
}

// What pictures teach holds for clips: before any step, a still clip becomes the frames its picture becomes.
TEST(AutoencoderTask, AFreshAutoencoderTreatsFramesAsPictures) {
  const at::NoGradGuard no_grad;
  const TestFolder folder;
  model::WanVaeConfig config = tiny_vae();
  config.is_residual = false;
  AutoencoderTask(config, tiny_pieces(), source(), 3, at::kCPU).export_parts(folder.path());
  model::WanVae vae(config);
  model::load_parameters(vae, folder / "vae");
  vae.to(at::kCPU, at::kFloat);
  const at::Tensor picture = data::to_video({source().clip(0, 1, 32, 32)});
  const at::Tensor once = vae.decode(vae.encode(picture).mean);
  const at::Tensor clip = vae.decode(vae.encode(picture.repeat({1, 1, 9, 1, 1})).mean);
  ASSERT_EQ(clip.size(2), 9);
  EXPECT_GT(once.std().item<double>(), 1e-2);
  for (std::int64_t t = 0; t < 9; ++t) {
    EXPECT_LT((clip.narrow(2, t, 1) - once).abs().max().item<double>(), 1e-4) << t;
  }
}

// The error of halved latents is added, with its weight, and goes down beside the other.
TEST(AutoencoderTask, LatentsMayShrinkAsPicturesDo) {
  const TestFolder folder;
  AutoencoderOptions options = tiny_pieces();
  AutoencoderTask plain(tiny_vae(), options, source(), 3, at::kCPU);
  options.scale_weight = 0.5;
  AutoencoderTask task(tiny_vae(), options, source(), 3, at::kCPU);
  EXPECT_FALSE(loss_of(plain, 0).extra.contains("loss_halved"));
  const Loss loss = loss_of(task, 0);
  EXPECT_NEAR(loss.value.item<double>(), loss_of(plain, 0).value.item<double>() + 0.5 * loss.extra.at("loss_halved"),
              1e-5);
  train(task, {.steps = 40, .log_every = 1}, {.learning_rate = 2e-3, .muon_rate = 3e-3, .warmup = 4}, folder / "run",
        folder / "model", "d", {}, nullptr);
  const auto log = read_log(folder / "run");
  const auto mean = [&](std::size_t begin, std::size_t end) {
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) sum += log[i].extra.at("loss_halved");
    return sum / static_cast<double>(end - begin);
  };
  EXPECT_LT(mean(32, 40), 0.85 * mean(0, 8));
  options.size = 24;
  EXPECT_NE(message_of([&] { AutoencoderTask(tiny_vae(), options, source(), 3, at::kCPU); }).find("multiples of 16"),
            std::string::npos);
}

TEST(AutoencoderTask, PreviewsShowClipsAboveTheirReconstructions) {
  AutoencoderTask task(tiny_vae(), tiny_pieces(), source(), 3, at::kCPU);
  const std::vector<Clip> clips = task.preview();
  ASSERT_EQ(clips.size(), 8u);
  for (const Clip& clip : clips) {
    EXPECT_EQ(clip.frames.count, 25);
    EXPECT_EQ(clip.frames.width, 32);
    EXPECT_EQ(clip.frames.height, 32);
    EXPECT_EQ(clip.rate, (Rational{8, 1}));
  }
  const data::WorldSource held_out{987654321, world::Split::held_out, {8, 1}};
  EXPECT_EQ(clips[0].frames.pixels, held_out.clip(0, 25, 32, 32).pixels);
  EXPECT_NE(clips[0].frames.pixels, clips[1].frames.pixels);
}

TEST(TransformerTask, LossGoesDown) {
  const TestFolder folder;
  const auto task = tiny_transformer(folder, 0.1, {bucket(1, 32, 16, 1), bucket(5, 32, 4, 1)});
  const OptimizerOptions options{.learning_rate = 1e-2, .warmup = 5};
  train(*task, {.steps = 60, .log_every = 1}, options, folder / "run", folder / "model", "digest", {}, nullptr);
  const auto log = read_log(folder / "run");
  ASSERT_EQ(log.size(), 60u);
  EXPECT_LT(mean_loss(log, 45, 60), 0.8 * mean_loss(log, 0, 8));
  for (const char* file : {"model_index.json", "hotshot.json", "scheduler/scheduler_config.json",
                           "transformer/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors"}) {
    EXPECT_TRUE(std::filesystem::exists(folder / "model" / file)) << file;
  }
}

TEST(TransformerTask, ErrorsWhereTheActorsAreWeighMore) {
  const TestFolder folder;
  const data::Bucket clip = bucket(5, 32, 1, 1);
  const auto loss = [&](double weight) {
    const auto task = tiny_transformer(folder, 0, {clip}, weight);
    return loss_of(*task, 0).value.item<double>();
  };
  const double cover = data::latent_cover(source().covers(0, 1, 5, 32, 32), 4, 8).mean().item<double>();
  ASSERT_GT(cover, 0.01);
  // (mean error + w · mean of cover · error) / (1 + w · mean cover): two weights tell the third.
  const double sigma = diffusion::sample_sigmas({}, kTaskSeed, 0, 0, 1).item<double>();
  const double w2 = 2 * (1 - sigma) * (1 - sigma), w7 = 7 * (1 - sigma) * (1 - sigma);
  const double plain = loss(0), covered = (loss(2) * (1 + w2 * cover) - plain) / w2;
  EXPECT_GT(covered, 0);
  EXPECT_NEAR(loss(7), (plain + w7 * covered) / (1 + w7 * cover), 1e-3 * plain);
}

TEST(TransformerTask, PreviewsShowEachPromptAtTheLongestBucket) {
  const TestFolder folder;
  const auto task = tiny_transformer(folder, 0.1, {bucket(1, 64, 1, 1), bucket(5, 32, 1, 1)});
  at::NoGradGuard no_grad;
  for (const auto& [name, p] : task->parameters()) p->tensor.copy_(normal_tensor(p->tensor.sizes(), 1, name) * 0.2);
  const std::vector<Clip> clips = task->preview();
  ASSERT_EQ(clips.size(), 2u);
  for (const Clip& clip : clips) {
    EXPECT_EQ(clip.frames.count, 5);
    EXPECT_EQ(clip.frames.width, 32);
  }
  EXPECT_NE(clips[0].frames.pixels, clips[1].frames.pixels);
  EXPECT_EQ(task->preview()[0].frames.pixels, clips[0].frames.pixels);
}

/// Share of steps whose only caption is empty: then no embedding but that of </s> has a gradient.
double dropped_share(TransformerTask& task, int steps) {
  nn::Parameter* embedding = nullptr;
  {
    at::NoGradGuard no_grad;
    for (const auto& [name, p] : task.parameters()) {
      p->tensor.copy_(normal_tensor(p->tensor.sizes(), 1, name) * 0.3);
      if (name == "text_encoder.shared.weight") embedding = p;
    }
  }
  int dropped = 0;
  for (int step = 0; step < steps; ++step) {
    loss_of(task, step).value.backward();
    const at::Tensor used = embedding->tensor.grad().abs().sum(1) > 0;
    EXPECT_TRUE(used[1].item<bool>());  // </s>
    dropped += used.sum().item<int>() == 1;
    for (const auto& [name, p] : task.parameters()) p->tensor.mutable_grad() = at::Tensor();
  }
  return static_cast<double>(dropped) / steps;
}

TEST(TransformerTask, CaptionsAreDroppedAtTheirShare) {
  const TestFolder folder;
  const std::vector<data::Bucket> pictures{bucket(1, 16, 1, 4)};
  EXPECT_EQ(dropped_share(*tiny_transformer(folder, 0, pictures), 20), 0);
  EXPECT_EQ(dropped_share(*tiny_transformer(folder, 1, pictures), 20), 1);
  EXPECT_NEAR(dropped_share(*tiny_transformer(folder, 0.3, pictures), 200), 0.3, 4 * std::sqrt(0.3 * 0.7 / 200));
}

TEST(TransformerTask, BucketsOffTheGridAreRefused) {
  const TestFolder folder;
  const auto making = [&](const data::Bucket& b) { return message_of([&] { tiny_transformer(folder, 0, {b}); }); };
  EXPECT_NE(making(bucket(6, 32, 1, 1)).find("4k+1 frames but got 6"), std::string::npos);
  EXPECT_NE(making(bucket(5, 24, 1, 1)).find("multiples of 16x16 but got 24x24"), std::string::npos);
  EXPECT_NE(message_of([&] { tiny_transformer(folder, 0, {}); }).find("a bucket of whole clips"), std::string::npos);
}

/// The gradients of step 0 in one row; the parameters are made random first, so that all matter.
at::Tensor gradients_of(Task& task, int micro_batches, int threads) {
  {
    at::NoGradGuard no_grad;
    for (const auto& [name, p] : task.parameters()) p->tensor.copy_(normal_tensor(p->tensor.sizes(), 1, name) * 0.2);
  }
  const int before = at::get_num_threads();
  at::set_num_threads(threads);
  differentiate(task, 0, micro_batches);
  at::set_num_threads(before);
  std::vector<at::Tensor> rows;
  for (const auto& [name, p] : task.parameters()) {
    const at::Tensor gradient = p->tensor.grad();
    rows.push_back(gradient.defined() ? gradient.flatten() : at::zeros({p->tensor.numel()}));
    p->tensor.mutable_grad() = at::Tensor();
  }
  return at::cat(rows);
}

void expect_same_gradients_in_micro_batches(Task& task) {
  const at::Tensor whole = gradients_of(task, 1, 2), parts = gradients_of(task, 3, 2);
  EXPECT_LT((whole - parts).norm().item<double>(), 0.03 * whole.norm().item<double>());  // bf16 sums
}

TEST(Differentiate, MicroBatchesOfTheTransformerGiveTheBatchesGradient) {
  const TestFolder folder;
  expect_same_gradients_in_micro_batches(*tiny_transformer(folder, 0.1, {bucket(5, 32, 7, 7)}, 3));
}

TEST(Differentiate, ABatchIsCutIntoNearlyEqualParts) {
  const auto cuts = [](std::int64_t batch, int count) {
    std::vector<std::int64_t> ends;
    cut_batch(batch, count, [&](std::int64_t first, std::int64_t last) {
      EXPECT_EQ(first, ends.empty() ? 0 : ends.back());
      ends.push_back(last);
      return [] { return Loss{}; };
    });
    return ends;
  };
  EXPECT_EQ(cuts(7, 3), (std::vector<std::int64_t>{2, 4, 7}));
  EXPECT_EQ(cuts(2, 5), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(cuts(9, 1), (std::vector<std::int64_t>{9}));
}

/// Fits one number; a step may have a loss that is not a number.
class NumberTask : public Task {
 public:
  explicit NumberTask(std::int64_t bad_step) : bad_step_(bad_step) { parameters_.add("x", at::full({1}, 4.0)); }
  std::vector<nn::NamedParameter> parameters() override { return parameters_.named(); }
  MicroBatches micro_batches(std::int64_t step, int) override {
    seen.push_back(step);
    return {[this, step] { return loss(step); }};
  }
  Loss loss(std::int64_t step) {
    at::Tensor value = parameters_.named()[0].parameter->tensor.square().sum();
    if (step == bad_step_) value = value * std::numeric_limits<float>::quiet_NaN();
    return {value, 2, {{"extra", step == bad_step_ ? std::numeric_limits<double>::infinity() : 0.5}}};
  }
  std::vector<Clip> preview() override { return {Clip{Frames(1, 1, 1), {8, 1}}}; }
  void export_parts(const std::filesystem::path& folder) override {
    std::filesystem::create_directories(folder);
    write_file(folder / "x", fmt::format("{}", parameters_.named()[0].parameter->tensor.item<float>()));
  }

  std::vector<std::int64_t> seen;

 private:
  std::int64_t bad_step_;
  TestParameters parameters_;
};

TEST(Loop, AStepWithoutANumberIsPassedOverAndTheLogStaysReadable) {
  const TestFolder folder;
  NumberTask task(3);
  const OptimizerOptions options{.learning_rate = 0.1, .warmup = 0};
  std::vector<std::int64_t> previews;
  const LoopHooks hooks{.on_log = [&](const LogRow&) { read_log(folder / "run"); },  // as the curve does
                        .on_preview =
                            [&](std::int64_t step, const std::vector<Clip>& c) {
                              EXPECT_EQ(c.size(), 1u);
                              previews.push_back(step);
                            }};
  train(task, {.steps = 9, .log_every = 2, .preview_every = 4}, options, folder / "run", folder / "model", "d", hooks,
        nullptr);
  const auto log = read_log(folder / "run");
  ASSERT_EQ(log.size(), 5u);
  EXPECT_EQ(log[0].step, 2);
  EXPECT_TRUE(std::isnan(log[1].loss));
  EXPECT_TRUE(std::isnan(log[1].gradient_norm));
  EXPECT_EQ(log[4].step, 9);
  EXPECT_LT(log[4].loss, log[0].loss);
  EXPECT_EQ(log[4].extra.at("extra"), 0.5);
  EXPECT_EQ(previews, (std::vector<std::int64_t>{4, 8}));
  EXPECT_LT(std::stod(read_file(folder / "model" / "x")), 4.0);  // the averaged weight, a number
}

TEST(Loop, AFinishedRunOnlyExportsAgain) {
  const TestFolder folder;
  NumberTask first(-1), second(-1);
  const OptimizerOptions options{.warmup = 0};
  train(first, {.steps = 3}, options, folder / "run", folder / "model", "d", {}, nullptr);
  const std::string exported = read_file(folder / "model" / "x");
  std::filesystem::remove_all(folder / "model");
  train(second, {.steps = 3}, options, folder / "run", folder / "model", "d", {}, nullptr);
  EXPECT_TRUE(second.seen.empty());
  EXPECT_EQ(read_file(folder / "model" / "x"), exported);
}

// Given frames have neither noise nor an error of their own: what the network says of them does not matter, what it
// says of the others does.
TEST(TransformerTask, StepsThatGiveTheBeginningCountTheRest) {
  const TestFolder folder;
  const auto with_share = [&](double share) {
    auto task = tiny_transformer(folder, 0, {bucket(9, 32, 3, 4)}, 0, share);
    const at::NoGradGuard no_grad;
    for (const auto& [name, p] : task->parameters()) p->tensor.copy_(normal_tensor(p->tensor.sizes(), 1, name) * 0.1);
    return task;
  };
  const auto never = with_share(0), always = with_share(1);
  const Loss plain = loss_of(*never, 0), continued = loss_of(*always, 0);
  EXPECT_TRUE(plain.extra.contains("loss_clip"));
  EXPECT_TRUE(continued.extra.contains("loss_continued"));
  EXPECT_NE(plain.value.item<double>(), continued.value.item<double>());
  EXPECT_EQ(loss_of(*always, 0).value.item<double>(), continued.value.item<double>());
  int steps = 0;
  const auto half = with_share(0.5);
  for (int step = 0; step < 40; ++step) steps += loss_of(*half, step).extra.contains("loss_continued");
  EXPECT_GT(steps, 8);
  EXPECT_LT(steps, 32);
  // A picture has no rest.
  const auto pictures = tiny_transformer(folder, 0, {bucket(1, 32, 3, 4)}, 0, 1);
  EXPECT_TRUE(loss_of(*pictures, 0).extra.contains("loss_picture"));
  always->export_parts(folder / "to");
  EXPECT_EQ(read_json(folder / "to" / "model_index.json")["expand_timesteps"], true);
}

// A window sees less than the clip, around the actors; what it learned is exported for whole clips alone.
TEST(TransformerTask, WindowsShowPartOfAClip) {
  const TestFolder folder;
  data::Bucket window = bucket(5, 64, 3, 4, 1);
  window.window = 32;
  data::Bucket whole = bucket(5, 32, 1, 2, 1e-9);
  const auto task = tiny_transformer(folder, 0, {window, whole});
  const Loss loss = loss_of(*task, 0);
  EXPECT_EQ(loss.samples, 3);
  EXPECT_TRUE(std::isfinite(loss.value.item<double>()));
  EXPECT_EQ(loss_of(*task, 0).value.item<double>(), loss.value.item<double>());
  for (const Clip& clip : task->preview()) EXPECT_EQ(clip.frames.width, 32);
  const auto refused = [&](int side) {
    data::Bucket bad = window;
    bad.window = side;
    return message_of([&] { tiny_transformer(folder, 0, {bad, whole}); });
  };
  EXPECT_NE(refused(20).find("window"), std::string::npos);
  EXPECT_NE(refused(96).find("window"), std::string::npos);
  EXPECT_NE(message_of([&] { tiny_transformer(folder, 0, {window}); }).find("whole clips"), std::string::npos);
}

}  // namespace
}  // namespace hotshot::training
