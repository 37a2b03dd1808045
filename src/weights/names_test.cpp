#include "weights/names.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "base/error.h"

namespace hotshot::weights {
namespace {

using ::testing::IsSubstring;

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "(accepted)";
}

TEST(Names, RenamesByPattern) {
  constexpr std::array<RenamePair, 5> table = {{{"head.weight", "proj_out.weight"},
                                                {"blocks.{}.self_attn.q.", "blocks.{}.attn1.to_q."},
                                                {"down.{}.block.{}.conv", "d.{}.r.{}.c"},
                                                {"a{}b", "never"},
                                                {"model.", ""}}};
  EXPECT_EQ(renamed("head.weight", table), "proj_out.weight");
  EXPECT_EQ(renamed("head.weights", table), "head.weights");
  EXPECT_EQ(renamed("blocks.12.self_attn.q.bias", table), "blocks.12.attn1.to_q.bias");
  EXPECT_EQ(renamed("blocks.12.self_attn.k.bias", table), "blocks.12.self_attn.k.bias");
  EXPECT_EQ(renamed("blocks..self_attn.q.bias", table), "blocks..self_attn.q.bias");
  EXPECT_EQ(renamed("down.3.block.1.conv", table), "d.3.r.1.c");
  EXPECT_EQ(renamed("model.x.y", table), "x.y");
  EXPECT_EQ(renamed("other", table), "other");
  EXPECT_EQ(renamed("other", std::array<RenamePair, 1>{{{"", "part."}}}), "part.other");
}

TEST(Names, RenamedKeysMustStayDistinct) {
  const TensorMap tensors = {{"a.x", torch::ones({1})}, {"b.x", torch::zeros({1})}};
  const TensorMap moved = rename(tensors, std::array<RenamePair, 1>{{{"a.", "c."}}});
  EXPECT_EQ(moved.at("c.x").item<float>(), 1);
  EXPECT_EQ(moved.size(), 2u);
  EXPECT_PRED_FORMAT2(IsSubstring, "'b.x'", refusal([&] {
                        rename(tensors, std::array<RenamePair, 1>{{{"a.", "b."}}});
                      }));
  EXPECT_EQ(with_prefix(tensors, "b.").begin()->first, "x");
  EXPECT_EQ(with_prefix(tensors, "b.").size(), 1u);
}

TEST(Names, AssignListsEverythingThatDoesNotFitAndChangesNothing) {
  const TensorMap source = {{"a", torch::ones({2})}, {"b", torch::ones({3})}, {"extra", torch::ones({1})}};
  const std::vector<Slot> slots = {{"a", torch::zeros({2})}, {"b", torch::zeros({2, 2})}, {"gone", torch::zeros({1})}};
  const std::string text = refusal([&] { assign(source, slots, "vae"); });
  EXPECT_PRED_FORMAT2(IsSubstring, "[vae]", text);
  EXPECT_PRED_FORMAT2(IsSubstring, "1 missing: gone", text);
  EXPECT_PRED_FORMAT2(IsSubstring, "1 unexpected: extra", text);
  EXPECT_PRED_FORMAT2(IsSubstring, "b (expected [2, 2] but got [3])", text);
  EXPECT_EQ(slots[0].tensor.sum().item<float>(), 0);

  TensorMap many;
  for (int i = 0; i < 1000; ++i) many["tensor." + std::to_string(i)] = torch::ones({1});
  const std::string long_text = refusal([&] { assign(many, {}, "vae"); });
  EXPECT_PRED_FORMAT2(IsSubstring, "and 980 more", long_text);
  EXPECT_LT(long_text.size(), 2000u);
}

TEST(Names, AssignCopiesAndConverts) {
  torch::Tensor weight = torch::zeros({2}, torch::kBFloat16).requires_grad_();
  assign({{"w", torch::tensor({1.5f, -2.0f})}}, std::vector<Slot>{{"w", weight}}, "test");
  EXPECT_TRUE(torch::equal(weight.detach(), torch::tensor({1.5f, -2.0f}).to(torch::kBFloat16)));
  EXPECT_TRUE(weight.requires_grad());
}

TEST(Names, AssignAliasesWhereTypesAgree) {
  torch::nn::Linear layer(2, 1);
  const TensorMap source = {{"weight", torch::tensor({{3.0f, 4.0f}})}, {"bias", torch::tensor({1.0}, torch::kDouble)}};
  std::vector<Slot> slots;
  for (const auto& item : layer->named_parameters()) slots.push_back({item.key(), item.value()});
  assign(source, slots, "linear", AssignMode::alias);
  EXPECT_EQ(layer->weight.data_ptr(), source.at("weight").data_ptr());
  EXPECT_EQ(layer->bias.scalar_type(), torch::kFloat);
  EXPECT_EQ(layer->forward(torch::ones({1, 2})).item<float>(), 8);
  EXPECT_TRUE(layer->weight.requires_grad());
}

}  // namespace
}  // namespace hotshot::weights
