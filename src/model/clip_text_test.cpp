// CLIP's text towers against transformers: tests/golden/README.md says how the numbers were made.
#include "model/clip_text.h"

#include <torch/csrc/autograd/autograd.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/options.h"
#include "base/test_support.h"
#include "model/registry.h"
#include "model/test_support.h"
#include "weights/part.h"

namespace hotshot::model {
namespace {

constexpr std::string_view kTower = "CLIPTextModel", kSecondTower = "CLIPTextModelWithProjection";

template <class Tower>
std::unique_ptr<Tower> load_tower(std::string_view name, std::string_view part, const std::filesystem::path& folder) {
  auto tower = build_network<Tower>(name, part, read_json(kGolden / folder / "config.json"), "test");
  load_parameters(*tower, find_network_class(name, part, "test"), kGolden / folder);
  return tower;
}

std::unique_ptr<ClipTextModel> first_tower(const std::filesystem::path& folder = "text-clip") {
  return load_tower<ClipTextModel>(kTower, "text_encoder", folder);
}

std::unique_ptr<ClipTextModelWithProjection> second_tower() {
  return load_tower<ClipTextModelWithProjection>(kSecondTower, "text_encoder_2", "text-clip-projection");
}

at::Tensor ids_of(const weights::TensorMap& g) { return g.at("ids_bl").to(at::kLong); }

void expect_golden(ClipTextModel& tower, const weights::TensorMap& g) {
  const ClipTextOutput output = tower(ids_of(g));
  const int layers = tower.config().num_hidden_layers;
  ASSERT_EQ(output.hidden_bld.size(), static_cast<std::size_t>(layers) + 1);
  EXPECT_LT(relative_error(at::stack(output.hidden_bld), g.at("hidden_nbld")), 1e-4);
  EXPECT_LT(relative_error(output.last_bld, g.at("last_bld")), 1e-4);
  EXPECT_LT(relative_error(output.hidden(1), g.at("hidden_nbld")[layers - 1]), 1e-4);
  EXPECT_TRUE(tower.final_norm(output.hidden(0)).equal(output.last_bld));
  EXPECT_FALSE(message_of([&] { output.hidden(layers + 1); }).empty());
}

void expect_golden_in_bf16(ClipTextModel& tower, const weights::TensorMap& g) {
  tower.to(at::kCPU, at::kBFloat16);
  const ClipTextOutput output = tower(ids_of(g), at::kBFloat16);
  EXPECT_EQ(output.last_bld.scalar_type(), at::kBFloat16);
  EXPECT_LT(relative_error(output.last_bld, g.at("last_bf16_bld")), 2e-2);
  EXPECT_LT(relative_error(output.hidden(1), g.at("penultimate_bf16_bld")), 2e-2);
}

TEST(ClipText, FirstTowerMatchesTransformers) {
  const at::NoGradGuard no_grad;
  const auto tower = first_tower();
  const auto g = golden("text-clip");
  expect_golden(*tower, g);
  EXPECT_LT(relative_error((*tower)(ids_of(g)).pooled_bd, g.at("pooled_bd")), 1e-4);
  expect_golden_in_bf16(*tower, g);
}

TEST(ClipText, SecondTowerMatchesTransformers) {
  const at::NoGradGuard no_grad;
  const auto tower = second_tower();
  const auto g = golden("text-clip-projection");
  expect_golden(*tower, g);
  EXPECT_LT(relative_error(tower->project((*tower)(ids_of(g)).pooled_bd), g.at("projected_bd")), 1e-4);
  expect_golden_in_bf16(*tower, g);
}

// What follows a token changes nothing before it; both rules find the first end of the text.
TEST(ClipText, LooksBackOnly) {
  const at::NoGradGuard no_grad;
  for (const bool second : {false, true}) {
    const std::unique_ptr<ClipTextModel> tower = second ? second_tower() : first_tower();
    const auto g = golden(second ? "text-clip-projection" : "text-clip");
    const at::Tensor ids = ids_of(g).narrow(0, 0, 1), changed = ids.clone();
    changed[0].narrow(0, 6, 18).fill_(7);  // behind the end, which is at 5
    const ClipTextOutput a = (*tower)(ids), b = (*tower)(changed), c = (*tower)(ids.narrow(1, 0, 6));
    EXPECT_TRUE(a.last_bld.narrow(1, 0, 6).equal(b.last_bld.narrow(1, 0, 6)));
    EXPECT_FALSE(a.last_bld.equal(b.last_bld));
    EXPECT_TRUE(a.pooled_bd.equal(b.pooled_bd));
    EXPECT_LT(relative_error(c.pooled_bd, a.pooled_bd), 1e-5);
  }
}

TEST(ClipText, RefusesIdsItCannotRead) {
  const auto tower = first_tower();
  const auto refusal = [&](const at::Tensor& ids) { return message_of([&] { (*tower)(ids); }); };
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "0 to 59 but got 60", refusal(at::tensor({58, 60, 59}).view({1, 3})));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "but got -1", refusal(at::tensor({58, -1, 59}).view({1, 3})));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "end of the text, 59", refusal(at::tensor({58, 3, 4}).view({1, 3})));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "[b, 1 to 24]", refusal(at::full({1, 25}, 59, at::kLong)));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "[b, 1 to 24]", refusal(at::full({5}, 59, at::kLong)));
}

