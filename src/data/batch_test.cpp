#include "data/batch.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "base/error.h"
#include "data/latent_store.h"
#include "data/world_source.h"
#include "weights/safetensors.h"

namespace hotshot::data {
namespace {

TEST(Batch, FramesToVideoAndBackIsExactForEveryByte) {
  Frames a(2, 8, 16), b(2, 8, 16);
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    a.pixels[i] = static_cast<std::uint8_t>(i % 256);
    b.pixels[i] = static_cast<std::uint8_t>((i * 7 + 3) % 256);
  }
  const at::Tensor video = to_video({a, b});
  EXPECT_EQ(video.sizes(), (at::IntArrayRef{2, 3, 2, 8, 16}));
  EXPECT_EQ(video.min().item<float>(), -1);
  EXPECT_EQ(video.max().item<float>(), 1);
  // [b, c, t, h, w] of clip 1, green, frame 1, row 2, column 5.
  EXPECT_FLOAT_EQ(video[1][1][1][2][5].item<float>(), b.frame(1)[(2 * 16 + 5) * 3 + 1] / 127.5f - 1);
  EXPECT_EQ(to_frames(video, 0).pixels, a.pixels);
  EXPECT_EQ(to_frames(video, 1).pixels, b.pixels);
  EXPECT_EQ(to_frames(video, 1).width, 16);
  EXPECT_EQ(to_frames(video * 3, 0).pixels[0], 0);  // clamped
  EXPECT_EQ(to_frames(video * 3, 0).pixels[255], 255);
}

TEST(Batch, ClipsOfOneBatchHaveOneShape) {
  EXPECT_THROW(to_video({}), InvalidArgument);
  EXPECT_THROW(to_video({Frames(1, 4, 8), Frames(1, 8, 4)}), InvalidArgument);
  EXPECT_THROW(to_video({Frames(1, 4, 8), Frames(2, 4, 8)}), InvalidArgument);
}

TEST(Batch, TokensArePaddedToTheLongest) {
  const auto tokenizer =
      text::T5Tokenizer::load(std::string(HOTSHOT_SOURCE_DIR) + "/tests/golden/pipeline-wan/tokenizer");
  const std::vector<std::string> prompts{"", "a red car drives to the left", "一只猫"};
  const TokenBatch batch = tokenize(tokenizer, prompts, 64);
  ASSERT_EQ(batch.lengths.size(), 3u);
  EXPECT_EQ(batch.lengths[0], 1);
  EXPECT_EQ(batch.ids_bl.size(1), *std::max_element(batch.lengths.begin(), batch.lengths.end()));
  for (std::int64_t row = 0; row < 3; ++row) {
    const std::vector<int> ids = tokenizer(prompts[static_cast<std::size_t>(row)], 64);
    const std::int64_t length = batch.lengths[static_cast<std::size_t>(row)];
    ASSERT_EQ(length, static_cast<std::int64_t>(ids.size()));
    for (std::int64_t i = 0; i < batch.ids_bl.size(1); ++i) {
      EXPECT_EQ(batch.ids_bl[row][i].item<std::int64_t>(), i < length ? ids[static_cast<std::size_t>(i)] : 0);
    }
  }
  const TokenBatch cut = tokenize(tokenizer, prompts, 4);
  EXPECT_EQ(cut.ids_bl.size(1), 4);
  EXPECT_EQ(cut.ids_bl[1][3].item<std::int64_t>(), tokenizer.eos_id());
}

TEST(Buckets, ArePickedAtTheirSharesByStepAlone) {
  const std::vector<Bucket> buckets{{.share = 5}, {.share = 0}, {.share = 3}, {.share = 2}};
  constexpr int kSteps = 20000;
  std::vector<int> counts(buckets.size());
  for (int step = 0; step < kSteps; ++step) ++counts[pick_bucket(buckets, 7, step)];
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const double p = buckets[i].share / 10;
    EXPECT_NEAR(counts[i], p * kSteps, 4 * std::sqrt(p * (1 - p) * kSteps)) << i;
  }
  int equal = 0;
  for (int step = 0; step < 200; ++step) {
    EXPECT_EQ(pick_bucket(buckets, 7, step), pick_bucket(buckets, 7, step));
    equal += pick_bucket(buckets, 7, step) == pick_bucket(buckets, 8, step);
  }
  EXPECT_LT(equal, 150);  // another seed is another order
  EXPECT_THROW(pick_bucket({{.share = 0}}, 7, 0), InvalidArgument);
  EXPECT_THROW(pick_bucket({}, 7, 0), InvalidArgument);
}

