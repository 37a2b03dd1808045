#include "training/picture_autoencoder_task.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "training/image_test_support.h"
#include "training/picture_latents.h"
#include "weights/digest.h"

namespace hotshot::training {
namespace {

std::string recipe(const std::string& loop) {
  return R"(part = "picture-autoencoder"
model = "tiny"
[vae]
block_out_channels = [8, 8]
down_block_types = ["DownEncoderBlock2D", "DownEncoderBlock2D"]
up_block_types = ["UpDecoderBlock2D", "UpDecoderBlock2D"]
norm_num_groups = 4
[autoencoder]
size = 16
picture_size = 32
batch = 4
statistics_pictures = 8
dtype = "fp32"
[optimizer]
learning_rate = 3e-3
muon_rate = 3e-3
warmup = 4
[loop]
seed = 3
)" + loop;
}

RunPlaces places_of(const TestFolder& folder, const std::string& name) {
  return {folder / name / "run", folder / name / "model", folder / name / "latents", {}};
}

TEST(PictureAutoencoderTask, LearnsAndItsLatentsHaveUnitDeviation) {
  const TestFolder folder;
  const RunPlaces places = places_of(folder, "a");
  write_file(folder / "r.toml", recipe("steps = 50\nlog_every = 1\n"));
  run_recipe(folder / "r.toml", places);
  const auto log = read_log(places.run_folder);
  ASSERT_EQ(log.size(), 50u);
  double first = 0, last = 0;
  for (std::size_t i = 0; i < 8; ++i) first += log[i].loss, last += log[42 + i].loss;
  EXPECT_LT(last, 0.8 * first);

  const auto json = read_json(places.model_folder / "vae/config.json");
  EXPECT_EQ(json["_class_name"], "AutoencoderKL");
  const PictureCodec codec(places.model_folder, at::kCPU, at::kFloat);
  const at::Tensor latents = codec.encode(data::WorldSource{.seed = 1}.clips(0, 8, 1, 32, 32));
  EXPECT_EQ(latents.sizes(), (std::vector<std::int64_t>{8, 4, 1, 16, 16}));
  EXPECT_NEAR(latents.std().item<double>(), 1, 0.02);
  const Frames back = codec.decode(latents.narrow(0, 0, 1));
  EXPECT_EQ(back.width, 32);
}

TEST(PictureAutoencoderTask, AResumedRunEndsWithTheSameBytes) {
  const TestFolder folder;
  write_file(folder / "r.toml", recipe("steps = 6\n"));
  run_recipe(folder / "r.toml", places_of(folder, "whole"));
  StopAt stop(3);
  EXPECT_THROW(run_recipe(folder / "r.toml", places_of(folder, "parts"), {}, &stop), Cancelled);
  run_recipe(folder / "r.toml", places_of(folder, "parts"));
  EXPECT_EQ(weights::folder_digest(places_of(folder, "whole").model_folder),
            weights::folder_digest(places_of(folder, "parts").model_folder));
}

}  // namespace
}  // namespace hotshot::training
