#include "weights/textual_inversion.h"

#include <gtest/gtest.h>

#include <cmath>

#include "weights/safetensors.h"
#include "weights/test_models.h"

namespace hotshot::weights {
namespace {

using ::testing::IsSubstring;

TextualInversion read(const TensorMap& tensors) {
  const TestFolder folder;
  write_safetensors(folder / "easy negative.safetensors", tensors);
  return read_textual_inversion(folder / "easy negative.safetensors");
}

std::string refusal(const TensorMap& tensors) {
  return message_of([&] { read(tensors); });
}

TEST(TextualInversion, ReadsEveryLayout) {
  const at::Tensor vectors = at::randn({3, 768}, at::kHalf);
  const TextualInversion webui = read({{"emb_params", vectors}});
  EXPECT_EQ(webui.token, "easy_negative");
  EXPECT_EQ(webui.vectors(), 3);
  EXPECT_TRUE(at::equal(webui.clip_l_nd, vectors.to(at::kFloat)));
  EXPECT_FALSE(webui.clip_g_nd.defined());

  const TextualInversion diffusers = read({{"<cat toy>", at::randn({768})}});
  EXPECT_EQ(diffusers.token, "<cat_toy>");
  EXPECT_EQ(diffusers.clip_l_nd.sizes(), (Shape{1, 768}));

  const TextualInversion xl = read({{"clip_l", at::randn({2, 768})}, {"clip_g", at::randn({2, 1280})}});
  EXPECT_EQ(xl.token, "easy_negative");
  EXPECT_EQ(xl.clip_g_nd.sizes(), (Shape{2, 1280}));
  EXPECT_EQ(read({{"clip_g", at::randn({4, 1280})}}).vectors(), 4);
}

TEST(TextualInversion, RefusesWhatFitsNoTextEncoder) {
  EXPECT_PRED_FORMAT2(IsSubstring, "SD 2.x", refusal({{"emb_params", at::randn({1, 1024})}}));
  EXPECT_PRED_FORMAT2(IsSubstring, "768 features", refusal({{"emb_params", at::randn({1, 5})}}));
  EXPECT_PRED_FORMAT2(IsSubstring, "1 to 75 vectors but got 76", refusal({{"emb_params", at::randn({76, 768})}}));
  EXPECT_PRED_FORMAT2(IsSubstring, "at least one vector", refusal({{"emb_params", at::zeros({0, 768})}}));
  EXPECT_PRED_FORMAT2(IsSubstring, "3 axes", refusal({{"emb_params", at::zeros({1, 1, 768})}}));
  EXPECT_PRED_FORMAT2(IsSubstring, "0 axes", refusal({{"emb_params", at::zeros({})}}));
  EXPECT_PRED_FORMAT2(IsSubstring, "of Long", refusal({{"emb_params", at::zeros({1, 768}, at::kLong)}}));
  EXPECT_PRED_FORMAT2(IsSubstring, "finite", refusal({{"emb_params", at::full({1, 768}, std::nan(""))}}));
  EXPECT_PRED_FORMAT2(IsSubstring, "as many vectors",
                      refusal({{"clip_l", at::zeros({1, 768})}, {"clip_g", at::zeros({2, 1280})}}));
  EXPECT_PRED_FORMAT2(IsSubstring, "clip_g of 1280",
                      refusal({{"clip_l", at::zeros({1, 768})}, {"clip_g", at::zeros({1, 768})}}));
  EXPECT_PRED_FORMAT2(IsSubstring, "got 2 tensors", refusal({{"a", at::zeros({768})}, {"b", at::zeros({768})}}));
  EXPECT_PRED_FORMAT2(IsSubstring, "pickle", message_of([] { read_textual_inversion("/tmp/embedding.pt"); }));
}

}  // namespace
}  // namespace hotshot::weights