/// A store over a fresh folder that counts what it encodes: clip i is full of i + 1/3.
class LatentStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("hotshot-latents-{}", ::getpid());
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  LatentStore open(std::int64_t count, std::optional<at::Device> held_on = {}) {
    const auto encode = [this](std::uint64_t first, int n) {
      const std::lock_guard lock(mutex_);
      encoded_.emplace_back(first, n);
      const at::Tensor values = at::arange(static_cast<double>(first), static_cast<double>(first) + n) + 1.0 / 3;
      return values.to(at::kFloat).view({n, 1, 1, 1, 1}).expand({n, 4, 1, 2, 2});
    };
    return LatentStore(folder_, count, encode, held_on);
  }
  static at::Tensor expected(double clip) { return at::full({4, 1, 2, 2}, clip + 1.0 / 3).to(at::kHalf); }

  std::filesystem::path folder_;
  std::mutex mutex_;
  std::vector<std::pair<std::uint64_t, int>> encoded_;
};

TEST_F(LatentStoreTest, MakesAShardWhenFirstAskedAndReadsItAfterwards) {
  const std::vector<std::uint64_t> clips{3, 299, 0, 303, 3};  // 303 is 3 again
  {
    LatentStore store = open(300);
    EXPECT_TRUE(encoded_.empty());
    const at::Tensor batch = store.batch(clips);
    EXPECT_EQ(batch.scalar_type(), at::kHalf);
    EXPECT_EQ(batch.sizes(), (at::IntArrayRef{5, 4, 1, 2, 2}));
    for (std::int64_t i = 0; i < 5; ++i) {
      EXPECT_TRUE(at::equal(batch[i], expected(static_cast<double>(clips[static_cast<std::size_t>(i)] % 300)))) << i;
    }
    EXPECT_EQ(encoded_, (std::vector<std::pair<std::uint64_t, int>>{{0, 128}, {256, 44}}));
  }
  LatentStore again = open(300);
  EXPECT_TRUE(at::equal(again.batch({299})[0], expected(299)));
  EXPECT_EQ(encoded_.size(), 2u);
  again.batch({130});
  EXPECT_EQ(encoded_.back(), (std::pair<std::uint64_t, int>{128, 128}));
}

TEST_F(LatentStoreTest, HoldsAllForManyThreads) {
  open(300).batch({130});  // one shard is there already
  LatentStore store = open(300, at::kCPU);
  EXPECT_EQ(encoded_.size(), 1u);
  std::vector<std::thread> threads;
  std::vector<at::Tensor> batches(8);
  for (std::size_t i = 0; i < batches.size(); ++i) {
    threads.emplace_back([&, i] { batches[i] = store.batch({i, 299 - i, 300 + i}); });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < batches.size(); ++i) {
    EXPECT_TRUE(at::equal(batches[i][0], expected(static_cast<double>(i)))) << i;
    EXPECT_TRUE(at::equal(batches[i][1], expected(299 - static_cast<double>(i)))) << i;
    EXPECT_TRUE(at::equal(batches[i][2], expected(static_cast<double>(i)))) << i;
  }
  std::sort(encoded_.begin(), encoded_.end());
  EXPECT_EQ(encoded_, (std::vector<std::pair<std::uint64_t, int>>{{0, 128}, {128, 128}, {256, 44}}));
}