TEST(ClipText, RefusesConfigsItDoesNotCompute) {
  const auto refusal = [](ClipTextConfig config) { return message_of([&] { ClipTextModel tower(config); }); };
  ClipTextConfig config;
  config.hidden_act = "relu";
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "quick_gelu, gelu", refusal(config));
  config = {};
  config.num_attention_heads = 7;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "7 equal heads", refusal(config));
}

TEST(ClipText, PublishedSizes) {
  ClipTextConfig config{.hidden_size = 768, .intermediate_size = 3072, .num_attention_heads = 12};
  EXPECT_EQ(ClipTextModel(config).parameter_count(), 123'060'480);  // SD 1.5, SDXL's first
  config = {.hidden_size = 1280,
            .intermediate_size = 5120,
            .projection_dim = 1280,
            .num_hidden_layers = 32,
            .num_attention_heads = 20,
            .hidden_act = "gelu"};
  EXPECT_EQ(ClipTextModelWithProjection(config).parameter_count(), 694'659'840);  // SDXL's second
}

// Names of three ages lead to the same tower, and the constant that old files hold is no weight.
TEST(ClipText, ReadsFilesOfAnyAge) {
  const at::NoGradGuard no_grad;
  const TestFolder folder;
  const auto g = golden("text-clip");
  const at::Tensor expected = (*first_tower())(ids_of(g)).last_bld;
  weights::TensorMap tensors;
  for (const auto& [name, tensor] : weights::read_part(kGolden / "text-clip")) tensors["text_model." + name] = tensor;
  tensors["text_model.embeddings.position_ids"] = at::arange(24).unsqueeze(0);
  weights::write_part(folder.path(), "model", tensors);
  std::filesystem::copy(kGolden / "text-clip/config.json", folder / "config.json");
  EXPECT_TRUE((*first_tower(folder.path()))(ids_of(g)).last_bld.equal(expected));
  tensors["text_model.embeddings.other"] = at::zeros({1});
  weights::write_part(folder.path(), "model", tensors);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "embeddings.other", message_of([&] { first_tower(folder.path()); }));
}

TEST(ClipText, WritesWhatItReads) {
  const TestFolder folder;
  const auto tower = second_tower();
  save_part(*tower, tower->config().to_json(kSecondTower), folder.path(), "model", at::kFloat);
  const auto again = load_tower<ClipTextModelWithProjection>(kSecondTower, "text_encoder_2", folder.path());
  const at::NoGradGuard no_grad;
  const at::Tensor ids = ids_of(golden("text-clip-projection"));
  EXPECT_TRUE((*again)(ids).last_bld.equal((*tower)(ids).last_bld));
}

