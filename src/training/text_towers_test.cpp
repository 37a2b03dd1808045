#include "training/text_towers.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "model/config.h"
#include "model/part.h"
#include "training/image_test_support.h"

namespace hotshot::training {
namespace {

namespace fs = std::filesystem;

const fs::path kSdxl = kGolden / "pipeline-sdxl", kSd = kGolden / "pipeline-sd";

/// A tower alone, as the golden tests of model/clip_text have it.
template <class Network>
std::unique_ptr<Network> tower(const fs::path& folder, std::string_view class_name, std::string_view part) {
  model::ClipTextConfig config;
  model::read_known_config(config.fields(), read_json(folder / "config.json"), "test");
  auto network = std::make_unique<Network>(config);
  model::load_parameters(*network, model::find_network_class(class_name, part, "test"), folder);
  return network;
}

at::Tensor ids_of(const fs::path& tokenizer, const std::string& text) {
  std::vector<std::int64_t> ids;
  for (const int id : text::ClipTokenizer::load(tokenizer)(text)) ids.push_back(id);
  return at::tensor(ids, at::kLong).unsqueeze(0);
}

TEST(TextTowers, TwoGiveTheStatesBeforeTheLastLayerAndTheProjectedEnd) {
  const TextTowers towers(kSdxl, at::kCPU, at::kFloat);
  EXPECT_EQ(towers.width(), 56);
  EXPECT_EQ(towers.pooled_width(), 32);
  const std::string prompt = "a red cat on a meadow";
  const model::UnetContext context = towers({"blurry", prompt}, true, at::kFloat);
  const auto first = tower<model::ClipTextModel>(kSdxl / "text_encoder", "CLIPTextModel", "text_encoder");
  const auto second = tower<model::ClipTextModelWithProjection>(kSdxl / "text_encoder_2", "CLIPTextModelWithProjection",
                                                                "text_encoder_2");
  const auto a = (*first)(ids_of(kSdxl / "tokenizer", prompt)), b = (*second)(ids_of(kSdxl / "tokenizer_2", prompt));
  EXPECT_LT((context.text_bsd[1] - at::cat({a.hidden(1), b.hidden(1)}, 2)[0]).abs().max().item<double>(), 1e-5);
  EXPECT_LT((context.pooled_bd[1] - second->project(b.pooled_bd)[0]).abs().max().item<double>(), 1e-5);
  EXPECT_FALSE(context.text_bsd.requires_grad());
}

TEST(TextTowers, OneGivesItsLastStates) {
  const TextTowers towers(kSd, at::kCPU, at::kFloat);
  const auto network = tower<model::ClipTextModel>(kSd / "text_encoder", "CLIPTextModel", "text_encoder");
  const model::UnetContext context = towers({"a cat"}, false, at::kFloat);
  const auto output = (*network)(ids_of(kSd / "tokenizer", "a cat"));
  EXPECT_LT((context.text_bsd - output.last_bld).abs().max().item<double>(), 1e-5);
  EXPECT_FALSE(context.pooled_bd.defined());
}

TEST(TextTowers, AnEmptyTextIsZerosWhereAskedFor) {
  const TextTowers towers(kSdxl, at::kCPU, at::kFloat);
  const model::UnetContext zeros = towers({"", "a cat"}, true, at::kFloat);
  EXPECT_EQ(zeros.text_bsd[0].abs().max().item<double>(), 0);
  EXPECT_EQ(zeros.pooled_bd[0].abs().max().item<double>(), 0);
  const model::UnetContext encoded = towers({"", "a cat"}, false, at::kFloat);
  EXPECT_GT(encoded.text_bsd[0].abs().max().item<double>(), 0);
  EXPECT_TRUE(zeros.text_bsd[1].equal(encoded.text_bsd[1]));
}

TEST(TextTowers, AShortVocabularyIsTheStartOfTheWhole) {
  const TestFolder folder;
  const auto merges = fs::path(HOTSHOT_SOURCE_DIR) / "models/clip-tokenizer/merges.txt";
  write_short_tokenizer(merges, 200, "!", folder / "tokenizer");
  const auto tokenizer = text::ClipTokenizer::load(folder / "tokenizer");
  EXPECT_EQ(tokenizer.vocabulary_size(), 512 + 200 + 2);
  EXPECT_EQ(tokenizer.end_id(), 713);
  EXPECT_EQ(tokenizer("the")[1], text::ClipTokenizer::load(kSdxl / "tokenizer")("the")[1]);  // its first 300 merges
  write_short_tokenizer(merges, 300, "!", folder / "tokenizer");
  EXPECT_EQ(text::ClipTokenizer::load(folder / "tokenizer").vocabulary_size(), 714);  // one that is there stays
}

}  // namespace
}  // namespace hotshot::training