TEST_F(LatentStoreTest, ShardsThatDoNotFitAreErrors) {
  const auto message = [&](std::int64_t count) -> std::string {
    try {
      open(count).batch({0});
    } catch (const InvalidArgument& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message(10), "");
  EXPECT_NE(message(11).find("expected 11 clips"), std::string::npos) << message(11);
  EXPECT_NE(message(11).find("000000.safetensors but got 10"), std::string::npos) << message(11);
  weights::write_safetensors(folder_ / "000000.safetensors", {{"other", at::zeros({10})}});
  EXPECT_NE(message(10).find("000000.safetensors"), std::string::npos) << message(10);
  std::filesystem::resize_file(folder_ / "000000.safetensors", 20);
  EXPECT_NE(message(10).find("000000.safetensors"), std::string::npos) << message(10);
  EXPECT_THROW(open(0), InvalidArgument);
}

TEST(Buckets, AreNotPickedBeforeTheirFirstStep) {
  const std::vector<Bucket> buckets{{.share = 1}, {.share = 9, .first_step = 50}};
  int late = 0;
  for (int step = 0; step < 50; ++step) EXPECT_EQ(pick_bucket(buckets, 7, step), 0u) << step;
  for (int step = 50; step < 150; ++step) late += pick_bucket(buckets, 7, step) == 1;
  EXPECT_GT(late, 75);
  EXPECT_THROW(pick_bucket({{.first_step = 1}}, 7, 0), InvalidArgument);
}

TEST(Batch, LatentCoversAreMeansOfTheirPixels) {
  Frames cover(5, 16, 24);
  const auto paint = [&](int frame, int y, int x) {
    std::fill_n(cover.frame(frame) + (y * 24 + x) * 3, 3, std::uint8_t{255});
  };
  paint(0, 7, 7), paint(0, 8, 23), paint(3, 0, 8);
  const at::Tensor latents = latent_cover({cover, cover}, 4, 8);
  ASSERT_EQ(latents.sizes(), (std::vector<std::int64_t>{2, 1, 2, 2, 3}));
  EXPECT_FLOAT_EQ(latents[1][0][0][0][0].item<float>(), 1.0f / 64);
  EXPECT_FLOAT_EQ(latents[1][0][0][1][2].item<float>(), 1.0f / 64);
  EXPECT_FLOAT_EQ(latents[0][0][1][0][1].item<float>(), 1.0f / 256);
  EXPECT_FLOAT_EQ(latents[0].sum().item<float>(), 2.0f / 64 + 1.0f / 256);
  EXPECT_THROW(latent_cover({Frames(4, 16, 16)}, 4, 8), InvalidArgument);
}

TEST(WorldSource, SameNumberSameClipAndCaption) {
  const WorldSource source{.seed = 4}, other{.seed = 5};
  EXPECT_EQ(source.clip(9, 2, 32, 48).pixels, source.clip(9, 2, 32, 48).pixels);
  EXPECT_NE(source.clip(9, 1, 32, 32).pixels, other.clip(9, 1, 32, 32).pixels);
  EXPECT_NE(source.clip(9, 1, 32, 32).pixels, source.clip(10, 1, 32, 32).pixels);
  EXPECT_EQ(source.clip(9, 2, 32, 48).height, 32);
  EXPECT_EQ(source.caption(9, 3), source.caption(9, 3));
}

TEST(WorldSource, ManyClipsAreTheClipsOneByOne) {
  const WorldSource source{.seed = 4};
  const std::vector<Frames> clips = source.clips(7, 3, 2, 32, 48);
  ASSERT_EQ(clips.size(), 3u);
  for (std::uint64_t i = 0; i < 3; ++i) EXPECT_EQ(clips[i].pixels, source.clip(7 + i, 2, 32, 48).pixels) << i;
}

TEST(WorldSource, CaptionsAreSixtyPercentEnglishAndVaried) {
  const WorldSource source{.seed = 4};
  constexpr int kDraws = 2000;
  int english = 0;
  std::set<std::string> of_one_clip;
  for (int draw = 0; draw < kDraws; ++draw) {
    const std::string caption = source.caption(static_cast<std::uint64_t>(draw % 50), static_cast<std::uint64_t>(draw));
    EXPECT_FALSE(caption.empty());
    english += std::all_of(caption.begin(), caption.end(), [](char c) { return static_cast<unsigned char>(c) < 128; });
    if (draw % 50 == 0) of_one_clip.insert(caption);
  }
  EXPECT_NEAR(english, 0.6 * kDraws, 4 * std::sqrt(0.24 * kDraws));
  EXPECT_GT(of_one_clip.size(), 5u);
}

}  // namespace
}  // namespace hotshot::data