// Vectors appended for a new word are seen as the vectors of a known word would be, and do not end the text.
TEST(ClipText, AppendedTokensAreWords) {
  const at::NoGradGuard no_grad;
  for (const bool second : {false, true}) {
    const std::unique_ptr<ClipTextModel> tower = second ? second_tower() : first_tower();
    const at::Tensor ids = at::tensor({58, 7, 9, 59, 0, 0}, at::kLong).view({1, 6});
    const ClipTextOutput expected = (*tower)(ids);
    at::Tensor table;
    for (const auto& [name, parameter] : tower->parameters())
      if (name.ends_with("token_embedding.weight")) table = parameter->tensor;
    EXPECT_EQ(tower->append_tokens(table.narrow(0, 7, 1)), 60);
    EXPECT_EQ(
        tower->append_tokens(at::cat({table.narrow(0, 9, 1), table.narrow(0, 7, 1)}).to(at::kHalf).to(at::kFloat)), 61);
    const ClipTextOutput got = (*tower)(at::tensor({58, 60, 61, 59, 0, 0}, at::kLong).view({1, 6}));
    EXPECT_LT(relative_error(got.last_bld, expected.last_bld), 2e-3);  // the second went through fp16
    EXPECT_LT(relative_error(got.pooled_bd, expected.pooled_bd), 2e-3);
    EXPECT_FALSE(message_of([&] { (*tower)(at::tensor({58, 63, 59}, at::kLong).view({1, 3})); }).empty());
  }
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "vectors of 32 values", message_of([] {
                        first_tower()->append_tokens(at::zeros({1, 16}));
                      }));
}

// All but the biases of keys, which shift all scores of a query alike.
TEST(ClipText, GradientsReachEveryParameter) {
  const auto tower = second_tower();
  tower->requires_grad(true);
  const ClipTextOutput output = (*tower)(ids_of(golden("text-clip-projection")));
  const auto parameters = tower->parameters();
  std::vector<at::Tensor> inputs;
  for (const auto& [name, parameter] : parameters) inputs.push_back(parameter->tensor);
  const at::Tensor loss = output.hidden(1).square().sum() + tower->project(output.pooled_bd).square().sum();
  const auto gradients = torch::autograd::grad({loss}, inputs);
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (parameters[i].name.ends_with("k_proj.bias")) continue;
    EXPECT_GT(gradients[i].abs().max().item<float>(), 1e-4) << parameters[i].name;
  }
}

TEST(WeighTokens, MultipliesAndRestoresTheMean) {
  const at::Tensor x = at::tensor({1.0f, 2.0f, 3.0f, 4.0f, 1.0f, 2.0f, 3.0f, 4.0f}).view({2, 2, 2});
  const at::Tensor weights = at::tensor({1.0f, 2.0f, 1.0f, 1.0f}).view({2, 2});
  const at::Tensor y = weigh_tokens(x, weights);
  const double factor = 10.0 / 17;  // 1 + 2 + 3 + 4 against 1 + 2 + 6 + 8
  EXPECT_TRUE(at::allclose(y[0], at::tensor({1.0f, 2.0f, 6.0f, 8.0f}).view({2, 2}) * factor));
  EXPECT_TRUE(y[1].equal(x[1])) << "weights of 1 change nothing";
  for (const float other : {-2.0f, -2.1f, -1.9f}) {  // means after: 0, less, and of the other sign
    const at::Tensor near_zero = at::tensor({1.0f, other}).view({1, 2, 1});
    const at::Tensor weighed = weigh_tokens(near_zero, at::tensor({2.0f, 1.0f}).view({1, 2}));
    EXPECT_LE(weighed.abs().max().item<float>(), 10 * 2.1f);
    EXPECT_GT(weighed[0][0].item<float>(), 0) << "a word is never turned into its opposite";
  }
  EXPECT_EQ(weigh_tokens(x.to(at::kBFloat16), weights).scalar_type(), at::kBFloat16);
  EXPECT_FALSE(message_of([&] { weigh_tokens(x, weights.t().narrow(0, 0, 1)); }).empty());
}

}  // namespace
}  // namespace hotshot::model
